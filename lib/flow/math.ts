/** The pure functions of the flow arithmetic, for TypeScript users; the classes and structs are in `index.ts`. */
export * from './backoff';
export * from './drain';
export * from './erlang';
export * from './errors';
export * from './fluid';
export * from './gamma';
export * from './plan';
export * from './quantiles';
export * from './queue-plan';
export * from './random';
export * from './resolve';
export * from './scaler';
export * from './simulation';
export * from './stock';
export * from './token-bucket';
export * from './workload';
