/** The knobs of a sender, with their reasons. */

import { chosenKnob } from '../alarms';
import { type Knob, unlessGiven } from '../plan';
import { SQS_DEFAULTS, SQS_LIMITS } from '../queue/brokers/sqs';
import { DAY_SECONDS } from '../ranges';
import { daysFor, type Pace, standbyPace } from './limit';
import { SENDERS } from './senders';
import type { RatesQuestion } from './workload';

const GCRA = 'ITU-T I.371, generic cell rate algorithm, seen from the receiver';
const SES_QUOTAS = 'Amazon SES developer guide, Errors related to the sending quotas: wait up to 10 minutes';
const SES_REVIEW = 'Amazon SES developer guide, sending review process FAQs';
/** Where sending pauses by itself, unless the objective says otherwise: where Amazon SES begins a review. */
export const PAUSE_AT = { bounceRatio: 0.05, complaintRatio: 0.001 } as const;
/** Senders in flight beyond Little's law, so that one that is late leaves no slot empty. */
const SPARE_SENDERS = 1.2;
/** Portions that a function may wait for before it is ended. */
const TIMEOUT_PORTIONS = 3;
const TIMEOUT_SPARE_SECONDS = 5;
/** Days that messages are kept: what Amazon SQS does by default, and a day less than a dead-letter queue keeps them. */
const DEAD_LETTER_SECONDS = SQS_LIMITS.retentionSeconds.max;
const RETENTION = { least: SQS_DEFAULTS.retentionSeconds, most: DEAD_LETTER_SECONDS - DAY_SECONDS };
/** Messages that Lambda takes into a batch without waiting for more. */
const MOST_WITHOUT_WINDOW = 10;
/** Of the provider's refusals, and receives that are none: a pause, a late slot, a sender that ended. */
const ATTEMPTS = { refused: 5, other: 5 };
const CALL_SPARE_SECONDS = 4;
const LEAST_HORIZON_SECONDS = 60;
/** Of the rate, what is left of it after a throttle, and what comes back of the limit with each step. */
const ADAPTATION = { factor: 0.7, step: 0.01, everySeconds: 10 };

/** How the messages in flight are shared out. */
export interface Crew {
  readonly inFlight: number;
  readonly instances: number;
  readonly perInstance: number;
  readonly leasesPerSecond: number;
  /** The rate of the slower provider, at which a portion takes longest. */
  readonly slowestPerSecond: number;
}

/** Senders for that rate: Little's law, in as few instances as there may be. */
export function crewFor({ messagesPerSecond, jitterSeconds }: Pace, question: RatesQuestion): Crew {
  const { workload, sender = 'lambda' } = question;
  const { leastInstances, mostPerInstance, batches } = SENDERS[sender];
  const standby = standbyPace(question);
  const busy = messagesPerSecond * (workload.callSeconds + jitterSeconds);
  const inFlight = Math.max(1, Math.ceil(busy * SPARE_SENDERS - 1e-9));
  // While one waits for its last call, the slots are for the batches of the others.
  const waiting = batches ? 1 : 0;
  const instances = Math.max(leastInstances, Math.ceil(inFlight / mostPerInstance) + waiting);
  const perInstance = Math.ceil(inFlight / (instances - waiting));
  return {
    inFlight,
    instances,
    perInstance,
    leasesPerSecond: messagesPerSecond / perInstance,
    slowestPerSecond: Math.min(messagesPerSecond, standby?.messagesPerSecond ?? messagesPerSecond),
  };
}

