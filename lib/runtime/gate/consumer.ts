/** What users import as `backpressure-constructs/gate`: a bound for a server of Node, and a budget for the retries of a client. */
export { BoundedHandler, bounded, type GateOptions } from './bounded-handler';
export { type EntryOptions, Gate, type GateConfig, type Leave, type Refusal, RefusedError } from './gate';
export { gateOptions } from './options';
export { RetryBudget, retryBudget } from './retry-budget';
export type { Slot, SlotTimes } from './slot';
