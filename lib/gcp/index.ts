/** Constructs for Google Cloud on Pulumi. For users only: inside the library files are imported by name. */
export * from './from-chart';
export * from './push-worker';
export * from './redrive-queue';
export * from './subscription-alerts';
export * from './webhook-buffer';
export * from './webhook-source';
