/**
 * What users import as `backpressure-constructs/replica-guard`: bulk writers that keep to the signal of a `ReplicaLagGuard`, and
 * readers that ask which replicas are fresh enough.
 */
export type { ReplicaSignal } from '../replica-guard/signal';
export { type DynamoClient, dynamoSignal } from './dynamo-signal';
export { httpSignal } from './http-signal';
export { type SignalSource, WriteThrottle, type WriteThrottleOptions } from './write-throttle';
