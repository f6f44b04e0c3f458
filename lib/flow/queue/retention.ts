/** How long an item is kept: longer than the peak, the drain and the promise, and long enough for a person to act. */
import { CapacityError } from '../errors';
import { figure } from '../figures';
import type { Knob } from '../plan';
import type { Planned } from './planned';

const DAY = 86_400;
/** Friday evening to Monday morning: the longest that a failure waits for a person. */
const HUMAN_SECONDS = 3 * DAY;

/** What a broker allows, in seconds. */
export interface RetentionLimits {
  readonly shortest: number;
  /** The shortest that is derived. */
  readonly derived: number;
  readonly longest: number;
}

/**
 * The retention of the queue.
 *
 * @throws CapacityError when items would be deleted before the promise is due or the backlog is drained
 */
export function retentionFor(planned: Planned, limits: RetentionLimits, source: string): Knob {
  const { subject, question, sizing, predictions } = planned;
  const given = question.retentionSeconds;
  const { latencySeconds } = question.objective;
  const { peakSeconds } = sizing.workload;
  const { drainSeconds } = predictions;
  // An item may wait as long as it is promised, and the last one of a peak until the backlog is drained.
  const due = Math.max(latencySeconds, peakSeconds + drainSeconds);
  const value =
    given ?? Math.min(limits.longest, Math.max(limits.derived, Math.ceil((due + HUMAN_SECONDS) / DAY) * DAY));
  if (due >= value) {
    throw new CapacityError(
      subject,
      `an item may wait ${figure(Math.ceil(due))} s, the longer of the promise (${figure(latencySeconds)} s) and peak and drain (${figure(Math.ceil(peakSeconds + drainSeconds))} s), and is deleted after ${figure(value)} s`,
      [
        ...(given !== undefined && due < limits.longest - DAY
          ? [`retention of ${figure(Math.ceil(due / DAY + 1))} days`]
          : []),
        ...(latencySeconds >= value ? [`promise less than ${figure(value)} s`] : ['more instances']),
      ],
    );
  }
  if (given !== undefined) {
    return { name: 'retentionSeconds', value, unit: 's', formula: 'given', inputs: {}, source: 'set by hand' };
  }
  return {
    name: 'retentionSeconds',
    value,
    unit: 's',
    formula: `whole days of the longer of promise and peak + drain, + 3 days for a person to act, within ${limits.derived / DAY} and ${limits.longest / DAY} days`,
    inputs: { latencySeconds, peakSeconds, drainSeconds, humanSeconds: HUMAN_SECONDS },
    source,
  };
}
