/** How many runners keep a promise, and how long a job waits for one. */
import { erlangC } from '../numerics/erlang';
import { gammaTail, serviceQuantile } from '../numerics/gamma';
import { firstIndex, lastWhole } from '../search';
import { MOST_RUNNERS } from './checks';
import { type CiLoad, deployWait, loadOf, MOST_STARTS } from './load';
import { DEFAULT_START_SECONDS, PENDING_RUNS } from './platforms';
import type { CiQuestion } from './workload';

export const DEFAULT_QUANTILE = 0.95;

/**
 * Seconds from a push until its job begins, at the quantile of the objective.
 *
 * The jobs of one run come together: the last of them begins when so many runners are free. So a job waits as in a pool that
 * is smaller by the others, and the waits fall off more slowly by the size of the run (Allen–Cunneen with the variation of
 * batches). Above the simulation for runs of several jobs; for one job it is a few percent too low where runs hardly vary,
 * which the head-room covers.
 */
export function waitOf(question: CiQuestion, runners: number, times = 1): number {
  const { objective, runnerStartSeconds: start = DEFAULT_START_SECONDS } = question;
  const load = loadOf(question, times);
  const waiting = waitingShare(load, runners, question.workload.jobsPerRun ?? 1);
  const decay = decayOf(load, runners);
  if (waiting >= 1 && decay <= 0) return Number.POSITIVE_INFINITY;
  const missed = 1 - (objective.waitQuantile ?? DEFAULT_QUANTILE);
  return start + Math.max(0, Math.log(waiting / missed) / decay);
}

/** Share of the runs of which a job waits: too few runners are free for all, or none where jobs of a run also end together. */
function waitingShare({ jobsPerSecond, heldSeconds }: CiLoad, runners: number, jobs: number): number {
  if (runners < jobs) return 1;
  const busy = jobsPerSecond * heldSeconds;
  return Math.max(erlangC(runners - jobs + 1, busy), erlangC(Math.floor(runners / jobs), busy / jobs));
}

/** Rate per second at which the waiting time of those who wait falls off; 0 when the queue only grows. */
function decayOf({ jobsPerSecond, heldSeconds, heldSquare, batch }: CiLoad, runners: number): number {
  const spread = heldSquare / (heldSeconds * heldSeconds) - 1;
  return Math.max(0, runners / heldSeconds - jobsPerSecond) / ((batch + spread) / 2);
}

/** The fewest runners with which the wait is kept at so many times the load; undefined when a start alone is too long. */
export function runnersFor(question: CiQuestion, times: number): number | undefined {
  const { objective, runnerStartSeconds: start = DEFAULT_START_SECONDS } = question;
  if (start >= objective.waitSeconds) return undefined;
  const keeps = (runners: number) => waitOf(question, runners, times) <= objective.waitSeconds;
  if (!keeps(MOST_RUNNERS)) return undefined;
  const { jobsPerSecond, heldSeconds } = loadOf(question, times);
  const unstable = Math.min(MOST_RUNNERS - 1, Math.floor(jobsPerSecond * heldSeconds));
  return lastWhole(MOST_RUNNERS, unstable, keeps);
}

/** The fewest idle runners with which a job rarely waits for a start: so many come while one starts, at most. */
export function reserveFor(question: CiQuestion): number {
  const { workload, objective, runnerStartSeconds: start = DEFAULT_START_SECONDS } = question;
  const runs = loadOf(question).runsPerSecond * start;
  const quantile = objective.waitQuantile ?? DEFAULT_QUANTILE;
  // P(N > n) of a Poisson number is 1 − P(gamma of n + 1 > mean).
  const most = runs > 0 ? firstIndex(MOST_RUNNERS, (count) => gammaTail(count + 1, runs) >= quantile) : 0;
  return most * (workload.jobsPerRun ?? 1);
}

/** The time in seconds that one job of a thousand takes longer than, and one deployment of a thousand. */
export function longestRun({ workload }: CiQuestion): number {
  const { runSeconds, runVariation = 1, deploysPerHourPeak = 0, deploySeconds = 0 } = workload;
  const deploy = deploysPerHourPeak > 0 ? serviceQuantile(0.999, deploySeconds, 1) : 0;
  return Math.max(serviceQuantile(0.999, runSeconds, runVariation), deploy);
}

/** What is in the way of a promise. */
export type Obstacle = 'start' | 'deploys' | 'pending' | 'merges' | 'runners' | 'quota';

/** The first thing in the way, with so many runners at so many times the load; undefined when the promise is kept. */
export function brokenBy(question: CiQuestion, runners: number | undefined, times = 1): Obstacle | undefined {
  const { objective, quota, runnerStartSeconds: start = DEFAULT_START_SECONDS } = question;
  if (start >= objective.waitSeconds) return 'start';
  const wait = deployWait(question, times);
  if (!Number.isFinite(wait)) return 'deploys';
  const { deploysPerHourPeak = 0 } = question.workload;
  if ((wait * times * deploysPerHourPeak) / 3600 > PENDING_RUNS / 4) return 'pending';
  if (loadOf(question, times).runsPerMerge > MOST_STARTS) return 'merges';
  if (runners === undefined || waitOf(question, runners, times) > objective.waitSeconds) return 'runners';
  return quota !== undefined && quota < runners ? 'quota' : undefined;
}
