/** The jobs of a schedule at their places, and what they leave of the host. */
import { serviceQuantile } from '../numerics/gamma';
import { WEEK_SECONDS } from '../ranges';
import { loadAt, type Placeable, place } from './placement';
import { type Recurrence, recurrenceOf } from './recurrence';
import { SCHEDULERS, type SchedulerName } from './schedulers';
import type { ScheduledJob, ScheduleHost, ScheduleObjective, SchedulePlan, ScheduleQuestion } from './workload';

/** Share of online requests that the promise is for, unless given. */
export const DEFAULT_QUANTILE = 0.95;
/** Coefficient of variation of a run's time, unless given. */
export const DEFAULT_VARIATION = 0.5;
const DEFAULT_SCHEDULER: SchedulerName = 'kubernetes';
/** A run is placed as long as all but one of twenty are. */
const PLACED_QUANTILE = 0.95;

/** A job with everything that its place follows from. */
export interface Chore extends Placeable {
  readonly job: ScheduledJob;
  readonly recurrence: Recurrence;
  readonly variation: number;
  /** Seconds that it counts as: 95 % of its runs take no longer, and on average they do not. */
  readonly countedSeconds: number;
}

/** A schedule on the way to its plan. */
export interface Spread {
  readonly question: ScheduleQuestion;
  readonly scheduler: SchedulerName;
  /** The jobs, each as long as it counts. */
  readonly chores: readonly Chore[];
  readonly offsets: readonly number[];
  /** The multiple of the time of every run at which the promise has to hold. */
  readonly headroom: number;
  /** Runs in the fullest minute. */
  readonly fullest: number;
  /** Runs in the fullest minute when each takes `headroom` × as long. */
  readonly fullestWithHeadroom: number;
  /** Runs at once on average. */
  readonly mean: number;
}

/** What starts the jobs. */
export function schedulerOf({ scheduler = DEFAULT_SCHEDULER }: Pick<ScheduleQuestion, 'scheduler'>): SchedulerName {
  return scheduler;
}

/** Whether runs above the bound wait in a queue. */
export function runsWait(question: ScheduleQuestion): boolean {
  return SCHEDULERS[schedulerOf(question)].runsWait || question.queued === true;
}

/** A job with its recurrence; the checks have read it once. */
export function choreOf(job: ScheduledJob, question: Pick<ScheduleQuestion, 'host' | 'scheduler'>): Chore {
  const recurrence = recurrenceOf(job) as Recurrence;
  const variation = job.durationVariation ?? DEFAULT_VARIATION;
  // Where few runs take very long, 95 % of them end before the mean.
  const countedSeconds = Math.max(
    job.durationSeconds,
    serviceQuantile(PLACED_QUANTILE, job.durationSeconds, variation),
  );
  return {
    name: job.name,
    job,
    recurrence,
    variation,
    countedSeconds,
    lengthMinutes: minutesOf(countedSeconds, recurrence, schedulerOf(question)),
    weight: question.host === undefined ? 1 : job.cpu!,
    offsetMinutes: job.offsetMinutes,
  };
}

/** Minutes in which a run of so many seconds may be active: it begins at any moment of the scheduler's spread. */
function minutesOf(seconds: number, { gapSeconds }: Recurrence, scheduler: SchedulerName): number {
  const { startSpreadSeconds, oneAtATime } = SCHEDULERS[scheduler];
  // A run that lasts into its next one is refused as such; here it ends with it.
  const active = Math.min(seconds, gapSeconds) + startSpreadSeconds;
  return Math.max(1, Math.ceil((oneAtATime ? Math.min(active, gapSeconds) : active) / 60 - 1e-9));
}

/** The same jobs when every run takes so many times as long. */
function lengthened(chores: readonly Chore[], times: number, scheduler: SchedulerName): Chore[] {
  return chores.map((chore) => ({
    ...chore,
    lengthMinutes: minutesOf(times * chore.countedSeconds, chore.recurrence, scheduler),
  }));
}

/** The jobs of a question at the places that suit runs of `headroom` × the time. */
export function spreadOf(question: ScheduleQuestion, headroom: number): Spread {
  const { windowSeconds = Number.POSITIVE_INFINITY } = question.objective ?? {};
  const scheduler = schedulerOf(question);
  const chores = question.jobs.map((job) => choreOf(job, question));
  const longer = lengthened(chores, headroom, scheduler);
  const offsets = place(longer, Math.floor(windowSeconds / 60));
  return {
    question,
    scheduler,
    chores,
    offsets,
    headroom,
    fullest: countAt(chores, offsets),
    fullestWithHeadroom: countAt(longer, offsets),
    mean: chores.reduce(
      (sum, { job, recurrence }) => sum + (recurrence.runsPerWeek * job.durationSeconds) / WEEK_SECONDS,
      0,
    ),
  };
}

/** Runs at once: given, or enough that no placed run waits, and that late ones are caught up with. */
export function boundOf({ question, fullestWithHeadroom, mean, headroom }: Spread): number {
  return question.maxConcurrent ?? Math.max(1, fullestWithHeadroom, Math.ceil(headroom * mean - 1e-9));
}

/** The same places with no head-room. */
export function withoutHeadroom(spread: Spread): Spread {
  return { ...spread, headroom: 1, fullestWithHeadroom: spread.fullest };
}

/** Runs in the fullest minute. */
export function countAt(chores: readonly Chore[], offsets: readonly number[]): number {
  const counted = loadAt(
    chores.map((chore) => ({ ...chore, weight: 1 })),
    offsets,
  );
  return most(counted);
}

/** Runs that are due in the minute with most of them. */
export function mostStarts(chores: readonly Chore[], offsets: readonly number[]): number {
  return countAt(
    chores.map((chore) => ({ ...chore, lengthMinutes: 1 })),
    offsets,
  );
}

/** Cores that runs take in the fullest minute when each takes so many times as long. */
export function busiestCores({ chores, offsets, scheduler }: Spread, times: number): number {
  return most(loadAt(lengthened(chores, times, scheduler), offsets));
}

/** Runs in the fullest minute when each takes so many times as long. */
export function fullestAt({ chores, offsets, scheduler }: Spread, times: number): number {
  return countAt(lengthened(chores, times, scheduler), offsets);
}

function most(load: Float64Array): number {
  return load.reduce((sofar, one) => (one > sofar ? one : sofar), 0);
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

/** Whether the CPU promise is kept when each run takes so many times as long. */
export function leavesEnough(spread: Spread, times: number): boolean {
  const { host, objective = {} } = spread.question;
  const limit = mostCpuRatio(host, objective);
  return limit === undefined || cpuRatioOf(host!, busiestCores(spread, times)) <= limit + 1e-9;
}

/** The jobs of which more than 5 % of the runs meet the next one, when each takes so many times as long. */
export function meetingNext({ chores }: Spread, times: number): Chore[] {
  return chores.filter(({ countedSeconds, recurrence }) => times * countedSeconds > recurrence.gapSeconds * (1 + 1e-9));
}

/** What the jobs take in each minute of their cycle, at the offsets of a plan. */
export function loadOf(question: ScheduleQuestion, plan: SchedulePlan): Float64Array {
  return loadAt(
    question.jobs.map((job) => choreOf(job, question)),
    question.jobs.map(({ name }) => plan.job(name).offsetMinutes),
  );
}

/** The offsets that jobs were written with. */
export function unspreadOffsets(chores: readonly Chore[]): number[] {
  return chores.map(({ recurrence }) => recurrence.written);
}
