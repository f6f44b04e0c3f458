/** The plan of a schedule whose runs wait in a queue of Google Cloud Tasks. */
import { chosenKnob, firstOneKnob } from '../alarms';
import { CLOUD_TASKS, CLOUD_TASKS_SOURCES, dispatchDeadlineKnob, TASK_ANSWER_SECONDS } from '../cloud-tasks';
import { CapacityError, type Check, isKnown, shown } from '../errors';
import { figure } from '../figures';
import { type Knob, unlessGiven } from '../plan';
import { cloudRunProbeKnobs } from '../probes';
import { PLATFORM_FACTS } from '../queue/platforms/facts';
import { planSchedule } from './plan';
import type { SchedulePlan, ScheduleQuestion } from './workload';

const { quotas: QUOTAS, retry: RETRY, monitoring: MONITORING } = CLOUD_TASKS_SOURCES;
const { startSeconds: START_SECONDS, instanceLimit: MOST_INSTANCES = Number.POSITIVE_INFINITY } =
  PLATFORM_FACTS['cloud-run'];

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
  const plan = planSchedule(subject, { ...question, scheduler: 'google' }, [...checks, concurrencyCheck(question)]);
  refuseLongRuns(subject, plan);
  refuseManyAtOnce(subject, plan);
  return plan.withKnobs([
    ...boundKnobs(plan),
    ...retryKnobs(plan, choices),
    ...alertKnobs(plan),
    ...cloudRunProbeKnobs(),
  ]);
}

/** A value out of the range of every scheduler is refused by the schedule's own checks. */
function concurrencyCheck({ maxConcurrent }: ScheduleQuestion): Check {
  return {
    refused: isKnown(maxConcurrent) && maxConcurrent > MOST_INSTANCES,
    message: `maxConcurrent must be at most ${figure(MOST_INSTANCES)}, the instances of a revision of Cloud Run, got ${shown(maxConcurrent)}; a queue of Cloud Tasks takes ${figure(CLOUD_TASKS.dispatchesAtOnce)}`,
  };
}

function refuseManyAtOnce(subject: string, plan: SchedulePlan): void {
  const atOnce = plan.value('maxConcurrent');
  if (atOnce <= MOST_INSTANCES) return;
  throw new CapacityError(
    subject,
    `${figure(atOnce)} runs at once need as many instances, a revision of Cloud Run has at most ${figure(MOST_INSTANCES)}`,
    ['several schedules, each with a part of the jobs', 'shorter runs, or fewer'],
  );
}

function refuseLongRuns(subject: string, plan: SchedulePlan): void {
  const { most } = CLOUD_TASKS.dispatchDeadlineSeconds;
  const room = most - START_SECONDS - TASK_ANSWER_SECONDS;
  const long = plan.jobs
    .map(({ name }) => ({ name, seconds: plan.knob(`timeLimitSeconds.${name}`).inputs.longestSeconds }))
    .filter(({ seconds }) => seconds > room);
  if (long.length === 0) return;
  const names = long.map(({ name, seconds }) => `${name} (${figure(seconds)} s)`);
  throw new CapacityError(
    subject,
    `a task may take ${figure(most)} s, of which ${START_SECONDS + TASK_ANSWER_SECONDS} s are for the start and the answer, and 99.9 % of the runs are within more: ${names.join(', ')}`,
    ['shorter runs, split into several jobs', 'a Cloud Run job, which Cloud Scheduler can start without a queue'],
  );
}

function boundKnobs(plan: SchedulePlan): Knob[] {
  const maxConcurrent = plan.value('maxConcurrent');
  const longest = Math.max(...plan.jobs.map(({ name }) => plan.value(`timeLimitSeconds.${name}`)));
  const request = longest + START_SECONDS;
  return [
    {
      name: 'maxConcurrentDispatches',
      value: maxConcurrent,
      unit: 'runs',
      formula: 'runs at once',
      inputs: { maxConcurrent },
      source: QUOTAS,
    },
    {
      name: 'maxDispatchesPerSecond',
      value: Math.min(CLOUD_TASKS.dispatchesPerSecond, maxConcurrent),
      unit: 'runs/s',
      formula: `runs at once, at most ${CLOUD_TASKS.dispatchesPerSecond}: all of them within a second`,
      inputs: { maxConcurrent },
      source: QUOTAS,
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
      value: request,
      unit: 's',
      // Assumed: a request that waits for its instance is timed from its arrival.
      formula: 'the time limit of the longest job + the start of an instance',
      inputs: { timeLimitSeconds: longest, startSeconds: START_SECONDS },
      source: 'Cloud Run documentation, Request timeout',
    },
    dispatchDeadlineKnob(request),
  ];
}

function retryKnobs(plan: SchedulePlan, { maxAttempts }: TaskChoices): Knob[] {
  const soonest = Math.min(...plan.jobs.map(({ name }) => plan.value(`startWithinSeconds.${name}`)));
  return [
    {
      name: 'maxAttempts',
      value: maxAttempts ?? 5,
      unit: 'attempts',
      ...unlessGiven(
        maxAttempts,
        'five, and more while time is left: the task is then deleted, there is no dead-letter queue',
      ),
      source: RETRY,
    },
    chosenKnob('minBackoffSeconds', 1, 's', 'the wait before the second attempt; it doubles', RETRY),
    chosenKnob('maxBackoffSeconds', 60, 's', 'the longest wait between two attempts', RETRY),
    chosenKnob('maxDoublings', 6, 'doublings', 'from a second to a minute', RETRY),
    {
      name: 'maxRetrySeconds',
      value: soonest,
      unit: 's',
      formula:
        'the shortest time within which a run has to begin; retries end when this and the attempts are used up, so a longer one would retry short jobs into their next runs',
      inputs: { startWithinSeconds: soonest },
      source: RETRY,
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
      'the default; it doubles, so that the fifth retry comes after 155 s',
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
