export * from './case';
export * from './catalogue';
export * from './planned-consumer';
export * from './run-scenario';
export * from './scenario';
export * from './scenarios/measured';
