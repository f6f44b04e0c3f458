/** Limits of a redriver of dead letters: how often, how late, how many in a window, and when it stops. */
import { given, type Knob } from '../../plan';
import type { Planned } from '../planned';
import type { QueueQuestion, RedriveChoices } from '../question';

/**
 * One redrive can fall into the last minutes of an outage; a second comes up to twice as late, when the consumer is
 * back.
 */
const DEFAULT_REDRIVES = 2;
/** Share of the steady load that retries may add; Google's SRE book, "Handling Overload": a retry budget of 10 %. */
const RETRY_BUDGET = 0.1;
/** Fewer redrives than this, or than this share of arrivals, say nothing about a consumer. */
const VERDICT_MINIMUM = 5;
const VERDICT_SHARE = 0.01;
/** Declared poison always returns: only twice as much counts against the consumer. */
const POISON_MARGIN = 2;
/** One failed try may be a throttle and a second one its retry. */
const STUCK_TRIES = 3;
/** Four tries a day: on its last day a letter is still tried, and the alarm never goes quiet in between. */
const STUCK_HOLD_SECONDS = 21_600;

/** A batch of letters is read, decided and moved in seconds; a slow table or queue takes longer. */
export const REDRIVER_TIMEOUT_SECONDS = 30;

/** The queue whose dead letters are redriven. */
export interface RedrivenQueue {
  readonly visibilitySeconds: number;
  readonly receives: number;
  readonly longestDelaySeconds: number;
}

/** The knobs of the redriver; none when nothing is redriven. */
export function redriveKnobs(planned: Planned, choices: RedriveChoices, queue: RedrivenQueue): Knob[] {
  const { maxRedrives = DEFAULT_REDRIVES } = choices;
  if (maxRedrives === 0) return [];
  const { workload, objective } = planned.question;
  const { steadyPerSecond, poisonRatio = 0 } = workload;
  const { visibilitySeconds: visibility, receives, longestDelaySeconds } = queue;
  const backoff = Math.min(longestDelaySeconds, visibility);
  const backoffCap = Math.min(longestDelaySeconds, visibility * 2 ** (maxRedrives - 1));
  const window = Math.ceil(backoffCap + objective.latencySeconds + receives * visibility);
  const rate = choices.redrivesPerSecond ?? RETRY_BUDGET * steadyPerSecond;
  const places = Math.max(VERDICT_MINIMUM, Math.ceil(rate * window));
  const informative = Math.ceil(Math.max(VERDICT_SHARE, POISON_MARGIN * poisonRatio) * steadyPerSecond * window);
  const own = 'this library, docs/constructs/redrive-queue.md';
  const floor = choices.successRatioFloor;
  return [
    {
      name: 'maxRedrives',
      value: maxRedrives,
      unit: 'redrives',
      formula:
        choices.maxRedrives === undefined
          ? 'one redrive when the cause may have passed, and one for a message redriven in its last minutes'
          : 'given',
      inputs: {},
      source: choices.maxRedrives === undefined ? own : 'set by hand',
    },
    {
      name: 'redriveBackoffSeconds',
      value: backoff,
      unit: 's',
      formula: 'min(900, visibility timeout): the first redrive waits U(0, that), each further one up to twice as long',
      inputs: { visibilityTimeoutSeconds: visibility },
      source: 'AWS Architecture Blog, Exponential Backoff And Jitter; Amazon SQS API, DelaySeconds',
    },
    {
      name: 'redriveBackoffCapSeconds',
      value: backoffCap,
      unit: 's',
      formula: 'min(900, backoff × 2^(redrives − 1))',
      inputs: { maxRedrives, redriveBackoffSeconds: backoff },
      source: 'AWS Architecture Blog, Exponential Backoff And Jitter; Amazon SQS API, DelaySeconds',
    },
    {
      name: 'redriveWindowSeconds',
      value: window,
      unit: 's',
      formula:
        'delay + latency promised + attempts × visibility timeout: by then a redriven message has returned or has been processed',
      inputs: {
        redriveBackoffCapSeconds: backoffCap,
        latencySeconds: objective.latencySeconds,
        maxReceiveCount: receives,
        visibilityTimeoutSeconds: visibility,
      },
      source: own,
    },
    {
      name: 'redrivesPerWindow',
      value: places,
      unit: 'redrives',
      formula:
        choices.redrivesPerSecond === undefined
          ? 'max(5, 10 % of steady arrivals × window)'
          : 'max(5, redrives per second × window)',
      inputs: { redrivesPerSecond: rate, redriveWindowSeconds: window },
      source: 'Site Reliability Engineering (Google), Handling Overload: retry budget',
    },
    {
      name: 'redriveVerdictMinimum',
      value: Math.min(places, Math.max(VERDICT_MINIMUM, informative)),
      unit: 'redrives',
      formula: 'max(5, 1 % of arrivals, 2 × declared poison) in a window, at most what a window may hold',
      inputs: { steadyPerSecond, poisonRatio, redriveWindowSeconds: window, redrivesPerWindow: places },
      source: own,
    },
    {
      name: 'successRatioFloor',
      value: floor ?? 0.5,
      unit: 'ratio',
      formula: floor === undefined ? 'when most redriven messages fail again, redriving does not help' : 'given',
      inputs: {},
      source: own,
    },
    {
      name: 'redriverTimeoutSeconds',
      value: REDRIVER_TIMEOUT_SECONDS,
      unit: 's',
      formula: 'a batch takes seconds; this is room for a slow table or queue',
      inputs: {},
      source: own,
    },
    {
      name: 'stuckTries',
      value: STUCK_TRIES,
      unit: 'tries',
      formula: 'failed tries to move a letter before the alarm: one may be a throttle, the second its retry',
      inputs: {},
      source: own,
    },
    {
      name: 'stuckHoldSeconds',
      value: STUCK_HOLD_SECONDS,
      unit: 's',
      formula: 'a quarter of a day: the wait after a failed try doubles from 180 s up to this',
      inputs: {},
      source: own,
    },
    {
      name: 'alarmStuckLetters',
      value: 0,
      unit: 'letters',
      formula: 'each letter that can be neither redriven nor quarantined raises the alarm',
      inputs: {},
      source: own,
    },
  ];
}

