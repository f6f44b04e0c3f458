/** What a user imports. For users only: inside the library files are imported by name. */
export * as aws from './aws';
export * from './flow';
export * as k8s from './k8s';
