/** The jobs of a schedule at their places, and what they leave of the host. */
import { serviceQuantile } from '../numerics/gamma';
import { loadAt, type Placeable, type Placed, place } from './placement';
import { type Recurrence, recurrenceOf } from './recurrence';
import type { ScheduledJob, ScheduleHost, ScheduleObjective, SchedulePlan, ScheduleQuestion } from './workload';

/** Share of online requests that the promise is for, unless given. */
export const DEFAULT_QUANTILE = 0.95;
const DEFAULT_VARIATION = 0.5;
const WEEK_SECONDS = 604_800;
/** A run is placed as long as all but one of twenty are. */
const PLACED_QUANTILE = 0.95;

/** A job with everything that its place follows from. */
export interface Chore extends Placeable {
  readonly job: ScheduledJob;
  readonly recurrence: Recurrence;
  readonly variation: number;
}

/** A schedule on the way to its plan. */
export interface Spread {
  readonly question: ScheduleQuestion;
  readonly chores: readonly Chore[];
  readonly placed: Placed;
  readonly fullest: number;
  readonly mean: number;
}

/** A job with its recurrence; the checks have read it once. */
export function choreOf(job: ScheduledJob, host: ScheduleHost | undefined, times = 1): Chore {
  const recurrence = recurrenceOf(job) as Recurrence;
  const variation = job.durationVariation ?? DEFAULT_VARIATION;
  const seconds = times * serviceQuantile(PLACED_QUANTILE, job.durationSeconds, variation);
  return {
    name: job.name,
    job,
    recurrence,
    variation,
    // A run that lasts into its next one is refused as such; here it fills its cycle.
    lengthMinutes: Math.min(recurrence.cycleMinutes, Math.max(1, Math.ceil(seconds / 60 - 1e-9))),
    weight: host === undefined ? 1 : job.cpu!,
    offsetMinutes: job.offsetMinutes,
  };
}

/** The jobs of a question at their places. */
export function spreadOf(question: ScheduleQuestion, chores: readonly Chore[]): Spread {
  const { windowSeconds = Number.POSITIVE_INFINITY } = question.objective ?? {};
  const placed = place(chores, Math.floor(windowSeconds / 60));
  const mean = chores.reduce(
    (sum, { job, recurrence }) => sum + (recurrence.runsPerWeek * job.durationSeconds) / WEEK_SECONDS,
    0,
  );
  return { question, chores, placed, fullest: countAt(chores, placed.offsets), mean };
}

/** Runs in the fullest minute. */
export function countAt(chores: readonly Chore[], offsets: readonly number[]): number {
  return Math.max(
    ...loadAt(
      chores.map((chore) => ({ ...chore, weight: 1 })),
      offsets,
    ),
  );
}

/** CPU of the host in the fullest minute, as a share. */
export function cpuRatioOf({ cores, onlineUtilisation }: ScheduleHost, busyCores: number): number {
  return onlineUtilisation + busyCores / cores;
}

/**
 * Latency of online requests at a quantile, in first-come order on each core: an exponential law (Kleinrock, Queueing
 * Systems I, 3.2), with the mean S ÷ (1 − ρ).
 */
export function onlineLatency(serviceSeconds: number, cpuRatio: number, quantile: number): number {
  return cpuRatio >= 1 ? Number.POSITIVE_INFINITY : (-Math.log(1 - quantile) * serviceSeconds) / (1 - cpuRatio);
}

/** The most CPU, as a share of the host, at which every promise is kept; undefined when none speaks of it. */
export function mostCpuRatio(host: ScheduleHost | undefined, objective: ScheduleObjective): number | undefined {
  if (host === undefined) return undefined;
  const { cpuRatio, onlineLatencySeconds, latencyQuantile = DEFAULT_QUANTILE } = objective;
  const byLatency =
    onlineLatencySeconds === undefined
      ? undefined
      : 1 + (Math.log(1 - latencyQuantile) * host.onlineServiceSeconds!) / onlineLatencySeconds;
  // Jobs never take more than there is.
  return Math.min(cpuRatio ?? 1, byLatency ?? 1);
}

/** Whether every promise is kept when the jobs at these offsets take so many times as long. */
export function keeps({ question, chores, placed }: Spread, times: number): boolean {
  const { host, objective = {} } = question;
  const slower = chores.map(({ job }) => choreOf(job, host, times));
  const meets = slower.some(({ job, recurrence, variation }) => {
    const seconds = times * serviceQuantile(PLACED_QUANTILE, job.durationSeconds, variation);
    return seconds > recurrence.gapSeconds;
  });
  if (meets) return false;
  const most = mostCpuRatio(host, objective);
  if (most === undefined) return true;
  return cpuRatioOf(host!, Math.max(...loadAt(slower, placed.offsets))) <= most + 1e-9;
}

/** What the jobs take in each minute of their cycle, at the offsets of a plan. */
export function loadOf({ jobs, host }: ScheduleQuestion, plan: SchedulePlan): Float64Array {
  return loadAt(
    jobs.map((job) => choreOf(job, host)),
    jobs.map(({ name }) => plan.job(name).offsetMinutes),
  );
}

/** The same when every job runs at the first minute of its period. */
export function unspreadLoad({ jobs, host }: ScheduleQuestion): Float64Array {
  return loadAt(
    jobs.map((job) => choreOf(job, host)),
    jobs.map(() => 0),
  );
}
