/** Amazon SQS: its names and limits for time-outs, attempts and retention. */
import { chosenKnob } from '../../alarms';
import { type Check, isKnown, shown, wholeNumber } from '../../errors';
import { figure } from '../../figures';
import { given, type Knob, unlessGiven } from '../../plan';
import { queueAlarmKnobs } from '../alarms';
import type { Asked, Attempted, Planned } from '../planned';
import type { PlatformName } from '../platforms/facts';
import type { QueueQuestion } from '../question';
import type { Refusal } from '../refusal';
import { FEWEST_ATTEMPTS } from '../resolve';
import { type RetentionLimits, retentionFor, retentionRefusal } from '../retention';
import type { Retry } from '../retry';
import { fasterItems } from '../ways-out';
import type { Broker } from './broker';
import { BROKER_FACTS } from './facts';
import { deadLetterKnobs, REDRIVER_TIMEOUT_SECONDS, redriveKnobs } from './sqs-redrive';

const DAY = 86_400;
const DATA_KEY_REUSE_SECONDS = 300;

/** Defaults of SQS: SQS API reference, SetQueueAttributes. */
export const SQS_DEFAULTS = { visibilitySeconds: 30, retentionSeconds: 4 * DAY } as const;

/** Amazon SQS API reference and quotas. */
export const SQS_LIMITS = {
  visibilitySeconds: 43_200,
  retentionSeconds: { min: 60, derived: SQS_DEFAULTS.retentionSeconds, max: 14 * DAY },
  delaySeconds: 900,
  waitSeconds: 20,
  receiveCount: { min: 1, max: 1000 },
  messageBytes: 1_048_576,
} as const;

/** AWS Lambda developer guide, "Configuring a queue to use with Lambda": room for retries of a throttled invocation. */
export const LAMBDA_VISIBILITY_FACTOR = 6;
/** The same page: a throttled delivery counts as a receive, so fewer attempts set good messages aside. */
export const FEWEST_RECEIVES = FEWEST_ATTEMPTS;
const LAMBDA_SQS = 'AWS Lambda developer guide, Creating and configuring an Amazon SQS event source mapping';
/** A worker that polls by itself deletes the message after the attempt; SQS's default leaves enough time for that. */
const DELETE_SECONDS = SQS_DEFAULTS.visibilitySeconds;

/** Lambda hides messages for a mapping, and a platform that was not named may be Lambda. */
function isLambda(platform: PlatformName): boolean {
  return platform === 'lambda' || platform === 'lambda-provisioned' || platform === 'other';
}

function checks(question: QueueQuestion): Check[] {
  const { maxReceiveCount, retentionSeconds, visibilityTimeoutSeconds } = question;
  const { deadLetterRetentionSeconds, deadLetterVisibilitySeconds } = question;
  const { itemBytes } = question.workload;
  const { receiveCount, retentionSeconds: retention } = SQS_LIMITS;
  return [
    wholeNumber('maxReceiveCount', maxReceiveCount, receiveCount.min, receiveCount.max),
    wholeNumber('visibilityTimeout in seconds', visibilityTimeoutSeconds, 0, SQS_LIMITS.visibilitySeconds),
    wholeNumber('deadLetterRetention in seconds', deadLetterRetentionSeconds, 2 * DAY, retention.max),
    wholeNumber(
      'deadLetterVisibilityTimeout in seconds',
      deadLetterVisibilitySeconds,
      // Lambda makes no mapping of a function that takes longer than its queue hides a message.
      REDRIVER_TIMEOUT_SECONDS,
      SQS_LIMITS.visibilitySeconds,
    ),
    retentionCheck(retentionSeconds, deadLetterRetentionSeconds),
    {
      refused: isKnown(itemBytes) && itemBytes > SQS_LIMITS.messageBytes,
      message: `itemBytes must be at most ${SQS_LIMITS.messageBytes}, the largest message of SQS, got ${shown(itemBytes)}`,
    },
  ];
}

/** Dead letters keep their age, and a person needs a day with them. */
function retentionCheck(retentionSeconds: number | undefined, letters: number | undefined): Check {
  const { min, max } = SQS_LIMITS.retentionSeconds;
  const check = wholeNumber('retention in seconds', retentionSeconds, min, max - DAY);
  if (check.refused || !isKnown(letters) || !isKnown(retentionSeconds)) return check;
  return {
    refused: retentionSeconds > letters - DAY,
    message: `retention must be at least a day shorter than that of the dead-letter queue, ${letters} s, because a dead letter keeps its age, got ${retentionSeconds} s; let the dead-letter queue keep ${max} s`,
  };
}

