/** What Pub/Sub asks of a queue's plan: its own names and limits for deadline, backoff, attempts and retention. */
import { CapacityError, type Check, wholeNumber } from '../../flow/errors';
import { figure } from '../../flow/figures';
import type { Knob, Plan } from '../../flow/plan';
import type { Workload } from '../../flow/queue/workload';

const REFERENCE = 'Pub/Sub API reference, Subscription';
const DAY = 86_400;

/** Pub/Sub API reference, `Subscription`, `DeadLetterPolicy` and `RetryPolicy`; bytes from "Quotas and limits". */
export const PUBSUB_LIMITS = {
  ackDeadlineSeconds: { min: 10, max: 600 },
  backoffSeconds: { min: 0, max: 600 },
  deliveryAttempts: { min: 5, max: 100 },
  retentionSeconds: { min: 600, max: 31 * DAY },
  messageBytes: 10_000_000,
} as const;

/** Choices that the user may have made; what is absent is derived. */
export interface SubscriptionChoices {
  readonly ackDeadlineSeconds?: number;
  readonly minimumBackoffSeconds?: number;
  readonly maximumBackoffSeconds?: number;
  readonly maxDeliveryAttempts?: number;
  readonly retentionSeconds?: number;
}

/** Everything that is wrong with the choices. */
export function subscriptionChecks(choices: SubscriptionChoices, workload: Workload): Check[] {
  const { ackDeadlineSeconds: deadline, minimumBackoffSeconds: low, maximumBackoffSeconds: high } = choices;
  const limits = PUBSUB_LIMITS;
  const { serviceSeconds, itemBytes } = workload;
  return [
    wholeNumber('ackDeadlineSeconds', deadline, limits.ackDeadlineSeconds.min, limits.ackDeadlineSeconds.max),
    {
      refused: deadline !== undefined && deadline < serviceSeconds,
      message: `ackDeadlineSeconds must be at least serviceSeconds, ${serviceSeconds} s, got ${deadline}: a message is pushed again while it is still worked on`,
    },
    wholeNumber('minimumBackoffSeconds', low, limits.backoffSeconds.min, limits.backoffSeconds.max),
    wholeNumber('maximumBackoffSeconds', high, limits.backoffSeconds.min, limits.backoffSeconds.max),
    {
      refused: low !== undefined && high !== undefined && low > high,
      message: `minimumBackoffSeconds must be at most maximumBackoffSeconds (${high}), got ${low}`,
    },
    wholeNumber(
      'maxDeliveryAttempts',
      choices.maxDeliveryAttempts,
      limits.deliveryAttempts.min,
      limits.deliveryAttempts.max,
    ),
    // A dead letter is a new message with a retention of its own; it must still be the longer one.
    wholeNumber(
      'retentionSeconds',
      choices.retentionSeconds,
      limits.retentionSeconds.min,
      limits.retentionSeconds.max - DAY,
    ),
    {
      refused: itemBytes !== undefined && itemBytes > limits.messageBytes,
      message: `itemBytes must be at most ${limits.messageBytes}, the largest message of Pub/Sub, got ${itemBytes}`,
    },
  ];
}

/**
 * The queue's plan with the knobs of its subscription.
 *
 * @throws CapacityError when one attempt may take longer than the longest ack deadline
 */
export function planSubscription(base: Plan, choices: SubscriptionChoices): Plan {
  const plan = base.withKnobs([
    ackDeadline(base, choices),
    ...backoff(base, choices),
    attempts(base, choices),
    ...retention(base, choices),
  ]);
  return plan.withKnobs([retrySpan(plan)]);
}

/** How long an outage of what lies behind the consumer may last before good messages become dead letters. */
function retrySpan(plan: Plan): Knob {
  const maximum = plan.value('maximumBackoffSeconds');
  const minimum = plan.value('minimumBackoffSeconds');
  const attempts = plan.value('maxDeliveryAttempts');
  let span = 0;
  for (let retry = 0; retry < attempts - 1; retry += 1) span += Math.min(maximum, minimum * 2 ** retry);
  return {
    name: 'retrySpanSeconds',
    value: span,
    unit: 's',
    formula:
      'Σ min(maximum, minimum × 2ⁿ) over attempts − 1: an outage longer than that sends good messages to the dead letters',
    inputs: { minimumBackoffSeconds: minimum, maximumBackoffSeconds: maximum, maxDeliveryAttempts: attempts },
    source: `${REFERENCE}.retryPolicy: exponential backoff`,
  };
}

