export { Arrivals } from './arrivals';
export { CiJob, CiPipeline, CiStep } from './ci/pipelines';
export { CiObjective, CiPlan, CiPredictions, CiWorkload } from './ci/workload';
export {
  CompactedTableKind,
  CompactionObjective,
  CompactionPlan,
  CompactionPredictions,
  CompactionWorkload,
  CompactionWriter,
  TableStorage,
} from './compaction/workload';
export { EtlObjective, EtlPlan, EtlPredictions, EtlWorkload } from './etl/workload';
export { JvmCollector, JvmObjective, JvmPlan, JvmPredictions, JvmWorkload } from './jvm/workload';
export { LogDeliveryPlan, LogDeliveryPredictions } from './logs/delivery/workload';
export { LogsObjective, LogsPlan, LogsPredictions, LogsWorkload } from './logs/workload';
export { MergingObjective, MergingPlan, MergingPredictions, MergingWorkload } from './merging/workload';
export {
  MetricFamily,
  MetricKind,
  MetricRecording,
  MetricSource,
  MetricsObjective,
  MetricsPlan,
  MetricsPredictions,
  MetricsWorkload,
  MetricUse,
  RecordedSeries,
  SampleRelabeling,
  ScrapePlan,
} from './metrics/workload';
export { Expectation, ExplainFormat, Knob, Plan } from './plan';
export { Consumer, Objective, Predictions, QueuePlan, Workload } from './queue/workload';
export { KafkaCapacity, KafkaTenant, ProducerSettings, QuotasPlan, TenantQuota } from './quotas/workload';
export {
  ProviderLimit,
  RatesObjective,
  RatesPlan,
  RatesPredictions,
  RatesWorkload,
  UnknownMail,
} from './rates/workload';
export {
  ReplicaEngine,
  ReplicationObjective,
  ReplicationPlan,
  ReplicationPredictions,
  ReplicationWorkload,
} from './replication/workload';
export { TtlTableObjective, TtlTablePlan, TtlTablePredictions, TtlTableWorkload } from './retention/table-workload';
export { RetentionObjective, RetentionPlan, RetentionPredictions, RetentionWorkload } from './retention/workload';
export {
  JobPlacement,
  ScheduledJob,
  ScheduleHost,
  ScheduleObjective,
  SchedulePlan,
  SchedulePredictions,
} from './schedule/workload';
export {
  CircuitBreakerSettings,
  Resilience4jSettings,
  RetrySettings,
  TimeLimiterSettings,
} from './services/resilience4j';
export {
  ServiceAdmission,
  ServiceDownstream,
  ServiceLimit,
  ServiceObjective,
  ServicePlan,
  ServicePredictions,
  ServiceWorkload,
} from './services/workload';
export { PolicyShare, SharePolicyPlan } from './shares/policy-workload';
export { BatchCapacity, BatchTenant, FloodForecast, SharesPlan, TenantShare } from './shares/workload';
export {
  StorageObjective,
  StoragePlan,
  StoragePredictions,
  StorageTransition,
  StorageWorkload,
} from './storage/workload';
export { StreamObjective, StreamPlan, StreamPredictions, StreamWorkload } from './streams/workload';
export { TenantOrder } from './webhooks/workload';
