/** The question of the queue between a scheduler and its worker. */
import { serviceQuantile } from '../numerics/gamma';
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
