export { BatchCapacity, BatchTenant, FairSharePlan, FloodForecast, TenantShare } from './fair-share-tenants';
export { LogObjective, LogPlan, LogPredictions, LogWorkload } from './logs';
export { Knob, KnobList, Plan, Predictions } from './plan';
export { KafkaCapacity, KafkaTenant, ProducerSettings, QuotaPlan, TenantQuota } from './quotas';
export { StockObjective, StockPlan, StockPredictions, StockWorkload, StorageTransition } from './storage';
export { TtlObjective, TtlPlan, TtlPredictions, TtlWorkload } from './ttl';
export { Consumer, Objective, Workload } from './workload';
