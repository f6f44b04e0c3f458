/** The queue between a scheduler and its worker: its question, how long runs and their keys are kept, what is skipped. */
import { chosenKnob, firstOneKnob } from '../alarms';
import type { Check } from '../errors';
import { figure } from '../figures';
import { serviceQuantile } from '../numerics/gamma';
import type { Knob } from '../plan';
import { SQS_LIMITS } from '../queue/brokers/sqs';
import { LONGEST_FUNCTION_SECONDS } from '../queue/platforms/lambda';
import type { QueueQuestion } from '../queue/question';
import { WEEK_SECONDS } from '../ranges';
import { choreOf, mostStarts } from './spread';
import type { SchedulePlan, ScheduleQuestion } from './workload';

/** Share of the runs that end before the next one is due. */
const PROMISED_QUANTILE = 0.95;

/** The most that a queue takes: `serviceVariation` of a workload. */
const MOST_VARIATION = 10;

/**
 * The queue that runs wait in: their mean rate, the most that are due in one minute, the time of a run over all jobs,
 * and the bound of the plan. A run that begins later than it may is skipped, so no run may wait longer.
 *
 * The number of instances is that of the schedule; the queue's plan checks it against mean rate × mean time, and predicts
 * waits from mean and variation. How long an attempt may take does not follow from these: short and long jobs together
 * are no gamma law, and its P99.9 is far below the time of a long job that runs rarely. So the limit is given.
 *
 * @param functionTimeoutSeconds the time-out of the function that runs the jobs, one in an invocation. Without one, what
 * 99.9 % of the runs of the longest job take
 */
export function runsQuestion(
  { jobs, objective = {} }: ScheduleQuestion,
  plan: SchedulePlan,
  functionTimeoutSeconds?: number,
): QueueQuestion {
  const chores = jobs.map((job) => choreOf(job, { scheduler: 'eventbridge' }));
  const rates = plan.jobs.map(({ runsPerWeek }) => runsPerWeek / WEEK_SECONDS);
  const perSecond = rates.reduce((sum, rate) => sum + rate, 0);
  const moment = (power: (seconds: number, variation: number) => number) =>
    chores.reduce(
      (sum, { job, variation }, index) => sum + (rates[index] / perSecond) * power(job.durationSeconds, variation),
      0,
    );
  const mean = moment((seconds) => seconds);
  const square = moment((seconds, variation) => seconds ** 2 * (1 + variation ** 2));
  const longest = Math.max(
    ...chores.map(({ job, variation }) => serviceQuantile(PROMISED_QUANTILE, job.durationSeconds, variation)),
  );
  const together = mostStarts(
    chores,
    plan.jobs.map(({ offsetMinutes }) => offsetMinutes),
  );
  const lateness = Math.min(...jobs.map(({ name }) => plan.value(`maximumEventAgeSeconds.${name}`)));
  return {
    workload: {
      steadyPerSecond: perSecond,
      // Pinned jobs and jobs that share a minute start together; what each minute has at most is as good as random.
      ...(together > 1 && { burstItems: together }),
      serviceSeconds: mean,
      // A mix varies without bound. Beyond this, predicted waits are too short by the rest; the waits of the schedule
      // itself are computed run by run, in waits.ts.
      serviceVariation: Math.min(MOST_VARIATION, Math.sqrt(Math.max(0, square / mean ** 2 - 1))),
    },
    objective: {
      latencySeconds: lateness + longest,
      latencyQuantile: PROMISED_QUANTILE,
      ...(objective.headroom !== undefined && { headroom: objective.headroom }),
    },
    consumer: {
      maxInstances: plan.value('maxConcurrent'),
      itemTimeoutSeconds:
        functionTimeoutSeconds ?? Math.max(...plan.jobs.map(({ name }) => plan.value(`timeLimitSeconds.${name}`))),
    },
  };
}

/** That the function lets every job end: the jobs that it does not, with the time that each needs. */
export function timeLimitCheck(plan: SchedulePlan, functionTimeoutSeconds: number): Check {
  const limits = plan.jobs.map(({ name }) => ({ name, seconds: plan.value(`timeLimitSeconds.${name}`) }));
  const long = limits.filter(({ seconds }) => seconds > functionTimeoutSeconds).sort((a, b) => b.seconds - a.seconds);
  const named = long.slice(0, MOST_NAMED).map(({ name, seconds }) => `${name} (${figure(seconds)} s)`);
  const more = long.length > MOST_NAMED ? ` and ${long.length - MOST_NAMED} more` : '';
  const way =
    long.length > 0 && long[0].seconds > LONGEST_FUNCTION_SECONDS
      ? `a function ends after ${LONGEST_FUNCTION_SECONDS} s, so use WorkerCompute.fargate() or split the job`
      : `give it ${figure(long[0]?.seconds ?? 0)} s`;
  return {
    refused: long.length > 0,
    message: `the function's time-out must be at least what 99.9 % of the runs of every job take, got ${figure(functionTimeoutSeconds)} s: ${named.join(', ')}${more}; ${way}`,
  };
}

const MOST_NAMED = 5;

const LONGEST_RETENTION_SECONDS = SQS_LIMITS.retentionSeconds.max;

/** How long a run that could not be delivered is kept, and how long a run that was done is remembered. */
export function deliveryKnobs(): Knob[] {
  return [
    chosenKnob(
      'undeliveredRetentionSeconds',
      LONGEST_RETENTION_SECONDS,
      's',
      'the longest that SQS keeps a message: a person looks at it',
      'Amazon SQS developer guide, message retention period',
    ),
    {
      name: 'idempotencySeconds',
      value: 2 * LONGEST_RETENTION_SECONDS,
      unit: 's',
      formula: '2 × the longest retention: in the queue, and once more after a redrive',
      inputs: { longestRetentionSeconds: LONGEST_RETENTION_SECONDS },
      source: 'Amazon SQS developer guide, message retention period; at-least-once delivery',
    },
    firstOneKnob(
      'alarmSkipped',
      'runs',
      'a run that was skipped is a run that never happens',
      'Skipped, counted by lib/runtime/scheduled-run',
    ),
  ];
}
