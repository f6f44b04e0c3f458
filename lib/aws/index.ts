/** Constructs for AWS. For users only: inside the library, files are imported by name. */
// jsii names the types of a submodule correctly only when whole files are exported.

import './peers';

export * from './alarm-settings';
export * from './backpressure-checks';
export * from './ci/ci-concurrency';
export * from './ci/ci-concurrency-props';
export * from './merging/coalescing-alarms';
export * from './merging/coalescing-queue';
export * from './merging/coalescing-queue-props';
export * from './merging/invalidator';
export * from './queue/existing-queue';
export * from './queue/fargate-props';
export * from './queue/lambda-compute';
export * from './queue/queue-alarms';
export * from './queue/queue-platform';
export * from './queue/queue-worker';
export * from './queue/redrive-queue';
export * from './queue/redrive-queue-props';
export * from './quotas/kafka-alarms';
export * from './quotas/kafka-authentication';
export * from './quotas/kafka-quotas';
export * from './quotas/kafka-tenants';
export * from './rates/rate-limited-sender';
export * from './rates/rate-limited-sender-props';
export * from './rates/sender-alarms';
export * from './schedule/schedule-alarms';
export * from './schedule/spread-schedule';
export * from './schedule/spread-schedule-props';
export * from './storage/archive-bucket';
export * from './webhooks/refused-alarms';
export * from './webhooks/webhook-alarms';
export * from './webhooks/webhook-buffer';
export * from './webhooks/webhook-front';
export * from './webhooks/webhook-source';
