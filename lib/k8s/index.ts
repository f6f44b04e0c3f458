/** Constructs for Kubernetes. For users only: inside the library, files are imported by name. */
// jsii names the types of a submodule correctly only when whole files are exported.
import './peers';

export * from './backpressure-checks';
export * from './compaction/compaction-props';
export * from './compaction/continuous-compaction';
export * from './dns-servers';
export * from './etl/streaming-etl';
export * from './jvm/jvm-service';
export * from './logs/log-output';
export * from './logs/log-reopen';
export * from './logs/log-shipping';
export * from './merging/coalescing-queue';
export * from './merging/invalidator';
export * from './queue/custom-trigger';
export * from './queue/kafka-trigger';
export * from './queue/queue-trigger';
export * from './queue/queue-worker';
export * from './queue/queue-worker-props';
export * from './queue/rabbitmq-topology';
export * from './queue/rabbitmq-trigger';
export * from './queue/redis-stream-trigger';
export * from './queue/scale-target';
export * from './queue/scaler-fallback';
export * from './queue/sqs-trigger';
export * from './queue/worker-probes';
export * from './quotas/kafka-quotas';
export * from './rates/rate-limited-sender';
export * from './rates/rate-limited-sender-props';
export * from './rates/sender-provider';
export * from './redis-server';
export * from './retention/ttl-collection';
export * from './schedule/spread-job';
export * from './schedule/spread-schedule';
export * from './secret-key';
export * from './shares/fair-share';
export * from './shares/tenant-namespace';
export * from './streams/partitioned-stream';
