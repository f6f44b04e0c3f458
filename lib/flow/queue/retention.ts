/** How long an item is kept: longer than the peak, the drain and the promise, and long enough for a person to act. */
import { CapacityError } from '../errors';
import { duration } from '../figures';
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
  /** The longest that leaves a person time for the dead letters, which may keep the age of the item. */
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
  const spread = peakSeconds + drainSeconds;
  const due = Math.max(latencySeconds, spread);
  const value =
    given ?? Math.min(limits.longest, Math.max(limits.derived, Math.ceil((due + HUMAN_SECONDS) / DAY) * DAY));
  if (due >= value) {
    const causes = [
      ...(latencySeconds >= value ? [`an item may wait ${duration(latencySeconds)}, as promised,`] : []),
      ...(spread >= value ? [`the peak and its drain take ${duration(spread)},`] : []),
    ];
    const shorter = [
      ...(latencySeconds >= value ? [`promise less than ${duration(value)}`] : []),
      ...(spread >= value ? [peakSeconds < value ? 'more instances' : `a peak shorter than ${duration(value)}`] : []),
    ];
    const days = Math.ceil(due / DAY + 1);
    throw new CapacityError(
      subject,
      `${causes.join(' ')} and ${latencySeconds >= value ? 'it' : 'an item'} is deleted after ${duration(value)}`,
      [
        ...(given !== undefined && days * DAY <= limits.longest ? [`retention of ${days} days`] : []),
        shorter.join(' and '),
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
