import { Duration, Token } from 'aws-cdk-lib';
import { CapacityError, type Check, inRange, validate, wholeNumber } from '../../flow/errors';
import type { Knob, Plan } from '../../flow/plan';
import { planQueue } from '../../flow/queue/plan';
import type { Consumer, Objective, Workload } from '../../flow/queue/workload';
import { resolvedNumber, resolvedSeconds } from '../tokens';

/** AWS Lambda developer guide, "Configuring a queue to use with Lambda": room for retries of a throttled invocation. */
const VISIBILITY_FACTOR = 6;
const LAMBDA_SQS = 'AWS Lambda developer guide, Creating and configuring an Amazon SQS event source mapping';
/** Amazon SQS: `MessageRetentionPeriod` at most 14 days, `DelaySeconds` at most 15 minutes. */
export const MAX_RETENTION_SECONDS = 1_209_600;
const MAX_DELAY_SECONDS = 900;
const DAY_SECONDS = 86_400;
/** Amazon SQS quotas: 12 hours. */
const MAX_VISIBILITY_SECONDS = 43_200;
/** One chance can fall on the last minutes of an outage; a second comes up to twice as late, on a consumer that is back. */
export const DEFAULT_REDRIVES = 2;
/** Share of the steady load that retries may add; Google's SRE book, "Handling Overload": a retry budget of 10 %. */
const RETRY_BUDGET = 0.1;
/** Fewer redrives than this, or than this share of what arrives, say nothing about a consumer. */
const VERDICT_MINIMUM = 5;
const VERDICT_SHARE = 0.01;
/** The declared poison comes back by definition: only twice as much of it is news. */
const POISON_MARGIN = 2;
/** One failed try may be a throttle and a second one its retry. */
const STUCK_TRIES = 3;
/** Four tries a day: on its last day a letter is still tried, and the alarm never goes quiet in between. */
const STUCK_HOLD_SECONDS = 21_600;

/** Choices that the user may have made; what is absent is derived. */
interface RedriveChoices {
  readonly functionTimeoutSeconds?: number;
  readonly batchWindowSeconds?: number;
  readonly maxReceiveCount?: number;
  readonly retentionSeconds?: number;
  readonly maxRedrives: number;
  readonly redrivesPerSecond?: number;
  readonly successRatioFloor?: number;
}

/** The props of a redrive queue that its plan follows from. */
export interface RedriveQuestion {
  readonly workload: Workload;
  readonly objective: Objective;
  readonly consumer?: Consumer;
  readonly functionTimeout?: Duration;
  readonly batchWindow?: Duration;
  readonly maxReceiveCount?: number;
  readonly retention?: Duration;
  readonly maxRedrives: number;
  readonly redrivesPerSecond?: number;
  readonly successRatioFloor?: number;
  readonly maskedFields?: readonly string[];
}

/**
 * Checks the props of a redrive queue and plans it.
 *
 * @throws InvalidInputError when a prop is out of range, with all of them named
 * @throws CapacityError when the workload cannot be served within the objective
 */
export function planRedriveQueue(subject: string, input: RedriveQuestion): Plan {
  const { workload, objective, consumer, maxReceiveCount, maxRedrives } = input;
  const { redrivesPerSecond, successRatioFloor, maskedFields } = input;
  // What the template alone decides is let through to the queue; the plan then reckons with its own value.
  const receives = resolvedNumber(maxReceiveCount);
  const retentionSeconds = resolvedSeconds(input.retention);
  const functionTimeoutSeconds = resolvedSeconds(input.functionTimeout);
  const batchWindowSeconds = resolvedSeconds(input.batchWindow);
  validate(subject, [
    ...unresolvedChecks(input),
    secondsWithin('functionTimeout', functionTimeoutSeconds, 1, 900),
    {
      refused: functionTimeoutSeconds !== undefined && functionTimeoutSeconds < workload.serviceSeconds,
      message: `functionTimeout must be at least serviceSeconds, ${workload.serviceSeconds} s, got ${functionTimeoutSeconds} s`,
    },
    secondsWithin('batchWindow', batchWindowSeconds, 0, 300),
    wholeNumber('maxReceiveCount', receives, 1, 1000),
    {
      refused: input.retention?.isUnresolved() === true && input.retention.unitLabel() !== 'seconds',
      message: `retention must be in seconds when it is a token, got ${input.retention?.unitLabel()}`,
    },
    secondsWithin('retention', retentionSeconds, 60, MAX_RETENTION_SECONDS - DAY_SECONDS),
    wholeNumber('maxRedrives', maxRedrives, 0, 100),
    inRange('redrivesPerSecond', redrivesPerSecond, 0.001, 500),
    inRange('successRatioFloor', successRatioFloor, 0, 1),
    {
      refused: maskedFields?.some((name) => name.includes(',') || name.trim() === '') ?? false,
      message: `maskedFields must be names without commas, got ${maskedFields?.join(' | ')}`,
    },
  ]);
  const maxAttempts = receives ?? consumer?.maxAttempts;
  const base = planQueue(
    subject,
    workload,
    consumer?.instanceHourCost === undefined ? { ...objective, monthlyCost: undefined } : objective,
    maxAttempts === undefined ? consumer : { ...consumer, maxAttempts },
  );
  const plan = planRedrives(base, workload, objective, {
    functionTimeoutSeconds,
    batchWindowSeconds,
    maxReceiveCount: receives,
    retentionSeconds,
    maxRedrives,
    redrivesPerSecond,
    successRatioFloor,
  });
  const visibility = plan.value('visibilityTimeoutSeconds');
  if (visibility > MAX_VISIBILITY_SECONDS) {
    throw new CapacityError(
      subject,
      `needs a visibility timeout of ${visibility} s, SQS allows ${MAX_VISIBILITY_SECONDS} s`,
      [
        'split items into shorter ones',
        'give a functionTimeout of at most 15 min',
        'let the consumer hand the item on and delete the message',
      ],
    );
  }
  return plan;
}

