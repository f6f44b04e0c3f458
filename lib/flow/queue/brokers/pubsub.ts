/** Google Cloud Pub/Sub: its names and limits for deadline, backoff, attempts and retention. */
import { chosenKnob } from '../../alarms';
import { type Check, isKnown, shown, wholeNumber } from '../../errors';
import { figure } from '../../figures';
import { given, type Knob, unlessGiven } from '../../plan';
import { subscriptionAlarmKnobs } from '../alarms';
import { DEFAULT_BACKOFF } from '../backoff';
import type { Attempted, Planned } from '../planned';
import type { QueueQuestion } from '../question';
import type { Refusal } from '../refusal';
import { retentionFor, retentionRefusal } from '../retention';
import { fasterItems } from '../ways-out';
import type { Broker } from './broker';
import { BROKER_FACTS } from './facts';

const REFERENCE = 'Pub/Sub API reference, Subscription';
const DAY = 86_400;

/** Pub/Sub API reference, `Subscription`, `DeadLetterPolicy` and `RetryPolicy`; bytes from "Quotas and limits". */
export const PUBSUB_LIMITS = {
  ackDeadlineSeconds: { min: 10, max: 600 },
  backoffSeconds: { min: 0, max: 600 },
  deliveryAttempts: { min: 5, max: 100 },
  retentionSeconds: { min: 600, derived: 4 * DAY, max: 31 * DAY },
  messageBytes: 10_000_000,
} as const;

/** Checks of the choices. */
function checks(question: QueueQuestion): Check[] {
  const { ackDeadlineSeconds: deadline, minimumBackoffSeconds: low, maximumBackoffSeconds: high } = question;
  const limits = PUBSUB_LIMITS;
  const { serviceSeconds, itemBytes } = question.workload;
  return [
    wholeNumber('ackDeadlineSeconds', deadline, limits.ackDeadlineSeconds.min, limits.ackDeadlineSeconds.max),
    {
      refused: isKnown(deadline) && isKnown(serviceSeconds) && deadline < serviceSeconds,
      message: `ackDeadlineSeconds must be at least serviceSeconds, ${shown(serviceSeconds)} s, got ${shown(deadline)}: a message would be pushed again while it is still being processed`,
    },
    wholeNumber('minimumBackoffSeconds', low, limits.backoffSeconds.min, limits.backoffSeconds.max),
    wholeNumber('maximumBackoffSeconds', high, limits.backoffSeconds.min, limits.backoffSeconds.max),
    {
      refused: isKnown(low) && isKnown(high) && low > high,
      message: `minimumBackoffSeconds must be at most maximumBackoffSeconds (${shown(high)}), got ${shown(low)}`,
    },
    wholeNumber(
      'maxDeliveryAttempts',
      question.maxDeliveryAttempts,
      limits.deliveryAttempts.min,
      limits.deliveryAttempts.max,
    ),
    // A dead letter is a new message with its own retention, which must be longer than the source's.
    wholeNumber(
      'retentionSeconds',
      question.retentionSeconds,
      limits.retentionSeconds.min,
      limits.retentionSeconds.max - DAY,
    ),
    {
      refused: isKnown(itemBytes) && itemBytes > limits.messageBytes,
      message: `itemBytes must be at most ${limits.messageBytes}, the largest message of Pub/Sub, got ${shown(itemBytes)}`,
    },
    wholeNumber(
      'consumer.maxAttempts',
      question.maxDeliveryAttempts === undefined ? question.consumer?.maxAttempts : undefined,
      limits.deliveryAttempts.min,
      limits.deliveryAttempts.max,
    ),
  ];
}

/** How long an outage behind the consumer may last before good messages become dead letters. */
function retrySpan(minimum: Knob, maximum: Knob, attempts: Knob): Knob {
  let span = 0;
  for (let retry = 0; retry < attempts.value - 1; retry += 1) {
    span += Math.min(maximum.value, minimum.value * 2 ** retry);
  }
  return {
    name: 'retrySpanSeconds',
    value: span,
    unit: 's',
    formula:
      'Σ min(maximum, minimum × 2ⁿ) over attempts − 1: an outage longer than that sends good messages to the dead letters',
    inputs: {
      minimumBackoffSeconds: minimum.value,
      maximumBackoffSeconds: maximum.value,
      maxDeliveryAttempts: attempts.value,
    },
    source: `${REFERENCE}.retryPolicy: exponential backoff`,
  };
}

function deadlineRefusal({ question, itemTimeoutSeconds }: Attempted): Refusal | undefined {
  const { max } = PUBSUB_LIMITS.ackDeadlineSeconds;
  if (question.ackDeadlineSeconds !== undefined || itemTimeoutSeconds <= max) return undefined;
  return {
    reason: () => `one attempt may take ${figure(itemTimeoutSeconds)} s, the longest ack deadline is ${max} s`,
    waysOut: (asked, fits) => [
      fasterItems({ question: asked, fits }),
      {
        sentence: `ackDeadlineSeconds ${max} given by hand, and every longer attempt is retried`,
        question: { ...asked, ackDeadlineSeconds: max },
      },
    ],
  };
}

