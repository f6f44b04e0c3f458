/** Constructs for AWS. For users only: inside the library files are imported by name. */
export * from './archive-bucket';
export { FargateWorkerProps } from './fargate-compute';
export { LambdaWorkerProps } from './lambda-compute';
export * from './queue-worker';
export * from './redrive-queue';
export { WebhookBuffer, WebhookBufferProps } from './webhook-buffer';
export { WebhookIdentity, WebhookScheme, WebhookSource } from './webhook-source';
