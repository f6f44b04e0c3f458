/** The plan of a schedule whose runs wait in a queue of Google Cloud Tasks. */
import { chosenKnob, firstOneKnob } from '../alarms';
import { CapacityError, type Check } from '../errors';
import { figure } from '../figures';
import { type Knob, unlessGiven } from '../plan';
import { cloudRunProbeKnobs } from '../probes';
import { DISPATCH_DEADLINE } from './knobs';
import { planSchedule } from './plan';
import type { SchedulePlan, ScheduleQuestion } from './workload';

const CLOUD_TASKS = 'Google Cloud Tasks, Quotas and limits';
const CLOUD_TASKS_RETRY = 'Google Cloud Tasks reference, RetryConfig';
const MONITORING = 'Google Cloud, Cloud Monitoring metrics: cloudtasks.googleapis.com';
/** Dispatches of one queue a second. */
const MOST_DISPATCHES_PER_SECOND = 500;

/** What can be set by hand. */
export interface TaskChoices {
  /** Attempts at one run. 1 to 100. Default: 5. */
  readonly maxAttempts?: number;
}

/**
 * A schedule by Cloud Scheduler, with the bounds of the queue that its runs wait in.
 *
 * @throws InvalidInputError, CapacityError as `planSchedule`, and when a run takes longer than a task may
 */
export function planTasks(
  subject: string,
  question: ScheduleQuestion,
  choices: TaskChoices = {},
  checks: readonly Check[] = [],
): SchedulePlan {
  const plan = planSchedule(subject, { ...question, scheduler: 'google' }, checks);
  const long = plan.jobs
    .map(({ name }) => plan.knob(`dispatchDeadlineSeconds.${name}`))
    .filter(({ inputs }) => inputs.longestSeconds > DISPATCH_DEADLINE.most);
  if (long.length > 0) {
    const names = long.map(({ name, inputs }) => `${name.split('.')[1]} (${figure(inputs.longestSeconds)} s)`);
    throw new CapacityError(
      subject,
      `a task may take ${figure(DISPATCH_DEADLINE.most)} s, and 99.9 % of the runs are within more: ${names.join(', ')}`,
      ['shorter runs, split into several jobs', 'a Cloud Run job, which Cloud Scheduler can start without a queue'],
    );
  }
  return plan.withKnobs([
    ...boundKnobs(plan),
    ...retryKnobs(plan, choices),
    ...alertKnobs(plan),
    ...cloudRunProbeKnobs(),
  ]);
}

function boundKnobs(plan: SchedulePlan): Knob[] {
  const maxConcurrent = plan.value('maxConcurrent');
  const deadlines = plan.jobs.map(({ name }) => plan.value(`dispatchDeadlineSeconds.${name}`));
  return [
    {
      name: 'maxConcurrentDispatches',
      value: maxConcurrent,
      unit: 'runs',
      formula: 'runs at once',
      inputs: { maxConcurrent },
      source: CLOUD_TASKS,
    },
    {
      name: 'maxDispatchesPerSecond',
      value: Math.min(MOST_DISPATCHES_PER_SECOND, maxConcurrent),
      unit: 'runs/s',
      formula: `runs at once, at most ${MOST_DISPATCHES_PER_SECOND}: all of them within a second`,
      inputs: { maxConcurrent },
      source: CLOUD_TASKS,
    },
    chosenKnob(
      'slotsPerInstance',
      1,
      'runs',
      'a run has its instance for itself',
      'Cloud Run documentation, Concurrency',
    ),
    {
      name: 'maxInstances',
      value: maxConcurrent,
      unit: 'instances',
      formula: 'runs at once ÷ runs of an instance',
      inputs: { maxConcurrent, slotsPerInstance: 1 },
      source: 'Cloud Run documentation, Maximum instances',
    },
    chosenKnob(
      'minInstances',
      0,
      'instances',
      'none between runs: a cold start is short beside a run',
      'Cloud Run documentation, Minimum instances',
    ),
    {
      name: 'requestTimeoutSeconds',
      value: Math.max(...deadlines),
      unit: 's',
      formula: 'the longest deadline of a task',
      inputs: { longestDeadlineSeconds: Math.max(...deadlines) },
      source: 'Cloud Run documentation, Request timeout',
    },
  ];
}

function retryKnobs(plan: SchedulePlan, { maxAttempts }: TaskChoices): Knob[] {
  const latest = Math.max(...plan.jobs.map(({ name }) => plan.value(`startWithinSeconds.${name}`)));
  return [
    {
      name: 'maxAttempts',
      value: maxAttempts ?? 5,
      unit: 'attempts',
      ...unlessGiven(maxAttempts, 'five: after the last one the task is deleted, there is no dead-letter queue'),
      source: CLOUD_TASKS_RETRY,
    },
    chosenKnob('minBackoffSeconds', 1, 's', 'the wait before the second attempt; it doubles', CLOUD_TASKS_RETRY),
    chosenKnob('maxBackoffSeconds', 60, 's', 'the longest wait between two attempts', CLOUD_TASKS_RETRY),
    chosenKnob('maxDoublings', 6, 'doublings', 'from a second to a minute', CLOUD_TASKS_RETRY),
    {
      name: 'maxRetrySeconds',
      value: latest,
      unit: 's',
      formula: 'the latest that a run may begin; retries end when this and the attempts are used up',
      inputs: { startWithinSeconds: latest },
      source: CLOUD_TASKS_RETRY,
    },
    chosenKnob(
      'attemptDeadlineSeconds',
      30,
      's',
      'putting a task into the queue takes less than a second',
      'Google Cloud Scheduler reference, attemptDeadline: 15 s to 30 min',
    ),
    chosenKnob(
      'enqueueRetries',
      5,
      'retries',
      'the most that there are',
      'Google Cloud Scheduler reference, RetryConfig: retryCount, 0 to 5',
    ),
    chosenKnob(
      'enqueueMinBackoffSeconds',
      5,
      's',
      'the default: five retries come within the minute',
      'Google Cloud Scheduler reference, RetryConfig',
    ),
  ];
}

function alertKnobs(plan: SchedulePlan): Knob[] {
  const maxConcurrent = plan.value('maxConcurrent');
  const soonest = Math.min(...plan.jobs.map(({ name }) => plan.value(`startWithinSeconds.${name}`)));
  return [
    {
      name: 'alarmDepth',
      value: 2 * maxConcurrent,
      unit: 'runs',
      formula: '2 × runs at once: as many wait as run',
      inputs: { maxConcurrent },
      source: `${MONITORING}/queue/depth`,
    },
    {
      name: 'alarmDelayMillis',
      value: 1000 * soonest,
      unit: 'ms',
      formula: '1,000 × the shortest time within which a run has to begin',
      inputs: { startWithinSeconds: soonest },
      source: `${MONITORING}/queue/task_attempt_delays, in milliseconds`,
    },
    firstOneKnob(
      'alarmFailedAttempts',
      'attempts',
      'a run that fails every attempt is deleted',
      `${MONITORING}/queue/task_attempt_count`,
    ),
    firstOneKnob(
      'alarmNotEnqueued',
      'runs',
      'a run that is not put into the queue never happens',
      'Google Cloud Scheduler, Cloud Logging: failed attempts have the severity ERROR',
    ),
    chosenKnob('alarmSampleSeconds', 60, 's', 'the metrics come once a minute', MONITORING),
    chosenKnob(
      'alarmCloseSeconds',
      86_400,
      's',
      'a day without a new one',
      'Cloud Monitoring, autoClose: half an hour to a week',
    ),
  ];
}