/** The knobs of the two queues behind the queue, whether or not a redriver empties the first. */
export function deadLetterKnobs(
  { deadLetterRetentionSeconds, deadLetterVisibilitySeconds }: QueueQuestion,
  retentionSeconds: number,
  longestSeconds: number,
  visibilityFactor: number,
): Knob[] {
  const knobs: Knob[] = [
    {
      name: 'deadLetterRetentionSeconds',
      value: longestSeconds,
      unit: 's',
      formula: 'the longest possible: a dead letter keeps the age that it had in the source queue',
      inputs: { retentionSeconds },
      source:
        'Amazon SQS developer guide, Using dead-letter queues: retention of the dead-letter queue longer than the source',
    },
    {
      name: 'deadLetterVisibilitySeconds',
      value: visibilityFactor * REDRIVER_TIMEOUT_SECONDS,
      unit: 's',
      formula: '6 × time-out of the redriver',
      inputs: { redriverTimeoutSeconds: REDRIVER_TIMEOUT_SECONDS },
      source: 'AWS Lambda developer guide, Creating and configuring an Amazon SQS event source mapping',
    },
    {
      name: 'quarantineRetentionSeconds',
      value: longestSeconds,
      unit: 's',
      formula: 'the longest possible: a person reads the quarantined messages',
      inputs: {},
      source: 'Amazon SQS API reference, MessageRetentionPeriod: at most 14 days',
    },
  ];
  const existing: Readonly<Record<string, number | undefined>> = {
    deadLetterRetentionSeconds,
    deadLetterVisibilitySeconds,
  };
  return knobs.map((knob) => {
    const value = existing[knob.name];
    return value === undefined ? knob : given(knob.name, value, knob.unit);
  });
}
