/** How long records are kept. */
import { DAY_SECONDS, WEEK_SECONDS } from '../ranges';
import type { Settings } from './lines';
import { loadOf, recordSecondsIn } from './load';
import type { StreamQuestion } from './workload';

const HOUR_SECONDS = 3600;

/** Seconds until an outage is made up for at the steady rate. */
export function drainSecondsOf(question: StreamQuestion, settings: Settings, outageSeconds: number): number {
  const load = loadOf(question);
  const capacity = settings.instances / recordSecondsIn(load, settings.batchSize);
  const { steadyPerSecond } = load;
  return capacity > steadyPerSecond ? (outageSeconds * steadyPerSecond) / (capacity - steadyPerSecond) : Infinity;
}

/** Twice an outage and what makes up for it, in whole hours; at least a day. */
export function retentionSecondsOf(question: StreamQuestion, settings: Settings, outageSeconds: number): number {
  const away = outageSeconds + drainSecondsOf(question, settings, outageSeconds);
  return Math.min(52 * WEEK_SECONDS, Math.max(DAY_SECONDS, Math.ceil((2 * away) / HOUR_SECONDS) * HOUR_SECONDS));
}
