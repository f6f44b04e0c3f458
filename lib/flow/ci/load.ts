/**
 * How long runs hold their runners. A run ends when its work is done, or when its branch is pushed again.
 *
 * Source: the mean of the smaller of two times, E[min(T, G)] with G exponential: (1 − E[e^(−T/g)]) × g; Kleinrock, Queueing
 * Systems I, appendix on Laplace transforms.
 */
import { meanWait } from '../numerics/erlang';
import { CONSTANT_BELOW } from '../numerics/gamma';
import { environmentsIn } from './described';
import { DEFAULT_START_SECONDS } from './platforms';
import type { CiQuestion } from './workload';

export const HOUR_SECONDS = 3600;
/** Beyond it a merge queue merges nothing, and no pool is large enough. */
export const MOST_STARTS = 1e9;
/** Of a deployment, whose work nobody describes: as of an exponential time. */
const DEPLOY_VARIATION = 1;

/** Mean and mean square of a time in seconds. */
export interface Moments {
  readonly mean: number;
  readonly square: number;
}

/** What the runners get: jobs a second, how long each holds one, and how many come at once. */
export interface CiLoad {
  readonly jobsPerSecond: number;
  /** Runs that they belong to; a deployment is one. */
  readonly runsPerSecond: number;
  readonly heldSeconds: number;
  /** Mean square of the same, in s². */
  readonly heldSquare: number;
  /** Jobs that come with a job, itself included, on average over the jobs. */
  readonly batch: number;
  /** Mean seconds of the jobs of pushes alone. */
  readonly pushHeldSeconds: number;
  readonly runsPerMerge: number;
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
  { workload, pipelines, cancelOutdated = true, filterPaths = true, ...rest }: CiQuestion,
  times = 1,
): CiLoad {
  const { runSeconds, runVariation = 1, jobsPerRun = 1, repushRatio = 0, repushSeconds } = workload;
  const { skippableRatio = 0, mergesPerHourPeak = 0, deploysPerHourPeak = 0, deploySeconds = 0 } = workload;
  const { mergeFailureRatio = 0, mergeQueue = mergeFailureRatio > 0 } = workload;
  const { runnerStartSeconds: start = DEFAULT_START_SECONDS } = rest;
  const perSecond = (perHour: number) => (times * perHour) / HOUR_SECONDS;
  const pushes = perSecond(workload.pushesPerHourPeak) * (filterPaths ? 1 - skippableRatio : 1);
  const pushed = heldFor(start, runSeconds, runVariation, cancelOutdated ? repushRatio : 0, repushSeconds);
  const merges = perSecond(mergesPerHourPeak);
  const whole = heldFor(start, runSeconds, runVariation, 0);
  const queued = queuedRuns(merges, mergeFailureRatio, whole);
  const deploys = perSecond(deploysPerHourPeak) * environmentsIn(pipelines);
  const parts = [
    { runs: pushes, jobs: jobsPerRun, together: 1, ...pushed },
    // On the main branch, and before that in the queue.
    { runs: merges, jobs: jobsPerRun, together: 1, ...whole },
    ...(mergeQueue ? [{ ...queued, runs: merges * queued.starts, jobs: jobsPerRun }] : []),
    { runs: deploys, jobs: 1, together: 1, ...heldFor(start, deploySeconds, DEPLOY_VARIATION, 0) },
  ];
  const jobsPerSecond = parts.reduce((sum, { runs, jobs }) => sum + runs * jobs, 0);
  const average = (of: (part: (typeof parts)[number]) => number) =>
    parts.reduce((sum, part) => sum + part.runs * part.jobs * of(part), 0) / jobsPerSecond;
  return {
    jobsPerSecond,
    runsPerSecond: parts.reduce((sum, { runs }) => sum + runs, 0),
    heldSeconds: average(({ mean }) => mean),
    heldSquare: average(({ square }) => square),
    batch: average(({ jobs, together }) => jobs * together),
    pushHeldSeconds: pushed.mean,
    runsPerMerge: mergeQueue ? 1 + queued.starts : 1,
  };
}

/** Runs of one merge in the queue: how often they start, how long one holds its runners, and how many start together. */
interface QueuedRuns extends Moments {
  readonly starts: number;
  readonly together: number;
}

/**
 * A failure starts those behind it again, and the next failure among those is known one run later: failures are served one
 * after another, each for the time of a run. So a merge starts again as often as failures are ahead of it when it comes: the
 * number in a queue with one server, which never ends where failures come faster than a run takes.
 *
 * Source: Pollaczek–Khinchine, and PASTA; Kleinrock, Queueing Systems I, 5.6. Held against the simulation.
 */
function queuedRuns(merges: number, failureRatio: number, { mean, square }: Moments): QueuedRuns {
  const failing = failureRatio * merges * mean;
  if (failing === 0) return { mean, square, starts: 1, together: 1 };
  if (failing >= 1) return { mean, square, starts: MOST_STARTS, together: 1 };
  const spread = square / (mean * mean);
  const again = failing + (failing * failing * spread) / (2 * (1 - failing));
  // The failure that is tested already is known after the rest of its run: the run is cut off then.
  const first = failing * Math.min(1, spread / 2);
  const starts = 1 + again;
  return {
    mean: (mean * (1 + first + again - failing)) / starts,
    square,
    starts,
    // Those behind a failure start again together, and a run has the mean number of others beside it.
    together: 1 + (again / starts) * merges * mean,
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
    serviceVariation: DEPLOY_VARIATION,
  });
}