/** Seconds that one receive hides a message: what the queue has or, if that is not set, what an attempt needs. */
function visibilitySeconds(asked: Asked): number {
  return asked.question.visibilityTimeoutSeconds ?? neededVisibilitySeconds(asked);
}

/** Seconds that one receive has to hide a message: the whole attempt, and what follows it. */
function neededVisibilitySeconds({ question, platform, itemTimeoutSeconds }: Asked): number {
  const { functionTimeoutSeconds: timeout = itemTimeoutSeconds, batchWindowSeconds: window = 0 } = question;
  return isLambda(platform)
    ? Math.ceil(LAMBDA_VISIBILITY_FACTOR * timeout + window)
    : itemTimeoutSeconds + DELETE_SECONDS;
}

/** A failed message stays hidden for the rest of its visibility time-out: SQS has no delay for retries. */
function retry(asked: Asked): Retry {
  const { serviceSeconds } = asked.question.workload;
  const visibilityTimeoutSeconds = visibilitySeconds(asked);
  const seconds = Math.max(0, visibilityTimeoutSeconds - serviceSeconds);
  return {
    delay: { baseSeconds: seconds, capSeconds: seconds, jitter: false },
    formula: 'visibility time-out − service time: a failed message stays hidden for the rest of it',
    inputs: { visibilityTimeoutSeconds, serviceSeconds },
    source: 'Amazon SQS developer guide, Visibility timeout; shorter only where the consumer changes the visibility',
  };
}

function visibilityRefusal(attempted: Attempted): Refusal | undefined {
  const { question, platform, itemTimeoutSeconds } = attempted;
  const value = neededVisibilitySeconds(attempted);
  // The time for the delete is a choice for queues that are made: one that is there needs the time of the attempt.
  const least = isLambda(platform) ? value : itemTimeoutSeconds;
  const { visibilitySeconds: longest } = SQS_LIMITS;
  const has = question.visibilityTimeoutSeconds;
  if (has !== undefined && has < least && value <= longest)
    return shortVisibility(attempted, { has, least, needed: value });
  if (value <= longest) return undefined;
  const attempt = isLambda(platform) ? (question.functionTimeoutSeconds ?? itemTimeoutSeconds) : itemTimeoutSeconds;
  return {
    reason: () =>
      `one attempt may take ${figure(attempt)} s, which needs a visibility time-out of ${figure(value)} s; SQS allows ${figure(longest)} s`,
    waysOut: (asked, fits) => [
      fasterItems({ question: asked, fits }),
      { sentence: 'let the consumer hand the item on and delete the message' },
    ],
  };
}

/** Seconds that a queue hides a message: as it is, the fewest, and as one is made. */
interface Hidden {
  readonly has: number;
  readonly least: number;
  readonly needed: number;
}

/** The refusal of a queue that shows a message again while it may still be worked on. */
function shortVisibility({ question, platform }: Attempted, seconds: Hidden): Refusal {
  const { has, least, needed } = seconds;
  const work = isLambda(platform)
    ? `${LAMBDA_VISIBILITY_FACTOR} × the time-out of the function + the batch window`
    : 'the time of one item';
  const lambdaSeconds = question.functionTimeoutSeconds;
  const shorter = Math.floor((has - (question.batchWindowSeconds ?? 0)) / LAMBDA_VISIBILITY_FACTOR);
  return {
    reason: () =>
      `the queue hides a message for ${figure(has)} s, and ${work} is ${figure(least)} s: the message would be delivered again while it may still be in work`,
    waysOut: (asked) => [
      {
        sentence: `a visibility timeout of ${needed} s`,
        question: { ...asked, visibilityTimeoutSeconds: needed },
      },
      lambdaSeconds === undefined || shorter < 1
        ? undefined
        : {
            sentence: `a functionTimeout of ${shorter} s`,
            question: { ...asked, functionTimeoutSeconds: shorter },
          },
    ],
  };
}

