/** What slows a sender down, what ends it, and how long it remembers: knobs with their reasons. */
import { chosenKnob } from '../alarms';
import { type Knob, unlessGiven } from '../plan';
import { SQS_DEFAULTS, SQS_LIMITS } from '../queue/brokers/sqs';
import { DAY_SECONDS } from '../ranges';
import { PAUSED_AT } from './checks';
import type { Pace } from './limit';
import { DAY_WINDOW_SECONDS, REPUTATION_SECONDS } from './run-time';
import { SENDERS } from './senders';
import type { RatesObjective, RatesQuestion } from './workload';

const SES_QUOTAS = 'Amazon SES developer guide, Errors related to the sending quotas: wait up to 10 minutes';
const SES_REVIEW = 'Amazon SES developer guide, sending review process FAQs';
/** Where sending pauses by itself, unless the objective says otherwise: where Amazon SES begins a review. */
export const PAUSE_AT = { bounceRatio: 0.05, complaintRatio: 0.001 } as const;
const DEAD_LETTER_SECONDS = SQS_LIMITS.retentionSeconds.max;
const LEAST_RECORD_SECONDS = 14 * DAY_SECONDS;
/** Of the rate, what is left of it after a throttle, and what comes back of the limit with each step. */
const ADAPTATION = { factor: 0.7, step: 0.01, everySeconds: 10 };

/** What becomes of a refusal, how long is remembered, and when sending pauses. */
export function brakeKnobs(campaignSeconds: number, question: RatesQuestion, paces: readonly Pace[]): Knob[] {
  const { sender = 'lambda' } = question;
  return [
    ...(sender === 'lambda' ? keepingKnobs(campaignSeconds) : []),
    ...(sender === 'deployment' || sender === 'cloud-run' ? [recordKnob(campaignSeconds)] : []),
    chosenKnob('backoffSeconds', 1, 's', 'the longest wait after the first refusal; it doubles', SES_QUOTAS),
    chosenKnob(
      'backoffCapSeconds',
      600,
      's',
      'the longest wait after a refusal; each is drawn at random below it',
      SES_QUOTAS,
    ),
    // A queue that is its own bucket slows down by itself.
    ...(sender === 'cloud-tasks' ? [] : adaptationKnobs()),
    // What Amazon SES measures; elsewhere the first sign is what the provider refuses.
    ...(sender === 'lambda' ? [bouncePauseKnob(question), complaintPauseKnob(question)] : []),
    ...(sender === 'deployment' ? [bouncePauseKnob(question), ...countingKnobs(question, paces)] : []),
  ];
}

/** How long Amazon SQS keeps a message, and the table its record. */
function keepingKnobs(campaignSeconds: number): Knob[] {
  const least = SQS_DEFAULTS.retentionSeconds;
  const { seconds: most } = SENDERS.lambda.keeps!;
  const retentionSeconds = Math.min(most, Math.max(least, Math.ceil((2 * campaignSeconds + DAY_SECONDS) / 60) * 60));
  return [
    {
      name: 'retentionSeconds',
      value: retentionSeconds,
      unit: 's',
      formula: 'twice the campaign and a day, at least four days, at most thirteen',
      inputs: { campaignSeconds, least, most },
      source:
        'Amazon SQS API reference, MessageRetentionPeriod: 4 days by default; a dead letter keeps its age, up to 14',
    },
    {
      name: 'recordSeconds',
      value: 2 * DEAD_LETTER_SECONDS,
      unit: 's',
      formula:
        '14 days in a queue, and 14 as a dead letter that was sent on: until then a copy of the message may come back',
      inputs: { longestSeconds: DEAD_LETTER_SECONDS },
      source: 'Amazon SQS API reference, MessageRetentionPeriod: 14 days at most',
    },
  ];
}

/** A queue in Redis keeps a message until it is sent or parked, so only its producer can bring it back. */
function recordKnob(campaignSeconds: number): Knob {
  return {
    name: 'recordSeconds',
    value: Math.max(LEAST_RECORD_SECONDS, Math.ceil(2 * campaignSeconds)),
    unit: 's',
    formula: 'twice the campaign, at least 14 days: so long a mail that is handed over again is not sent again',
    inputs: { campaignSeconds },
    source: 'derived here: a producer that failed in the middle of its campaign begins anew within that',
  };
}

