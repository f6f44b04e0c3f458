/** Constructs for Kubernetes. For users only: inside the library files are imported by name. */
// jsii names the types of a submodule rightly only when whole files are exported.
export * from './backpressure-checks';
export * from './fair-share';
export * from './kafka-quotas';
export * from './kafka-trigger';
export * from './log-output';
export * from './log-reopen';
export * from './log-shipping';
export * from './queue-trigger';
export * from './queue-worker';
export * from './rabbitmq-trigger';
export * from './redis-stream-trigger';
export * from './secret-key';
export * from './sqs-trigger';
export * from './tenant-namespace';
export * from './ttl-collection';