function ackDeadline(base: Plan, { ackDeadlineSeconds }: SubscriptionChoices): Knob {
  if (ackDeadlineSeconds !== undefined) return given('ackDeadlineSeconds', ackDeadlineSeconds, 's');
  const { min, max } = PUBSUB_LIMITS.ackDeadlineSeconds;
  const item = base.knob('itemTimeoutSeconds');
  if (item.value > max) {
    const { serviceSeconds } = item.inputs;
    // The time-out scales with the mean.
    const mean = Math.floor((serviceSeconds * max * 1000) / item.value) / 1000;
    throw new CapacityError(
      base.subject,
      `one attempt may take ${figure(item.value)} s, the longest ack deadline is ${max} s`,
      [`${figure(mean)} s per item`, `ackDeadlineSeconds ${max} given by hand, and every longer attempt made again`],
    );
  }
  return {
    name: 'ackDeadlineSeconds',
    value: Math.max(min, item.value),
    unit: 's',
    formula: 'max(10, item time-out): for a push subscription it is also the time that a request may take',
    inputs: { itemTimeoutSeconds: item.value },
    source: `${REFERENCE}.ackDeadlineSeconds: 10 to 600`,
  };
}

function backoff(base: Plan, choices: SubscriptionChoices): Knob[] {
  const { max } = PUBSUB_LIMITS.backoffSeconds;
  const { minimumBackoffSeconds: low, maximumBackoffSeconds: high } = choices;
  const cap = base.value('backoffCapSeconds');
  // A bound given by hand moves the derived one rather than contradicting it.
  const minimum = low ?? Math.min(base.value('backoffBaseSeconds'), high ?? max);
  const source = `${REFERENCE}.retryPolicy: 0 to 600 s each, by default 10 and 600`;
  return [
    low !== undefined
      ? given('minimumBackoffSeconds', low, 's')
      : {
          name: 'minimumBackoffSeconds',
          value: minimum,
          unit: 's',
          formula: "the plan's backoff base, at most the maximum; Pub/Sub doubles it with every attempt",
          inputs: { backoffBaseSeconds: base.value('backoffBaseSeconds') },
          source,
        },
    high !== undefined
      ? given('maximumBackoffSeconds', high, 's')
      : {
          name: 'maximumBackoffSeconds',
          value: Math.min(max, Math.max(cap, minimum)),
          unit: 's',
          formula: "the plan's backoff cap, at least the minimum and at most 600",
          inputs: { backoffCapSeconds: cap, minimumBackoffSeconds: minimum },
          source,
        },
  ];
}

function attempts(base: Plan, { maxDeliveryAttempts }: SubscriptionChoices): Knob {
  if (maxDeliveryAttempts !== undefined) return given('maxDeliveryAttempts', maxDeliveryAttempts, 'attempts');
  const { min, max } = PUBSUB_LIMITS.deliveryAttempts;
  const planned = base.value('maxReceiveCount');
  return {
    name: 'maxDeliveryAttempts',
    value: Math.min(max, Math.max(min, planned)),
    unit: 'attempts',
    formula: 'attempts of the plan within 5 and 100; Pub/Sub keeps to it as well as it can',
    inputs: { maxReceiveCount: planned },
    source: 'Pub/Sub API reference, DeadLetterPolicy.maxDeliveryAttempts',
  };
}

function retention(base: Plan, { retentionSeconds }: SubscriptionChoices): Knob[] {
  const { max } = PUBSUB_LIMITS.retentionSeconds;
  const own = retentionSeconds ?? base.value('retentionSeconds');
  return [
    ...(retentionSeconds !== undefined ? [given('retentionSeconds', retentionSeconds, 's')] : []),
    {
      name: 'deadLetterRetentionSeconds',
      value: max,
      unit: 's',
      formula: 'the longest there is: what nobody could serve waits for a person, longer than what is still tried',
      inputs: { retentionSeconds: own },
      source: `${REFERENCE}.messageRetentionDuration: 10 minutes to 31 days`,
    },
  ];
}

function given(name: string, value: number, unit: string): Knob {
  return { name, value, unit, formula: 'given', inputs: {}, source: 'set by hand' };
}
