/** The workload of both sides of the synth benchmark. */
export const WORKLOAD = { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1800, serviceSeconds: 0.05 };
export const OBJECTIVE = { latencySeconds: 90 };
export const FUNCTION_TIMEOUT_SECONDS = 30;
export const HANDLER_CODE = 'exports.handler = async () => ({ batchItemFailures: [] });';

/** A stack holds at most 500 resources, and one queue with its worker has 25. */
export const PAIRS_PER_STACK = 10;
