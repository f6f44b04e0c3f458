/** Names that constructs and the running consumers share. */

/** Ends the name of the topic that records are set aside in. */
export const DEAD_SUFFIX = '.dead';

/** Environment variables of a consumer in a container, beside those of its broker. */
export const STREAM_VARIABLES = {
  batchSize: 'BATCH_SIZE',
  attempts: 'RETRY_ATTEMPTS',
  deadTopic: 'DEAD_TOPIC',
  timeoutSeconds: 'ITEM_TIMEOUT_SECONDS',
} as const;

/** Seconds after which the broker takes a consumer that does not poll for hanging: twice a batch that hangs, 5 minutes at least. */
export function maxPollIntervalSeconds(batchTimeoutSeconds: number): number {
  return Math.max(300, 2 * batchTimeoutSeconds);
}