/** The rate and what it follows from. */
export function paceKnobs(pace: Pace, { workload, sender = 'lambda', ...question }: RatesQuestion): Knob[] {
  const { windowMessages, windowSeconds, jitterSeconds, burst, messagesPerSecond } = pace;
  const { burstSeconds, source, title, mostPerSecond } = SENDERS[sender];
  const { messagesPerSecond: byHand } = question;
  const inputs = { windowMessages, windowSeconds, jitterSeconds };
  const slots =
    messagesPerSecond === mostPerSecond
      ? unlessGiven(byHand, `the most of ${title}`)
      : burstSeconds === undefined || messagesPerSecond > (windowMessages + 1) / (windowSeconds + jitterSeconds)
        ? unlessGiven(byHand, '(messages in a window − (burst − 1)) ÷ (window + jitter)', { ...inputs, burst })
        : unlessGiven(
            byHand,
            '(messages in a window + 1) ÷ (window + jitter + seconds of the rate that leave at once)',
            {
              ...inputs,
              burstSeconds,
            },
          );
  return [
    {
      name: 'windowMessages',
      value: windowMessages,
      unit: 'messages',
      formula: 'limit × share × window ÷ recipients of a message, rounded down',
      inputs: {
        limitPerSecond: pace.limitPerSecond,
        windowSeconds,
        recipientsPerMessage: workload.recipientsPerMessage ?? 1,
      },
      source: "the provider's limit, as given",
    },
    {
      name: 'messagesPerSecond',
      value: messagesPerSecond,
      unit: 'messages/s',
      ...slots,
      source: burstSeconds === undefined ? GCRA : `${GCRA}; ${source}`,
    },
    ...dayKnobs('', pace),
    ...standbyKnobs(standbyPace({ workload, sender, ...question })),
    ...(burstSeconds === undefined
      ? [
          {
            name: 'burst',
            value: burst,
            unit: 'messages',
            ...unlessGiven(question.burst, 'one: what leaves at once is in the same window, and lowers the rate'),
            source: GCRA,
          },
          {
            name: 'slotSeconds',
            value: jitterSeconds / 2,
            unit: 's',
            formula:
              'half the jitter: how late a message may leave its slot, a later one takes a new slot; the other half is for its way to the provider',
            inputs: { jitterSeconds },
            source:
              'measured, test/engines/sender.test.ts: with all of it for the sender, 101 arrived in a second of 100',
          },
        ]
      : []),
  ];
}

/** The daily limit, where there is one. */
function dayKnobs(whose: '' | 'standby', { messagesPerDay }: Pace): Knob[] {
  if (!Number.isFinite(messagesPerDay)) return [];
  return [
    {
      name: whose === '' ? 'messagesPerDay' : 'standbyMessagesPerDay',
      value: messagesPerDay,
      unit: 'messages',
      formula: 'daily limit × share ÷ recipients of a message, rounded down, in any 24 hours',
      inputs: {},
      source: "the provider's limit, as given",
    },
  ];
}

/** The rate of the second provider. */
function standbyKnobs(pace: Pace | undefined): Knob[] {
  if (pace === undefined) return [];
  const { windowMessages, windowSeconds, jitterSeconds, burst, messagesPerSecond } = pace;
  return [
    {
      name: 'standbyMessagesPerSecond',
      value: messagesPerSecond,
      unit: 'messages/s',
      formula: 'as messagesPerSecond, by the limit of the second provider',
      inputs: { windowMessages, windowSeconds, jitterSeconds, burst },
      source: GCRA,
    },
    ...dayKnobs('standby', pace),
  ];
}

