export { Knob, Plan, Predictions } from './plan';
export { StockObjective, StockPlan, StockPredictions, StockWorkload, StorageTransition } from './storage-cost';
export { Consumer, Objective, Workload } from './workload';
