/** Constructs for AWS. For users only: inside the library files are imported by name. */
export { ArchiveBucket, ArchiveBucketProps } from './archive-bucket';
export { FargateWorkerProps } from './fargate-compute';
export { LambdaWorkerProps } from './lambda-compute';
export { QueueAlarms, QueueAlarmsProps } from './queue-alarms';
export { QueueWorker, QueueWorkerProps, WorkerCompute } from './queue-worker';
export { RedriveQueue, RedriveQueueProps } from './redrive-queue';
export { WebhookBuffer, WebhookBufferProps } from './webhook-buffer';
export { WebhookIdentity, WebhookScheme, WebhookSource } from './webhook-source';
