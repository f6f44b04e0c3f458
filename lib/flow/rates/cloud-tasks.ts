/** The plan of a sender whose mails wait in a queue of Google Cloud Tasks, which may be the bucket as well. */
import { chosenKnob, firstOneKnob } from '../alarms';
import { CLOUD_TASKS_SOURCES, dispatchDeadlineKnob } from '../cloud-tasks';
import { type Check, isKnown } from '../errors';
import { figure } from '../figures';
import type { Knob } from '../plan';
import { cloudRunProbeKnobs } from '../probes';
import { DAY_SECONDS } from '../ranges';
import { callTimeoutKnob, LEAST_HORIZON_SECONDS, WAITED_PORTIONS } from './crew';
import { planRates } from './plan';
import { backlogKnob } from './pod-alarms';
import type { RatesPlan, RatesQuestion } from './workload';

const { quotas: QUOTAS, retry: RETRY, monitoring: MONITORING } = CLOUD_TASKS_SOURCES;
/** Cloud Run documentation, Concurrency: 80 by default. */
const MOST_SLOTS = 80;
/** What the handler does beside the call: its record, and a copy to the parked topic. */
const HANDLE_SPARE_SECONDS = 5;
/** Of the provider's refusals, and attempts that are none: an instance that ended, a busy one. */
const ATTEMPTS = 10;
/** Of the time that a task is retried; the rest is for tasks that wait long for their dispatch. */
const PARK_SHARE = 0.5;
const PAGE = 'this library, docs/constructs/gcp-rate-limited-sender.md';
const BACKOFF_CAP_DOUBLINGS = 9;
const LEAST_RETRY_SECONDS = 4 * DAY_SECONDS;
/** A task lives for 31 days; a day before that its retries end. */
const MOST_RETRY_SECONDS = 30 * DAY_SECONDS;
const THROTTLED_RATIO = 0.01;
const SAMPLE_SECONDS = 60;

/** Where the bucket of a sender on Cloud Tasks is: the queue itself, or Redis, for all instances of the shipped handler. */
export type TaskBucket = 'queue' | 'redis';

/**
 * The plan of a sender on Cloud Tasks, with the bounds of its queue and of the service that it calls.
 *
 * @throws InvalidInputError, CapacityError as `planRates`, and, where the queue is the bucket, when a daily limit is not kept by the rate
 * alone
 */
export function planTaskRates(
  subject: string,
  question: Omit<RatesQuestion, 'sender' | 'standby' | 'burst'>,
  checks: readonly Check[] = [],
  bucket: TaskBucket = 'queue',
): RatesPlan {
  const isShared = bucket === 'redis';
  const asked: RatesQuestion = { ...question, sender: isShared ? 'cloud-run' : 'cloud-tasks' };
  const plan = planRates(subject, asked, isShared ? checks : [...checks, dayCheck(asked)]);
  const bound = plan.withKnobs([
    ...boundKnobs(plan, question.workload.callSeconds, isShared),
    ...retryKnobs(plan, isShared),
  ]);
  return bound.withKnobs([
    ...(isShared ? handlerKnobs(bound) : []),
    ...cloudRunProbeKnobs(),
    ...alarmKnobs(plan, asked),
  ]);
}

/** A queue keeps no count of a day: its rate holds one, or there is no more to send in a day. */
function dayCheck({ workload, limit, messagesPerSecond }: RatesQuestion): Check {
  const { perDay, share = 1 } = limit ?? {};
  const { recipientsPerMessage = 1, campaignMessages = 0, steadyPerSecond = 0 } = workload ?? {};
  const known = [perDay, share, recipientsPerMessage, campaignMessages, steadyPerSecond].every(isKnown);
  const most = known ? (Number(perDay) * share) / recipientsPerMessage : Number.POSITIVE_INFINITY;
  const inDay = campaignMessages + steadyPerSecond * DAY_SECONDS;
  const held = messagesPerSecond !== undefined && messagesPerSecond * DAY_SECONDS <= most;
  return {
    refused: known && inDay > most && !held,
    message: `limit.perDay is kept by the rate alone, because a queue of Cloud Tasks counts no days, and ${figure(inDay)} messages are for one of ${figure(most)}; give messagesPerSecond of at most ${figure(most / DAY_SECONDS)}, or release the campaign in portions of a day`,
  };
}