function adaptationKnobs(): Knob[] {
  const { factor, step, everySeconds } = ADAPTATION;
  return [
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
  ];
}

/** The same number on every engine: it is measured by Amazon SES, or is the share of the calls that are refused for good. */
function bouncePauseKnob({ objective = {} }: RatesQuestion): Knob {
  return reviewKnob('pauseAtBounceRatio', 'bounceRatio', objective);
}

function complaintPauseKnob({ objective = {} }: RatesQuestion): Knob {
  return reviewKnob('pauseAtComplaintRatio', 'complaintRatio', objective);
}

function reviewKnob(name: string, ratio: keyof typeof PAUSE_AT, objective: RatesObjective): Knob {
  return {
    name,
    value: objective[ratio] ?? PAUSE_AT[ratio],
    unit: 'ratio',
    ...unlessGiven(
      objective[ratio],
      `where the provider begins a review; at ${PAUSED_AT[ratio]} it pauses the account`,
    ),
    source: SES_REVIEW,
  };
}

/** Of so many lists that are as planned one is paused by chance. */
const BY_CHANCE_ONE_OF = 1e6;
/** Fewer say nothing of a list, however clean it is said to be. */
const LEAST_COUNTED = 100;
/** A window slides by parts, and senders that were throttled have fewer calls in it. */
const WINDOW_FACTOR = 2;

/**
 * Calls after which the share that is refused says something. Of n calls to a list of which p are refused, r or more are with
 * a probability of at most e^(−n × D), also where it is looked at after every call from the nth on; D = r ln(r ÷ p) +
 * (1 − r) ln((1 − r) ÷ (1 − p)). Few are refused, for which a normal distribution gives too few calls.
 */
function leastMessages(undeliverableRatio: number, bounceRatio: number): number {
  if (undeliverableRatio === 0) return LEAST_COUNTED;
  const divergence =
    bounceRatio * Math.log(bounceRatio / undeliverableRatio) +
    (1 - bounceRatio) * Math.log((1 - bounceRatio) / (1 - undeliverableRatio));
  return Math.max(LEAST_COUNTED, Math.ceil(Math.log(BY_CHANCE_ONE_OF) / divergence - 1e-9));
}

/** Calls a second to the slower provider while there is something to send. */
function callsPerSecond({ workload }: RatesQuestion, paces: readonly Pace[]): number {
  const { campaignMessages = 0, steadyPerSecond = 0 } = workload;
  return Math.min(
    ...paces.map(({ messagesPerSecond, messagesPerDay }) =>
      Math.min(messagesPerSecond, messagesPerDay / DAY_WINDOW_SECONDS),
    ),
    campaignMessages > 0 ? Number.POSITIVE_INFINITY : steadyPerSecond,
  );
}

/** How senders in pods count what is refused. */
function countingKnobs(question: RatesQuestion, paces: readonly Pace[]): Knob[] {
  const { undeliverableRatio = 0 } = question.workload;
  const { value: bounceRatio } = bouncePauseKnob(question);
  const least = leastMessages(undeliverableRatio, bounceRatio);
  const perSecond = callsPerSecond(question, paces);
  return [
    {
      name: 'pauseLeastMessages',
      value: least,
      unit: 'messages',
      formula: `ln ${BY_CHANCE_ONE_OF} ÷ (r ln(r ÷ p) + (1 − r) ln((1 − r) ÷ (1 − p))), r pauseAtBounceRatio and p undeliverableRatio, at least ${LEAST_COUNTED}: of a million lists as planned one passes the ratio by chance`,
      inputs: { undeliverableRatio, pauseAtBounceRatio: bounceRatio },
      source: 'Chernoff bound of a binomial share; Ville, for every call from then on',
    },
    {
      name: 'pauseWindowSeconds',
      value: Math.max(REPUTATION_SECONDS, Math.ceil((WINDOW_FACTOR * least) / perSecond - 1e-9)),
      unit: 's',
      formula: `calls are counted over this: as long as the samples of Amazon SES, and ${WINDOW_FACTOR} × pauseLeastMessages ÷ calls/s, so that there are as many in it`,
      inputs: { pauseLeastMessages: least, callsPerSecond: perSecond },
      source: 'Amazon SES developer guide, Monitoring sender reputation with CloudWatch alarms: one hour',
    },
  ];
}
