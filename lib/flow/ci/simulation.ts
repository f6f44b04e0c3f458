/**
 * Pushes, runs and runners, event by event: runs wait in the order in which they came, and a newer push of the branch ends
 * the run of the older one, whether it waits or runs. When each run is outdated is drawn beforehand, so that one pass over
 * the pushes, with the moments at which runners are free, is exact.
 */
import { MomentHeap } from '../numerics/heap';
import { Quantiles } from '../numerics/quantiles';
import { Random, ServiceTime } from '../numerics/random';

/** So many pushes an hour for so long. */
export interface CiPhase {
  readonly seconds: number;
  readonly pushesPerHour: number;
  /** Whether the waits of its runs are counted. */
  readonly counted: boolean;
}

/** Runners and what comes to them. */
export interface CiRunners {
  readonly phases: readonly CiPhase[];
  readonly runSeconds: number;
  readonly runVariation: number;
  readonly jobsPerRun: number;
  readonly repushRatio: number;
  readonly repushSeconds: number;
  readonly skippableRatio: number;
  /** Whether a newer push ends the run of the older one. */
  readonly cancelOutdated: boolean;
  /** Whether pushes that no pipeline is about start none. */
  readonly filterPaths: boolean;
  readonly runners: number;
  /** Seconds that each job holds its runner before it begins. */
  readonly startSeconds: number;
}

/** What the runs saw. */
export interface CiRun {
  readonly pushes: number;
  /** Jobs that began, of the phases that count. */
  readonly jobs: number;
  readonly waits: Quantiles;
  /** Share of the runs that a newer push ended before they were done. */
  readonly cancelledRatio: number;
  /** Seconds of work that ended in a result which somebody wanted, a runner and counted second. */
  readonly busyRatio: number;
}

interface Push {
  readonly at: number;
  readonly counted: boolean;
  outdatedAt: number;
}

/** One run through all phases, from empty. */
export function runCi(ci: CiRunners, seed: number): CiRun {
  const random = new Random(seed);
  const pushes = drawPushes(ci, random);
  const work = new ServiceTime(ci.runSeconds, ci.runVariation);
  const waits = new Quantiles();
  const free = new MomentHeap(ci.runners + 1);
  for (let runner = 0; runner < ci.runners; runner += 1) free.push(0, runner);
  let [runs, cancelled, held] = [0, 0, 0];
  for (const { at, counted, outdatedAt } of pushes) {
    if (ci.filterPaths && random.uniform() < ci.skippableRatio) continue;
    const ends = ci.cancelOutdated ? outdatedAt : Number.POSITIVE_INFINITY;
    let isCut = false;
    for (let job = 0; job < ci.jobsPerRun; job += 1) {
      const taken = Math.max(at, free.next);
      const done = taken + ci.startSeconds + work.draw(random);
      isCut ||= ends < done;
      if (taken >= ends) continue;
      free.replaceNext(Math.min(done, ends), 0);
      held += counted ? Math.min(done, ends) - taken : 0;
      if (counted) waits.record(taken + ci.startSeconds - at);
    }
    if (!counted) continue;
    runs += 1;
    cancelled += isCut ? 1 : 0;
  }
  const seconds = ci.phases.reduce((sum, phase) => sum + (phase.counted ? phase.seconds : 0), 0);
  return {
    pushes: pushes.length,
    jobs: waits.count,
    waits,
    cancelledRatio: runs === 0 ? 0 : cancelled / runs,
    busyRatio: held / seconds / ci.runners,
  };
}

/** Pushes of all phases; a share of them replaces the one that came about `repushSeconds` before. */
function drawPushes({ phases, repushRatio, repushSeconds }: CiRunners, random: Random): Push[] {
  const pushes: Push[] = [];
  let begin = 0;
  for (const { seconds, pushesPerHour, counted } of phases) {
    let at = begin;
    for (;;) {
      at += (random.exponential() * 3600) / pushesPerHour;
      if (at > begin + seconds) break;
      if (random.uniform() < repushRatio) outdate(pushes, at, repushSeconds * random.exponential());
      pushes.push({ at, counted, outdatedAt: Number.POSITIVE_INFINITY });
    }
    begin += seconds;
  }
  return pushes;
}

/** Ends the push that is nearest to that age and was not replaced yet. */
function outdate(pushes: Push[], at: number, age: number): void {
  let nearest: Push | undefined;
  for (let i = pushes.length - 1; i >= 0; i -= 1) {
    const push = pushes[i];
    if (push.outdatedAt !== Number.POSITIVE_INFINITY) continue;
    if (nearest !== undefined && Math.abs(at - push.at - age) > Math.abs(at - nearest.at - age)) break;
    nearest = push;
  }
  if (nearest) nearest.outdatedAt = at;
}
