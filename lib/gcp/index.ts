/** Constructs for Google Cloud on Pulumi. For users only: inside the library, files are imported by name. */
import './peers';

export { fromChart } from './from-chart';
export type { Crema, ScaledObject } from './queue/crema';
export { PushWorker, type PushWorkerArgs } from './queue/push-worker';
export { type PulledQueue, QueueWorker, type QueueWorkerArgs } from './queue/queue-worker';
export { type PushTarget, RedriveQueue, type RedriveQueueArgs, type SubscriptionChoices } from './queue/redrive-queue';
export { type AlertedSubscription, SubscriptionAlerts, type SubscriptionAlertsArgs } from './queue/subscription-alerts';
export { RateLimitedSender, type RateLimitedSenderArgs } from './rates/rate-limited-sender';
export { SenderAlerts, type SenderAlertsArgs } from './rates/sender-alerts';
export type {
  HandlerHttp,
  HandlerRedis,
  HandlerSmtp,
  SenderHandlerArgs,
} from './rates/sender-handler';
export { ScheduleAlerts, type ScheduleAlertsArgs } from './schedule/schedule-alerts';
export { SpreadSchedule, type SpreadScheduleArgs } from './schedule/spread-schedule';
export { ArchiveBucket, type ArchiveBucketArgs, type ArchiveBucketPlanArgs } from './storage/archive-bucket';
export type { BucketSettings } from './storage/lifecycle';
export type { ReceiverChoices } from './webhooks/receiver-plan';
export { type LoggedService, RefusedAlerts, type RefusedAlertsArgs } from './webhooks/refused-alerts';
export {
  WebhookBuffer,
  type WebhookBufferArgs,
  type WebhookQueueArgs,
  type WebhookReceiverArgs,
  type WebhookWorkerArgs,
} from './webhooks/webhook-buffer';
export type { SigningSecret, WebhookSource } from './webhooks/webhook-source';