function visibility(planned: Planned): Knob {
  const { question, platform, itemTimeoutSeconds } = planned;
  if (question.visibilityTimeoutSeconds !== undefined)
    return given('visibilityTimeoutSeconds', question.visibilityTimeoutSeconds, 's');
  const { functionTimeoutSeconds: timeout, batchWindowSeconds: window = 0 } = question;
  const lambda = isLambda(platform);
  const value = visibilitySeconds(planned);
  if (!lambda) {
    return {
      name: 'visibilityTimeoutSeconds',
      value,
      unit: 's',
      formula: 'item time-out + 30 s to delete the message',
      inputs: { itemTimeoutSeconds },
      source:
        'Amazon SQS developer guide, Visibility timeout: the longest that one message takes to process and delete',
    };
  }
  return timeout === undefined
    ? {
        name: 'visibilityTimeoutSeconds',
        value,
        unit: 's',
        formula: '6 × item time-out + batch window',
        inputs: { itemTimeoutSeconds, batchWindowSeconds: window },
        source: LAMBDA_SQS,
      }
    : {
        name: 'visibilityTimeoutSeconds',
        value,
        unit: 's',
        formula: '6 × function time-out + batch window',
        inputs: { functionTimeoutSeconds: timeout, batchWindowSeconds: window },
        source: LAMBDA_SQS,
      };
}

function attempts({ question, platform, sizing }: Planned): Knob {
  const lambda = isLambda(platform);
  return {
    name: 'maxReceiveCount',
    value: sizing.consumer.maxAttempts,
    unit: 'attempts',
    ...unlessGiven(
      question.maxReceiveCount ?? question.consumer?.maxAttempts,
      lambda
        ? 'fewest that do not set good items aside: a throttled delivery counts as a receive'
        : 'fewest that do not set good items aside: what a stopped instance had in work counts as a receive',
    ),
    source: lambda
      ? 'AWS Lambda developer guide, services-sqs-configure: at least 5'
      : 'this library: as many as on Lambda, so that a queue may change its platform',
  };
}

/** Dead letters keep their age, and a person needs a day with them. */
function retentionLimits({ deadLetterRetentionSeconds }: QueueQuestion): RetentionLimits {
  const { min, derived, max } = SQS_LIMITS.retentionSeconds;
  const longest = (deadLetterRetentionSeconds ?? max) - DAY;
  return { shortest: min, derived: Math.min(derived, longest), longest };
}

function retention(planned: Planned): Knob {
  return retentionFor(
    planned,
    retentionLimits(planned.question),
    'SQS API reference, MessageRetentionPeriod: default 4 days, at most 14',
  );
}

/** How the queues of a construct are read and encrypted. */
function queueKnobs({ customerKey }: QueueQuestion): Knob[] {
  return [
    chosenKnob(
      'receiveMessageWaitTimeSeconds',
      SQS_LIMITS.waitSeconds,
      's',
      'the longest: a poll of an empty queue waits for a message and costs one request',
      'Amazon SQS developer guide, Short and long polling: 0 to 20 s',
    ),
    ...(customerKey === true
      ? [
          chosenKnob(
            'dataKeyReuseSeconds',
            DATA_KEY_REUSE_SECONDS,
            's',
            'the default: one call to KMS in five minutes, not one a message',
            'Amazon SQS API reference, KmsDataKeyReusePeriodSeconds: 60 s to a day',
          ),
        ]
      : []),
  ];
}

/** Amazon SQS. */
export const SQS: Broker = {
  facts: BROKER_FACTS.sqs,
  choices: [
    'maxReceiveCount',
    'retentionSeconds',
    'visibilityTimeoutSeconds',
    'deadLetterRetentionSeconds',
    'deadLetterVisibilitySeconds',
  ],
  checks,
  refusal: (attempted) =>
    visibilityRefusal(attempted) ?? retentionRefusal(attempted, retentionLimits(attempted.question)),
  alarms: (plan, { redrive }) => (redrive === undefined ? [] : queueAlarmKnobs(plan)),
  consumer: ({ maxReceiveCount, consumer }) => ({ maxAttempts: maxReceiveCount ?? consumer?.maxAttempts }),
  retry,
  knobs(planned) {
    const kept = retention(planned);
    const knobs = [visibility(planned), attempts(planned), kept];
    const { redrive } = planned.question;
    if (redrive === undefined) return knobs;
    return [
      ...knobs,
      ...queueKnobs(planned.question),
      ...deadLetterKnobs(planned.question, kept.value, SQS_LIMITS.retentionSeconds.max, LAMBDA_VISIBILITY_FACTOR),
      ...redriveKnobs(planned, redrive, {
        visibilitySeconds: knobs[0].value,
        receives: knobs[1].value,
        longestDelaySeconds: SQS_LIMITS.delaySeconds,
      }),
    ];
  },
};
