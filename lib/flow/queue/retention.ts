/** How long an item is kept: longer than the peak, the drain and the promise, and long enough for a person to act. */
import { duration, figure } from '../figures';
import { given, type Knob } from '../plan';
import { smallestAbove } from '../search';
import type { Attempted, Planned } from './planned';
import type { QueueQuestion } from './question';
import type { Refusal } from './refusal';
import { type Fits, lower, promising, type WayOut } from './ways-out';

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

/** Why items would be deleted before the promise is due or the backlog is drained; undefined if they are not. */
export function retentionRefusal(attempted: Attempted, limits: RetentionLimits): Refusal | undefined {
  const { retentionSeconds: given, objective } = attempted.question;
  const { latencySeconds } = objective;
  const { peakSeconds } = attempted.sizing.workload;
  const { due, spread, value } = retained(attempted, limits);
  if (due < value) return undefined;
  const causes = [
    ...(latencySeconds >= value ? [`an item may wait ${duration(latencySeconds)}, as promised,`] : []),
    ...(spread >= value ? [`the peak and its drain take ${duration(spread)},`] : []),
  ];
  const days = Math.ceil(due / DAY + 1);
  return {
    reason: () =>
      `${causes.join(' and ')} and ${latencySeconds >= value ? 'it' : 'an item'} is deleted after ${duration(value)}`,
    waysOut(question, fits) {
      const shorter = latencySeconds >= value ? promising(question, JUST_BELOW * value) : question;
      const promise = latencySeconds >= value ? [`promise less than ${duration(value)}`] : [];
      return [
        given !== undefined && days * DAY <= limits.longest
          ? { sentence: `retention of ${days} days`, question: { ...question, retentionSeconds: days * DAY } }
          : undefined,
        ...(spread < value ? [{ sentence: promise.join(), question: shorter }] : []),
        ...(spread >= value && peakSeconds < value ? [after(promise, moreInstances(shorter, attempted, fits))] : []),
        ...(spread >= value ? [after(promise, shorterPeak(shorter, value, fits))] : []),
      ];
    },
  };
}

/** Stands for "less than" where a number is tried. */
const JUST_BELOW = 0.99;

function after(promise: readonly string[], way: WayOut | undefined): WayOut | undefined {
  return way && { ...way, sentence: [...promise, way.sentence].join(' and ') };
}

/** More instances drain a backlog sooner. */
function moreInstances(question: QueueQuestion, { sizing }: Attempted, fits: Fits): WayOut | undefined {
  const changed = (instances: number): QueueQuestion => ({
    ...question,
    consumer: { ...question.consumer, maxInstances: instances },
  });
  const enough = smallestAbove(sizing.consumer.maxInstances, (instances) => fits(changed(Math.ceil(instances))));
  if (enough === undefined) return undefined;
  return { sentence: `allow ${Math.ceil(enough)} instances`, question: changed(Math.ceil(enough)) };
}

function shorterPeak(question: QueueQuestion, value: number, fits: Fits): WayOut | undefined {
  // Nothing is shorter than a burst; fewer items at once are another way out.
  if (question.workload.burstItems) return undefined;
  const changed = (peakSeconds: number): QueueQuestion => ({
    ...question,
    workload: { ...question.workload, peakSeconds },
  });
  if (fits(changed(JUST_BELOW * value))) {
    return { sentence: `a peak shorter than ${duration(value)}`, question: changed(JUST_BELOW * value) };
  }
  const found = lower(value, (seconds) => fits(changed(seconds)));
  return found === undefined ? undefined : { sentence: `a peak of ${figure(found)} s`, question: changed(found) };
}

/** The retention, and the seconds that an item may be in the queue. */
function retained({ question, sizing }: Pick<Attempted, 'question' | 'sizing'>, limits: RetentionLimits) {
  // An item may wait as long as it is promised, and the last one of a peak until the backlog is drained.
  const spread = sizing.workload.peakSeconds + sizing.forecast.drainSeconds();
  const due = Math.max(question.objective.latencySeconds, spread);
  const derived = Math.max(limits.derived, Math.ceil((due + HUMAN_SECONDS) / DAY) * DAY);
  return { spread, due, value: question.retentionSeconds ?? Math.min(limits.longest, derived) };
}

/** The retention of the queue. */
export function retentionFor(planned: Planned, limits: RetentionLimits, source: string): Knob {
  const { question, sizing, predictions } = planned;
  const { value } = retained(planned, limits);
  if (question.retentionSeconds !== undefined) return given('retentionSeconds', value, 's');
  return {
    name: 'retentionSeconds',
    value,
    unit: 's',
    formula: `whole days of the longer of promise and peak + drain, + 3 days for a person to act, within ${limits.derived / DAY} and ${limits.longest / DAY} days`,
    inputs: {
      latencySeconds: question.objective.latencySeconds,
      peakSeconds: sizing.workload.peakSeconds,
      drainSeconds: predictions.drainSeconds,
      humanSeconds: HUMAN_SECONDS,
    },
    source,
  };
}