/** The senders. */
export function crewKnobs(pace: Pace, crew: Crew, { workload, sender = 'lambda' }: RatesQuestion): Knob[] {
  const { mostPerInstance, leastInstances, source, bucketWrites, mostSeconds, batches } = SENDERS[sender];
  const { messagesPerSecond, jitterSeconds } = pace;
  const { callSeconds } = workload;
  const { inFlight, instances, perInstance, leasesPerSecond } = crew;
  const knobs: Knob[] = [
    {
      name: 'inFlight',
      value: inFlight,
      unit: 'messages',
      formula: `messages/s × (time of a call + jitter) × ${SPARE_SENDERS}, rounded up`,
      inputs: { messagesPerSecond, callSeconds, jitterSeconds },
      source: "Little's law; a fifth more, so that one late sender leaves no slot empty",
    },
  ];
  if (sender === 'cloud-tasks')
    return [
      ...knobs,
      { ...knobs[0], name: 'maxConcurrentDispatches', formula: 'messages in flight', inputs: { inFlight }, source },
    ];
  knobs.push(
    {
      name: 'senders',
      value: instances,
      unit: 'instances',
      formula: `as few as there may be: messages in flight ÷ those of one instance, rounded up${batches ? ', and one that waits for its last call' : ''}`,
      inputs: { inFlight, mostPerInstance, leastInstances },
      source,
    },
    {
      name: 'messagesPerSender',
      value: perInstance,
      unit: 'messages',
      formula: batches
        ? 'messages in flight ÷ (instances − 1), rounded up: one of them waits for its last call'
        : 'messages in flight ÷ instances, rounded up',
      inputs: { inFlight, senders: instances },
      source: 'as many as one portion of slots',
    },
    {
      name: 'bucketWritesPerSecond',
      value: leasesPerSecond,
      unit: 'writes/s',
      formula: 'messages/s ÷ slots that are taken at once',
      inputs: { messagesPerSecond, messagesPerSender: perInstance },
      source: bucketWrites.source,
    },
  );
  if (mostSeconds !== undefined) knobs.push(...functionKnobs(crew, callSeconds));
  return knobs;
}

/** How a function takes messages from its queue, and how long it may take. */
function functionKnobs(crew: Crew, callSeconds: number): Knob[] {
  const { perInstance } = crew;
  const timeout = timeoutKnob(crew, callSeconds);
  const callTimeoutSeconds = Math.ceil(2 * callSeconds) + CALL_SPARE_SECONDS;
  return [
    timeout,
    {
      name: 'horizonSeconds',
      value: Math.max(LEAST_HORIZON_SECONDS, timeout.value),
      unit: 's',
      formula:
        'the time-out of the function, at least a minute: a bucket that is further ahead was set by a wrong clock',
      inputs: { functionTimeoutSeconds: timeout.value },
      source: 'derived here: no sender waits longer for its slot',
    },
    {
      name: 'callTimeoutSeconds',
      value: callTimeoutSeconds,
      unit: 's',
      formula: `2 × time of a call, rounded up, + ${CALL_SPARE_SECONDS}: a call without an answer may have sent the mail`,
      inputs: { callSeconds },
      source: 'derived here: it ends before the function does',
    },
    {
      name: 'batchWindowSeconds',
      value: perInstance > MOST_WITHOUT_WINDOW ? 1 : 0,
      unit: 's',
      formula: `a batch above ${MOST_WITHOUT_WINDOW} messages needs a second at least`,
      inputs: { messagesPerSender: perInstance },
      source: 'AWS Lambda API reference, CreateEventSourceMapping: BatchSize',
    },
    chosenKnob(
      'maxReceiveCount',
      ATTEMPTS.refused + ATTEMPTS.other,
      'attempts',
      `${ATTEMPTS.refused} attempts, and ${ATTEMPTS.other} receives that are none: a pause, a late slot, a sender that ended`,
      'derived here: Amazon SQS counts every receive',
    ),
    chosenKnob(
      'closedSeconds',
      900,
      's',
      'how long a message is hidden while nothing may be sent: the receives last for hours of it',
      'Amazon SQS API reference, ChangeMessageVisibility: 12 hours at most',
    ),
    {
      name: 'holdSeconds',
      value: callTimeoutSeconds,
      unit: 's',
      formula: 'the time-out of a call: a function that may not send waits before it gives its messages back',
      inputs: { callTimeoutSeconds },
      source: 'Amazon SQS developer guide, message quotas: 120,000 in flight; faster, the whole queue would be hidden',
    },
  ];
}

