/** Constructs for Google Cloud on Pulumi. For users only: inside the library files are imported by name. */
export { fromChart } from './from-chart';
export { PushWorker, type PushWorkerArgs } from './push-worker';
export type { ReceiverChoices } from './receiver-plan';
export { type PushTarget, RedriveQueue, type RedriveQueueArgs } from './redrive-queue';
export { type LoggedService, RefusedAlerts, type RefusedAlertsArgs } from './refused-alerts';
export { type AlertedSubscription, SubscriptionAlerts, type SubscriptionAlertsArgs } from './subscription-alerts';
export type { SubscriptionChoices } from './subscription-plan';
export { WebhookBuffer, type WebhookBufferArgs } from './webhook-buffer';
export type { SigningSecret, WebhookSource } from './webhook-source';
