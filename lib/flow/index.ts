export { BatchCapacity, BatchTenant, FairSharePlan, FloodForecast, TenantShare } from './fair-share-tenants';
export { Knob, Plan, Predictions } from './plan';
export { KafkaCapacity, KafkaTenant, ProducerSettings, QuotaPlan, TenantQuota } from './quotas';
export { StockObjective, StockPlan, StockPredictions, StockWorkload, StorageTransition } from './storage';
export { Consumer, Objective, Workload } from './workload';
