/** Amazon SQS: its names and limits for time-outs, attempts and retention. */
import { chosenKnob } from '../../alarms';
import { CapacityError, type Check, wholeNumber } from '../../errors';
import { figure } from '../../figures';
import type { Knob } from '../../plan';
import { queueAlarmKnobs } from '../alarms';
import type { Planned } from '../planned';
import type { PlatformName } from '../platforms/facts';
import type { QueueQuestion } from '../question';
import { FEWEST_ATTEMPTS } from '../resolve';
import { retentionFor } from '../retention';
import type { Broker } from './broker';
import { BROKER_FACTS } from './facts';
import { deadLetterKnobs, redriveChecks, redriveKnobs } from './sqs-redrive';

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
  const { maxReceiveCount, retentionSeconds, redrive } = question;
  const { receiveCount, retentionSeconds: retention } = SQS_LIMITS;
  return [
    wholeNumber('maxReceiveCount', maxReceiveCount, receiveCount.min, receiveCount.max),
    // Dead letters keep their age, and a person needs a day with them.
    wholeNumber('retention in seconds', retentionSeconds, retention.min, retention.max - DAY),
    ...(redrive === undefined ? [] : redriveChecks(redrive)),
  ];
}

function visibility({ subject, question, platform, itemTimeoutSeconds, sizing }: Planned): Knob {
  const { functionTimeoutSeconds: timeout, batchWindowSeconds: window = 0 } = question;
  const lambda = isLambda(platform);
  const attempt = lambda ? (timeout ?? itemTimeoutSeconds) : itemTimeoutSeconds;
  const value = lambda ? Math.ceil(LAMBDA_VISIBILITY_FACTOR * attempt + window) : itemTimeoutSeconds + DELETE_SECONDS;
  const { visibilitySeconds: longest } = SQS_LIMITS;
  if (value > longest) {
    const room = lambda ? (longest - window) / LAMBDA_VISIBILITY_FACTOR : longest - DELETE_SECONDS;
    // The time-out scales with the mean.
    const mean = Math.floor((sizing.workload.serviceSeconds * room * 1000) / itemTimeoutSeconds) / 1000;
    throw new CapacityError(
      subject,
      `one attempt may take ${figure(attempt)} s, which needs a visibility time-out of ${figure(value)} s; SQS allows ${figure(longest)} s`,
      [
        `${figure(mean)} s per item`,
        ...(lambda ? ['give a functionTimeout of at most 15 min'] : []),
        'let the consumer hand the item on and delete the message',
      ],
    );
  }
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

function attempts({ question, sizing }: Planned): Knob {
  if (question.maxReceiveCount !== undefined) {
    const value = question.maxReceiveCount;
    return { name: 'maxReceiveCount', value, unit: 'attempts', formula: 'given', inputs: {}, source: 'set by hand' };
  }
  const { maxAttempts } = sizing.consumer;
  return {
    name: 'maxReceiveCount',
    value: maxAttempts,
    unit: 'attempts',
    formula: 'max(5, maxAttempts): a throttled delivery counts as a receive, too few set good items aside',
    inputs: { maxAttempts: sizing.given.maxAttempts ?? maxAttempts },
    source: 'AWS Lambda developer guide, services-sqs-configure: at least 5',
  };
}

function retention(planned: Planned): Knob {
  const { min, derived, max } = SQS_LIMITS.retentionSeconds;
  return retentionFor(
    planned,
    // Dead letters keep their age, and a person needs a day with them.
    { shortest: min, derived, longest: max - DAY },
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
  checks,
  alarms: (plan, { redrive }) => (redrive === undefined ? [] : queueAlarmKnobs(plan)),
  consumer: ({ maxReceiveCount, consumer }) => ({ maxAttempts: maxReceiveCount ?? consumer?.maxAttempts }),
  knobs(planned) {
    const kept = retention(planned);
    const knobs = [visibility(planned), attempts(planned), kept];
    const { redrive } = planned.question;
    if (redrive === undefined) return knobs;
    return [
      ...knobs,
      ...queueKnobs(planned.question),
      ...deadLetterKnobs(kept.value, SQS_LIMITS.retentionSeconds.max, LAMBDA_VISIBILITY_FACTOR),
      ...redriveKnobs(planned, redrive, {
        visibilitySeconds: knobs[0].value,
        receives: knobs[1].value,
        longestDelaySeconds: SQS_LIMITS.delaySeconds,
      }),
    ];
  },
};
