export * from './case';
export * from './catalogue';
export * from './run-scenario';
export * from './scenario';
export * from './scenarios/measured';
export * from './scenarios/planned-consumer';
