/** How long readers may be away, and how long a stream of Amazon Kinesis keeps events for that. */
import { DAY_SECONDS, WEEK_SECONDS } from '../ranges';

/** Seconds that all readers may be away, unless said otherwise: a person is called, and restarts them. */
export const OUTAGE_SECONDS = 900;

/** Twice an outage in whole hours, at least a day. */
export function retentionSeconds(outageSeconds = OUTAGE_SECONDS): number {
  return Math.min(52 * WEEK_SECONDS, Math.max(DAY_SECONDS, Math.ceil((2 * outageSeconds) / 3600) * 3600));
}
