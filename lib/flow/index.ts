export { LogObjective, LogPlan, LogPredictions, LogWorkload } from './logs/workload';
export { Knob, KnobList, Plan, Predictions } from './plan';
export { Consumer, Objective, Workload } from './queue/workload';
export { KafkaCapacity, KafkaTenant, ProducerSettings, QuotaPlan, TenantQuota } from './quotas/workload';
export { TtlObjective, TtlPlan, TtlPredictions, TtlWorkload } from './retention/workload';
export { BatchCapacity, BatchTenant, FairSharePlan, FloodForecast, TenantShare } from './shares/workload';
export { StockObjective, StockPlan, StockPredictions, StockWorkload, StorageTransition } from './storage/workload';
