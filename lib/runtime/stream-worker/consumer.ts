/** What users import as `backpressure-constructs/stream-worker`: the loop of a container that reads a topic of Kafka. */
export type { OnWorkerRecord, WorkerRecord } from './batch';
export { streamWorker, type WorkerOptions } from './stream-worker';
