export { Knob, Plan, Predictions } from './plan';
export { Consumer, Objective, Workload } from './workload';
