import { Random } from '../../flow/numerics/random';
import { planSchedule } from '../../flow/schedule/plan';
import type { SchedulerName } from '../../flow/schedule/schedulers';
import { runSharedCore } from '../../flow/schedule/simulation';
import { loadOf, unspreadLoad } from '../../flow/schedule/spread';
import type { ScheduledJob, ScheduleHost, ScheduleObjective } from '../../flow/schedule/workload';
import type { Engine } from '../engine';
import type { Answer, Numbers } from '../scenario';
import type { Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** Recurring jobs beside online requests: all at the first minute of their period before, placed after. */
export interface ScheduleScenario {
  readonly kind: 'schedule';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly jobs: readonly ScheduledJob[];
  readonly host: ScheduleHost;
  readonly objective: ScheduleObjective;
  /** Requests in the fullest minutes that are measured. */
  readonly requests: number;
}

/** How it is measured. */
export const schedule: Kind<ScheduleScenario> = { measure: measureSchedule };

/** What starts the jobs on each engine. */
const SCHEDULER_OF: Readonly<Record<Engine, SchedulerName>> = { aws: 'eventbridge', k8s: 'kubernetes', gcp: 'google' };

/** The same requests beside jobs at their first minute, and beside jobs at the minutes of the plan. */
function measureSchedule(subject: string, scenario: ScheduleScenario, seed: number, engine: Engine = 'k8s'): Measured {
  const { jobs, host, objective, requests } = scenario;
  const plan = planSchedule(subject, { jobs, host, objective, scheduler: SCHEDULER_OF[engine] });
  const measured = (load: Float64Array): Numbers => {
    const run = runSharedCore({ onlineServiceSeconds: 1, ...host }, load, requests, new Random(seed));
    return { cpuRatio: run.cpuRatio, latencyP95Seconds: run.latencies[Math.ceil(0.95 * run.latencies.length) - 1] };
  };
  const { cpuRatio, onlineLatencySeconds } = plan.predictions;
  return {
    before: measured(unspreadLoad({ jobs, host })),
    after: {
      measured: measured(loadOf({ jobs, host }, plan)),
      predicted: { cpuRatio, latencyP95Seconds: onlineLatencySeconds },
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}
