/** Constructs for AWS. For users only: inside the library files are imported by name. */
// jsii names the types of a submodule rightly only when whole files are exported.
export * from './archive-bucket';
export * from './backpressure-checks';
export * from './fargate-compute';
export * from './kafka-alarms';
export * from './kafka-authentication';
export * from './kafka-quotas';
export * from './kafka-tenants';
export * from './lambda-compute';
export * from './queue-alarms';
export * from './queue-worker';
export * from './redrive-queue';
export * from './refused-alarms';
export * from './webhook-alarms';
export * from './webhook-buffer';
export * from './webhook-source';