/** SQS and Lambda take whole seconds. */
function secondsWithin(prop: string, seconds: number | undefined, min: number, max: number): Check {
  const check = seconds === undefined || Number.isInteger(seconds) ? inRange : wholeNumber;
  return check(`${prop} in seconds`, seconds, min, max);
}

/** These go into sums at synthesis, so a value that only the deployment knows is of no use. */
function unresolvedChecks(input: RedriveQuestion): Check[] {
  const { functionTimeout, batchWindow, maxRedrives, redrivesPerSecond, successRatioFloor } = input;
  const unresolved = (value: Duration | number | undefined) =>
    value instanceof Duration ? value.isUnresolved() : Token.isUnresolved(value);
  return Object.entries({ functionTimeout, batchWindow, maxRedrives, redrivesPerSecond, successRatioFloor }).map(
    ([name, value]) => ({ refused: unresolved(value), message: `${name} must be known at synthesis, got a token` }),
  );
}

/** The queue's plan with what redriving adds to it. */
function planRedrives(base: Plan, workload: Workload, objective: Objective, choices: RedriveChoices): Plan {
  const plan = base.withKnobs(queueKnobs(base, choices));
  return choices.maxRedrives > 0 ? plan.withKnobs(redriveKnobs(plan, workload, objective, choices)) : plan;
}

function queueKnobs(base: Plan, choices: RedriveChoices): Knob[] {
  const {
    functionTimeoutSeconds: timeout,
    batchWindowSeconds: window = 0,
    maxReceiveCount,
    retentionSeconds,
  } = choices;
  const knobs: Knob[] = [];
  if (timeout !== undefined) {
    knobs.push({
      name: 'visibilityTimeoutSeconds',
      value: Math.ceil(VISIBILITY_FACTOR * timeout + window),
      unit: 's',
      formula: '6 × function time-out + batch window',
      inputs: { functionTimeoutSeconds: timeout, batchWindowSeconds: window },
      source: LAMBDA_SQS,
    });
  } else if (window > 0) {
    const visibility = base.value('visibilityTimeoutSeconds');
    knobs.push({
      name: 'visibilityTimeoutSeconds',
      value: Math.ceil(visibility + window),
      unit: 's',
      formula: 'visibility of the plan + batch window',
      inputs: { planned: visibility, batchWindowSeconds: window },
      source: LAMBDA_SQS,
    });
  }
  if (maxReceiveCount !== undefined) knobs.push(given('maxReceiveCount', maxReceiveCount, 'attempts'));
  if (retentionSeconds !== undefined) knobs.push(given('retentionSeconds', retentionSeconds, 's'));
  knobs.push({
    name: 'deadLetterRetentionSeconds',
    value: MAX_RETENTION_SECONDS,
    unit: 's',
    formula: 'the longest there is: a dead letter keeps the age it had in the source queue',
    inputs: { retentionSeconds: retentionSeconds ?? base.value('retentionSeconds') },
    source:
      'Amazon SQS developer guide, Using dead-letter queues: retention of the dead-letter queue longer than the source',
  });
  return knobs;
}

function redriveKnobs(plan: Plan, workload: Workload, objective: Objective, choices: RedriveChoices): Knob[] {
  const { maxRedrives } = choices;
  const { steadyPerSecond, poisonRatio = 0 } = workload;
  const visibility = plan.value('visibilityTimeoutSeconds');
  const receives = plan.value('maxReceiveCount');
  const backoff = Math.min(MAX_DELAY_SECONDS, visibility);
  const backoffCap = Math.min(MAX_DELAY_SECONDS, visibility * 2 ** (maxRedrives - 1));
  const window = Math.ceil(backoffCap + objective.latencySeconds + receives * visibility);
  const rate = choices.redrivesPerSecond ?? RETRY_BUDGET * steadyPerSecond;
  const places = Math.max(VERDICT_MINIMUM, Math.ceil(rate * window));
  const informative = Math.ceil(Math.max(VERDICT_SHARE, POISON_MARGIN * poisonRatio) * steadyPerSecond * window);
  const own = 'this library, docs/constructs/redrive-queue.md';
  const floor = choices.successRatioFloor;
  return [
    {
      ...given('maxRedrives', maxRedrives, 'redrives'),
      formula:
        '2 unless given: one more chance once the cause may have passed, and one for whoever met the last minutes of it',
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
        'delay + latency promised + attempts × visibility timeout: by then a redriven message has come back or never will',
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
      formula: floor === undefined ? 'when most of what is redriven fails again, redriving does not help' : 'given',
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
      formula: 'every letter that can be neither redriven nor quarantined rings',
      inputs: {},
      source: own,
    },
  ];
}

function given(name: string, value: number, unit: string): Knob {
  return { name, value, unit, formula: 'given', inputs: {}, source: 'set by hand' };
}