/** Seconds until a function that waits for its slots is ended. */
export function timeoutKnob({ instances, perInstance, slowestPerSecond }: Crew, callSeconds: number): Knob {
  const portionSeconds = (perInstance * instances) / slowestPerSecond;
  return {
    name: 'functionTimeoutSeconds',
    value: Math.ceil(TIMEOUT_PORTIONS * (portionSeconds + callSeconds) - 1e-9) + TIMEOUT_SPARE_SECONDS,
    unit: 's',
    formula: `${TIMEOUT_PORTIONS} × (time between two portions of one instance + time of a call), rounded up, + ${TIMEOUT_SPARE_SECONDS}`,
    inputs: { portionSeconds, callSeconds },
    source: 'derived here: a portion is late by at most the two before it',
  };
}

/** What happens to a campaign, to a refusal, and when sending pauses. */
export function brakeKnobs(pace: Pace, campaignSeconds: number, { workload, objective = {} }: RatesQuestion): Knob[] {
  const { campaignMessages = 0, steadyPerSecond = 0 } = workload;
  const { bounceRatio, complaintRatio } = objective;
  const days = daysFor(campaignMessages, steadyPerSecond, pace);
  const { factor, step, everySeconds } = ADAPTATION;
  const retentionSeconds = Math.min(
    RETENTION.most,
    Math.max(RETENTION.least, Math.ceil((2 * campaignSeconds) / 60) * 60),
  );
  return [
    ...(campaignMessages > 0
      ? [
          {
            name: 'releases',
            value: days,
            unit: 'portions',
            ...(Number.isFinite(pace.messagesPerDay)
              ? {
                  formula: 'messages of the campaign ÷ what the daily limit leaves, rounded up: one a day',
                  inputs: { campaignMessages, messagesPerDay: pace.messagesPerDay },
                }
              : { formula: 'all at once: there is no daily limit', inputs: {} }),
            source: "the provider's limit, as given",
          },
        ]
      : []),
    {
      name: 'retentionSeconds',
      value: retentionSeconds,
      unit: 's',
      formula: 'twice the campaign, at least four days, at most thirteen',
      inputs: { campaignSeconds, ...RETENTION },
      source:
        'Amazon SQS API reference, MessageRetentionPeriod: 4 days by default; a dead letter keeps its age, up to 14',
    },
    {
      name: 'recordSeconds',
      value: retentionSeconds + DEAD_LETTER_SECONDS,
      unit: 's',
      formula: 'retention + 14 days: until then a copy of the message may come back',
      inputs: { retentionSeconds },
      source: 'Amazon SQS API reference, MessageRetentionPeriod: a quarantined copy is kept 14 days',
    },
    chosenKnob('backoffSeconds', 1, 's', 'the longest wait after the first refusal; it doubles', SES_QUOTAS),
    chosenKnob(
      'backoffCapSeconds',
      600,
      's',
      'the longest wait after a refusal; each is drawn at random below it',
      SES_QUOTAS,
    ),
    chosenKnob(
      'throttledFactor',
      factor,
      'ratio',
      `the rate after a refusal, at most once in ${everySeconds} s`,
      'Chiu and Jain (1989): additive increase, multiplicative decrease',
    ),
    chosenKnob(
      'recoveryStep',
      step,
      'ratio',
      `share of the rate that comes back every ${everySeconds} s`,
      'Chiu and Jain (1989)',
    ),
    chosenKnob(
      'adaptSeconds',
      everySeconds,
      's',
      'time between two changes of the rate',
      'derived here: ten windows of a second',
    ),
    {
      name: 'pauseAtBounceRatio',
      value: bounceRatio ?? PAUSE_AT.bounceRatio,
      unit: 'ratio',
      ...unlessGiven(bounceRatio, 'where the provider begins a review; at 0.1 it pauses the account'),
      source: SES_REVIEW,
    },
    {
      name: 'pauseAtComplaintRatio',
      value: complaintRatio ?? PAUSE_AT.complaintRatio,
      unit: 'ratio',
      ...unlessGiven(complaintRatio, 'where the provider begins a review; at 0.005 it pauses the account'),
      source: SES_REVIEW,
    },
  ];
}
