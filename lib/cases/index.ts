export * from './case';
export * from './catalogue';
export * from './engine';
export * from './run-scenario';
export * from './scenario';
export * from './scenarios/fixed-consumer';
export * from './scenarios/measured';