function ackDeadline({ question, itemTimeoutSeconds }: Planned): Knob {
  const { ackDeadlineSeconds } = question;
  if (ackDeadlineSeconds !== undefined) return given('ackDeadlineSeconds', ackDeadlineSeconds, 's');
  const { min } = PUBSUB_LIMITS.ackDeadlineSeconds;
  return {
    name: 'ackDeadlineSeconds',
    value: Math.max(min, itemTimeoutSeconds),
    unit: 's',
    formula: 'max(10, item time-out): for a push subscription it is also the time that a request may take',
    inputs: { itemTimeoutSeconds },
    source: `${REFERENCE}.ackDeadlineSeconds: 10 to 600`,
  };
}

function backoff(question: QueueQuestion): [minimum: Knob, maximum: Knob] {
  const { max } = PUBSUB_LIMITS.backoffSeconds;
  const { minimumBackoffSeconds: low, maximumBackoffSeconds: high } = question;
  const { baseSeconds: backoffBaseSeconds, capSeconds: backoffCapSeconds } = DEFAULT_BACKOFF;
  // A bound given by hand moves the derived one, so that the two cannot contradict each other.
  const minimum = low ?? Math.min(backoffBaseSeconds, high ?? max);
  const source = `${REFERENCE}.retryPolicy: 0 to 600 s each, by default 10 and 600`;
  return [
    low !== undefined
      ? given('minimumBackoffSeconds', low, 's')
      : {
          name: 'minimumBackoffSeconds',
          value: minimum,
          unit: 's',
          formula: 'the base of the backoff, at most the maximum; Pub/Sub doubles it with every attempt',
          inputs: { backoffBaseSeconds },
          source,
        },
    high !== undefined
      ? given('maximumBackoffSeconds', high, 's')
      : {
          name: 'maximumBackoffSeconds',
          value: Math.min(max, Math.max(backoffCapSeconds, minimum)),
          unit: 's',
          formula: 'the bound of every delay between attempts, at least the minimum and at most 600',
          inputs: { backoffCapSeconds, minimumBackoffSeconds: minimum },
          source,
        },
  ];
}

function attempts({ question, sizing }: Planned): Knob {
  return {
    name: 'maxDeliveryAttempts',
    value: sizing.consumer.maxAttempts,
    unit: 'attempts',
    ...unlessGiven(
      question.maxDeliveryAttempts ?? question.consumer?.maxAttempts,
      'attempts of the plan, between 5 and 100; Pub/Sub counts them approximately',
    ),
    source: 'Pub/Sub API reference, DeadLetterPolicy.maxDeliveryAttempts',
  };
}

const RETENTION_LIMITS = {
  shortest: PUBSUB_LIMITS.retentionSeconds.min,
  derived: PUBSUB_LIMITS.retentionSeconds.derived,
  longest: PUBSUB_LIMITS.retentionSeconds.max - DAY,
};

/** Google Cloud Pub/Sub. */
export const PUBSUB: Broker = {
  facts: BROKER_FACTS.pubsub,
  choices: [
    'ackDeadlineSeconds',
    'minimumBackoffSeconds',
    'maximumBackoffSeconds',
    'maxDeliveryAttempts',
    'retentionSeconds',
  ],
  checks,
  refusal: (attempted) => deadlineRefusal(attempted) ?? retentionRefusal(attempted, RETENTION_LIMITS),
  alarms: () => subscriptionAlarmKnobs(),
  consumer: ({ maxDeliveryAttempts, consumer }) => ({ maxAttempts: maxDeliveryAttempts ?? consumer?.maxAttempts }),
  retry: ({ question }) => {
    const [minimum, maximum] = backoff(question);
    return {
      delay: { baseSeconds: minimum.value, capSeconds: maximum.value, jitter: false },
      formula: 'minimumBackoffSeconds, doubled with every attempt up to maximumBackoffSeconds',
      inputs: { minimumBackoffSeconds: minimum.value, maximumBackoffSeconds: maximum.value },
      source: `${REFERENCE}.retryPolicy: exponential backoff`,
    };
  },
  knobs(planned) {
    const { max } = PUBSUB_LIMITS.retentionSeconds;
    const source = `${REFERENCE}.messageRetentionDuration: 10 minutes to 31 days`;
    const kept = retentionFor(planned, RETENTION_LIMITS, source);
    const [minimum, maximum] = backoff(planned.question);
    const tries = attempts(planned);
    return [
      ackDeadline(planned),
      minimum,
      maximum,
      tries,
      kept,
      {
        name: 'deadLetterRetentionSeconds',
        value: max,
        unit: 's',
        formula: 'the longest possible: a dead letter waits for a person, longer than messages that are still retried',
        inputs: { retentionSeconds: kept.value },
        source,
      },
      chosenKnob(
        'deadLetterAckDeadlineSeconds',
        PUBSUB_LIMITS.ackDeadlineSeconds.max,
        's',
        'the longest: a person reads one dead letter at a time',
        `${REFERENCE}.ackDeadlineSeconds: 10 to 600`,
      ),
      retrySpan(minimum, maximum, tries),
    ];
  },
};
