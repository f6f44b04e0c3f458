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

/** The first wait of a container before it tries a record again, and the longest; each is drawn at random below it. */
export const RETRY_SECONDS = { base: 0.1, cap: 5 } as const;
/** Attempts at a record by itself. */
const SPARE_ATTEMPTS = 5;

/**
 * Attempts at a record before it is set aside.
 *
 * @param isHalved whether a batch that fails comes again, halved until the record is alone, as AWS Lambda delivers it; a
 *   container tries the record itself again
 */
export function retryAttempts(batchSize: number, isHalved: boolean): number {
  return SPARE_ATTEMPTS + (isHalved ? Math.ceil(Math.log2(batchSize)) : 0);
}

/** Seconds that the waits between so many attempts take on average. */
export function retryWaitSeconds(attempts: number): number {
  let seconds = 0;
  for (let attempt = 1; attempt < attempts; attempt += 1) {
    seconds += Math.min(RETRY_SECONDS.cap, RETRY_SECONDS.base * 2 ** (attempt - 1)) / 2;
  }
  return seconds;
}