function boundKnobs(plan: RatesPlan, callSeconds: number, isShared: boolean): Knob[] {
  const messagesPerSecond = plan.value('messagesPerSecond');
  const inFlight = plan.value('inFlight');
  const slots = Math.min(MOST_SLOTS, inFlight);
  const instances = Math.ceil(inFlight / slots);
  const call = callTimeoutKnob(callSeconds, 'derived here: it ends before the request does');
  const slotWaitSeconds = isShared ? Math.ceil((WAITED_PORTIONS * inFlight) / messagesPerSecond - 1e-9) : 0;
  const request = call.value + HANDLE_SPARE_SECONDS + slotWaitSeconds;
  return [
    {
      name: 'maxDispatchesPerSecond',
      value: messagesPerSecond,
      unit: 'messages/s',
      formula: isShared
        ? 'messages/s of the bucket: what the queue saves waits for its slot'
        : 'messages/s: what the queue saves of a fifth of a second is counted in it',
      inputs: { messagesPerSecond },
      source: QUOTAS,
    },
    call,
    {
      name: 'slotsPerInstance',
      value: slots,
      unit: 'messages',
      formula: `messages in flight, at most ${MOST_SLOTS} in one instance`,
      inputs: { inFlight },
      source: 'Cloud Run documentation, Concurrency',
    },
    {
      name: 'minInstances',
      value: instances,
      unit: 'instances',
      formula:
        'messages in flight ÷ those of one instance, rounded up: what waits for an instance that starts leaves at once, above the limit',
      inputs: { inFlight, slotsPerInstance: slots },
      source: 'Cloud Run documentation, Minimum instances',
    },
    {
      name: 'maxInstances',
      value: instances + 1,
      unit: 'instances',
      formula: 'one more, for an instance that is replaced',
      inputs: { minInstances: instances },
      source: 'Cloud Run documentation, Maximum instances',
    },
    {
      name: 'requestTimeoutSeconds',
      value: request,
      unit: 's',
      formula: `the longest call + ${HANDLE_SPARE_SECONDS} for its record${isShared ? `, + ${WAITED_PORTIONS} × messages in flight ÷ messages/s, rounded up, for its slot` : ''}`,
      inputs: { callTimeoutSeconds: call.value, ...(isShared && { inFlight, messagesPerSecond }) },
      source: 'Cloud Run documentation, Request timeout',
    },
    dispatchDeadlineKnob(request),
  ];
}

/** What the shipped handler is told. */
function handlerKnobs(plan: RatesPlan): Knob[] {
  const requestTimeoutSeconds = plan.value('requestTimeoutSeconds');
  const [maxRetrySeconds, maxBackoffSeconds] = [plan.value('maxRetrySeconds'), plan.value('maxBackoffSeconds')];
  return [
    {
      name: 'parkAtAttempt',
      value: Math.max(plan.value('maxAttempts'), Math.floor((PARK_SHARE * maxRetrySeconds) / maxBackoffSeconds)),
      unit: 'attempts',
      formula: `${PARK_SHARE} × the time that a task is retried ÷ the longest wait, rounded down: from this attempt on, a mail that could not be sent is parked, because its task is deleted when that time is over`,
      inputs: { maxRetrySeconds, maxBackoffSeconds },
      source: `${RETRY}; while the provider refuses all mails, or sending is paused, none is parked for its attempts alone`,
    },
    {
      name: 'horizonSeconds',
      value: Math.max(LEAST_HORIZON_SECONDS, requestTimeoutSeconds),
      unit: 's',
      formula: 'as long as a request, at least a minute: a bucket that is further ahead was set by a wrong clock',
      inputs: { requestTimeoutSeconds },
      source: 'derived here: no sender waits longer for its slot',
    },
    chosenKnob('closedSeconds', 60, 's', 'what the handler asks Cloud Tasks to wait while nothing may be sent', PAGE),
    chosenKnob(
      'holdSeconds',
      1,
      's',
      'a handler that may not send waits before it gives its mail back: messages in flight ÷ this are dispatched a second',
      PAGE,
    ),
  ];
}

