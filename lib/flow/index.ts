export { LogObjective, LogPlan, LogPredictions, LogWorkload } from './logs';
export { Knob, Plan, Predictions } from './plan';
export { StockObjective, StockPlan, StockPredictions, StockWorkload, StorageTransition } from './storage';
export { Consumer, Objective, Workload } from './workload';
