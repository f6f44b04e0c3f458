/** What a user imports. For users only: inside the library files are imported by name. */
export * as aws from './aws';
export * from './ci/ci-files';
export * from './flow';
export * as k8s from './k8s';
// The cdk8s command line finds its plugin here, by name.
export { BackpressureValidation } from './rules/cdk8s-plugin';