function retryKnobs(plan: RatesPlan, isShared: boolean): Knob[] {
  const { campaignSeconds = 0 } = plan.predictions;
  const [least, most] = [plan.value('backoffSeconds'), plan.value('backoffCapSeconds')];
  return [
    chosenKnob(
      'maxAttempts',
      ATTEMPTS,
      'attempts',
      isShared
        ? 'the fewest before a task is deleted: it is deleted when maxRetrySeconds are over as well'
        : 'five refusals of the provider, and five that are none; at the last one the handler parks the mail',
      RETRY,
    ),
    {
      name: 'minBackoffSeconds',
      value: least,
      unit: 's',
      formula: 'the wait before the second attempt; it doubles',
      inputs: { backoffSeconds: least },
      source: RETRY,
    },
    {
      name: 'maxBackoffSeconds',
      value: most,
      unit: 's',
      formula: 'the longest wait between two attempts',
      inputs: { backoffCapSeconds: most },
      source: RETRY,
    },
    chosenKnob('maxDoublings', BACKOFF_CAP_DOUBLINGS, 'doublings', 'from a second to 512 s, and then linearly', RETRY),
    {
      name: 'maxRetrySeconds',
      value: Math.min(MOST_RETRY_SECONDS, Math.max(LEAST_RETRY_SECONDS, Math.ceil(2 * campaignSeconds))),
      unit: 's',
      formula:
        'twice the campaign, 4 to 30 days: a task is deleted once attempts and this are used up, so a handler that is down for less loses none',
      inputs: { campaignSeconds },
      source: `${RETRY}: a task is retried until both limits are reached`,
    },
    chosenKnob(
      'parkedRetentionSeconds',
      31 * DAY_SECONDS,
      's',
      'the longest that there is: a person decides about a parked mail',
      'Google Cloud Pub/Sub reference, messageRetentionDuration: 10 min to 31 days',
    ),
    chosenKnob(
      'parkedAckDeadlineSeconds',
      600,
      's',
      'the longest that there is: a person reads what was pulled',
      'Google Cloud Pub/Sub reference, ackDeadlineSeconds: 10 to 600',
    ),
  ];
}

function alarmKnobs(plan: RatesPlan, question: RatesQuestion): Knob[] {
  const messagesPerSecond = plan.value('messagesPerSecond');
  const some = Math.max(1, Math.ceil(THROTTLED_RATIO * messagesPerSecond * SAMPLE_SECONDS));
  const ofRate = (name: string, what: string): Knob => ({
    name,
    value: some,
    unit: 'attempts',
    formula: `${THROTTLED_RATIO} × messages/s × ${SAMPLE_SECONDS} s, rounded up, at least one: ${what}`,
    inputs: { messagesPerSecond },
    source: `${MONITORING}/queue/task_attempt_count`,
  });
  return [
    ...backlogKnob(plan, question),
    ofRate('alarmThrottled', 'others send by the same limit, or the limit is lower than given'),
    ofRate('alarmFailedAttempts', 'the handler or the provider is unwell'),
    firstOneKnob(
      'alarmParked',
      'mails',
      'only a person knows what becomes of a parked mail',
      'Google Cloud, Cloud Monitoring metrics: pubsub.googleapis.com/subscription/num_undelivered_messages',
    ),
    chosenKnob('alarmSampleSeconds', SAMPLE_SECONDS, 's', 'the metrics come once a minute', MONITORING),
    chosenKnob('alarmHoldSeconds', 300, 's', 'refusals slow the queue down, and that takes effect', MONITORING),
    chosenKnob(
      'alarmCloseSeconds',
      DAY_SECONDS,
      's',
      'a day without a new one',
      'Cloud Monitoring, autoClose: half an hour to a week',
    ),
  ];
}
