/**
 * How long runs hold their runners. A run ends when its work is done, or when its branch is pushed again.
 *
 * Source: the mean of the smaller of two times, E[min(T, G)] with G exponential: (1 − E[e^(−T/g)]) × g; Kleinrock, Queueing
 * Systems I, appendix on Laplace transforms.
 */
import { meanWait } from '../numerics/erlang';
import { CONSTANT_BELOW } from '../numerics/gamma';
import { DEFAULT_START_SECONDS } from './platforms';
import type { CiQuestion } from './workload';

export const HOUR_SECONDS = 3600;
/** Beyond it a merge queue merges nothing, and no pool is large enough. */
const MOST_STARTS = 1e9;

/** Mean and mean square of a time in seconds. */
export interface Moments {
  readonly mean: number;
  readonly square: number;
}

/** What the runners get: jobs a second, how long each holds one, and how many come at once. */
export interface CiLoad {
  readonly jobsPerSecond: number;
  readonly heldSeconds: number;
  /** Mean square of the same, in s². */
  readonly heldSquare: number;
  /** Jobs that come with a job, itself included, on average over the jobs. */
  readonly batch: number;
  /** Mean seconds of the jobs of pushes alone. */
  readonly pushHeldSeconds: number;
  readonly runsPerMerge: number;
  readonly pushRunsPerSecond: number;
}

/** The time that a job holds its runner: its start, then gamma work, cut off by the next push in a share of the runs. */
export function heldFor(
  startSeconds: number,
  runSeconds: number,
  variation: number,
  repushRatio: number,
  repushSeconds = Number.POSITIVE_INFINITY,
): Moments {
  const whole = startSeconds + runSeconds;
  const full = { mean: whole, square: whole * whole + (variation * runSeconds) ** 2 };
  if (repushRatio === 0 || !Number.isFinite(repushSeconds)) return full;
  const rate = 1 / repushSeconds;
  const growth = 1 + variation * variation * runSeconds * rate;
  const power = variation < CONSTANT_BELOW ? Math.exp(-runSeconds * rate) : growth ** (-1 / (variation * variation));
  const survives = Math.exp(-startSeconds * rate) * power;
  // E[T e^(−T/g)]: the derivative of the transform.
  const weighted = survives * (startSeconds + runSeconds / growth);
  const cut = {
    mean: repushSeconds * (1 - survives),
    square: 2 * repushSeconds * repushSeconds * (1 - survives - weighted * rate),
  };
  return {
    mean: (1 - repushRatio) * full.mean + repushRatio * cut.mean,
    square: (1 - repushRatio) * full.square + repushRatio * Math.max(cut.square, cut.mean * cut.mean),
  };
}

/** The load at so many times what the workload says. */
export function loadOf(
  { workload, cancelOutdated = true, filterPaths = true, ...rest }: CiQuestion,
  times = 1,
): CiLoad {
  const { runSeconds, runVariation = 1, jobsPerRun = 1, repushRatio = 0, repushSeconds } = workload;
  const { skippableRatio = 0, mergesPerHourPeak = 0, mergeFailureRatio = 0 } = workload;
  const { deploysPerHourPeak = 0, deploySeconds = 0 } = workload;
  const { runnerStartSeconds: start = DEFAULT_START_SECONDS } = rest;
  const perSecond = (perHour: number) => (times * perHour) / HOUR_SECONDS;
  const pushes = perSecond(workload.pushesPerHourPeak) * (filterPaths ? 1 - skippableRatio : 1);
  const pushed = heldFor(start, runSeconds, runVariation, cancelOutdated ? repushRatio : 0, repushSeconds);
  const merges = perSecond(mergesPerHourPeak);
  // Each failure ahead starts those behind it again; a run counts once it survives from its start to its end.
  const failures = mergeFailureRatio * merges;
  const starts = Math.min(MOST_STARTS, Math.exp(failures * (start + runSeconds)));
  const whole = heldFor(start, runSeconds, runVariation, 0);
  const merged = failures === 0 ? whole : { mean: (starts - 1) / failures / starts, square: whole.square };
  const deploys = perSecond(deploysPerHourPeak);
  const deployed = { mean: start + deploySeconds, square: (start + deploySeconds) ** 2 };
  const parts = [
    { rate: pushes * jobsPerRun, batch: jobsPerRun, ...pushed },
    { rate: merges * starts * jobsPerRun, batch: jobsPerRun, ...merged },
    { rate: deploys, batch: 1, ...deployed },
  ];
  const jobsPerSecond = parts.reduce((sum, { rate }) => sum + rate, 0);
  const average = (of: (part: (typeof parts)[number]) => number) =>
    parts.reduce((sum, part) => sum + part.rate * of(part), 0) / jobsPerSecond;
  return {
    jobsPerSecond,
    heldSeconds: average(({ mean }) => mean),
    heldSquare: average(({ square }) => square),
    batch: average(({ batch }) => batch),
    pushHeldSeconds: pushed.mean,
    runsPerMerge: starts,
    pushRunsPerSecond: pushes,
  };
}

/** Mean seconds that a deployment waits for the one before: one at a time, each as long as a runner's start and its work. */
export function deployWait({ workload, runnerStartSeconds = DEFAULT_START_SECONDS }: CiQuestion, times = 1): number {
  const { deploysPerHourPeak = 0, deploySeconds = 0 } = workload;
  if (deploysPerHourPeak === 0) return 0;
  return meanWait({
    arrivalsPerSecond: (times * deploysPerHourPeak) / HOUR_SECONDS,
    serviceSeconds: runnerStartSeconds + deploySeconds,
    slots: 1,
    serviceVariation: 1,
  });
}
