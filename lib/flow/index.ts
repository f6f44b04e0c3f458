export { LogObjective, LogPlan, LogPredictions, LogWorkload } from './logs';
export { Knob, Plan, Predictions } from './plan';
export { StockObjective, StockPlan, StockPredictions, StockWorkload, StorageTransition } from './storage';
export { TtlObjective, TtlPlan, TtlPredictions, TtlWorkload } from './ttl';
export { Consumer, Objective, Workload } from './workload';
