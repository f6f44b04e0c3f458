/** The queue between a scheduler and its worker: its question, how long runs and their keys are kept, what is skipped. */
import { chosenKnob, firstOneKnob } from '../alarms';
import { serviceQuantile } from '../numerics/gamma';
import type { Knob } from '../plan';
import type { QueueQuestion } from '../queue/question';
import type { SchedulePlan, ScheduleQuestion } from './workload';

const WEEK_SECONDS = 604_800;
const DEFAULT_VARIATION = 0.5;

/**
 * The queue that runs wait in: their mean rate, the time of a run over all jobs, and the bound of the plan. A run that
 * begins later than it may is skipped, so no run may wait longer.
 */
export function runsQuestion({ jobs, objective = {} }: ScheduleQuestion, plan: SchedulePlan): QueueQuestion {
  const rates = plan.jobs.map(({ runsPerWeek }) => runsPerWeek / WEEK_SECONDS);
  const perSecond = rates.reduce((sum, rate) => sum + rate, 0);
  const moment = (power: (seconds: number, variation: number) => number) =>
    jobs.reduce(
      (sum, { durationSeconds, durationVariation = DEFAULT_VARIATION }, index) =>
        sum + (rates[index] / perSecond) * power(durationSeconds, durationVariation),
      0,
    );
  const mean = moment((seconds) => seconds);
  const square = moment((seconds, variation) => seconds ** 2 * (1 + variation ** 2));
  const longest = Math.max(
    ...jobs.map(({ durationSeconds, durationVariation = DEFAULT_VARIATION }) =>
      serviceQuantile(0.95, durationSeconds, durationVariation),
    ),
  );
  const lateness = Math.min(...jobs.map(({ name }) => plan.value(`maximumEventAgeSeconds.${name}`)));
  return {
    workload: {
      steadyPerSecond: perSecond,
      serviceSeconds: mean,
      serviceVariation: Math.sqrt(Math.max(0, square / mean ** 2 - 1)),
    },
    objective: {
      latencySeconds: lateness + longest,
      latencyQuantile: 0.95,
      ...(objective.headroom !== undefined && { headroom: objective.headroom }),
    },
    consumer: { maxInstances: plan.value('maxConcurrent') },
  };
}

/** Amazon SQS developer guide, message retention: 14 days at most. */
const LONGEST_RETENTION_SECONDS = 1_209_600;

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
