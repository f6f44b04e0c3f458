/** How fast the replica applies, when the throttle acts, and what is left for bulk writes. */
import { DEFAULT_HEADROOM } from '../headroom';
import type { ThrottleSettings } from './control';
import type { ReplicationQuestion } from './workload';

const DEFAULT_PROCESSORS = 4;
/** Threads for each processor at most: half of them wait for the disk. */
const WORKERS_PER_PROCESSOR = 2;
/** Of what the replica applies: above it a queue of commits has no end (utilization, M/G/1). */
export const MOST_UTILIZATION = 0.85;
/** Of what the most workers give: below it more of them are worth their memory. */
const WORTHWHILE_SHARE = 0.95;
/** The share of work that runs side by side, where nobody measured it. */
export const ASSUMED_PARALLEL_SHARE = 0.8;

const HEARTBEAT_SECONDS = 0.5;
const TICK_SECONDS = 1;
const WRITER_POLL_SECONDS = 1;
/** From a commit of a heartbeat until it is read, and from an answer until a writer has it: network and queries. Assumed. */
export const TRANSIT_SECONDS = 0.5;

const RELEASE_RATIO = 0.5;
const MOST_DECREASE = 0.8;
/** After a cut the rate is so much of what the replica applies, so that the lag falls. */
const AFTER_CUT_SHARE = 0.95;
/** Of what the replica applies, added each second. */
const INCREASE_SHARE = 0.04;
const LEAST_BULK_SHARE = 0.01;
/** Of what the replica applies, used while the rate goes up and down; the least of 400 simulated peaks. */
const USED_SHARE = 0.9;
/** Of the bound: above it nothing would be between target and alarm. */
const MOST_TARGET_SHARE = 0.8;

/** Everything that is fixed before the load comes. */
export interface Sizes {
  readonly cpu: number;
  readonly mostWorkers: number;
  readonly workers: number;
  readonly parallelShare: number;
  readonly headroom: number;
  /** Commits a second that the replica applies. */
  readonly appliedPerSecond: number;
  readonly heartbeatSeconds: number;
  readonly tickSeconds: number;
  readonly writerPollSeconds: number;
  /** Seconds from a lag until every writer follows the decision that it led to. */
  readonly signalDelaySeconds: number;
  readonly largestTransactionSeconds: number;
  /** Peak with head-room ÷ what the replica applies. */
  readonly overload: number;
  readonly releaseRatio: number;
  readonly targetLagSeconds: number;
  /** A target below this is within the error of the measurement. */
  readonly leastTargetSeconds: number;
  readonly throttle: ThrottleSettings;
}

/** Commits a second with so many workers: Amdahl's law. */
export function appliedBy(workers: number, applySeconds: number, parallelShare: number): number {
  return 1 / (applySeconds * (1 - parallelShare + parallelShare / workers));
}

/** All of it. */
export function sizesOf(question: ReplicationQuestion): Sizes {
  const { workload, objective, cpu = DEFAULT_PROCESSORS, headroom = DEFAULT_HEADROOM } = question;
  const { applySeconds, peakCommitsPerSecond: peak, bulkShare } = workload;
  const parallelShare = workload.parallelShare ?? ASSUMED_PARALLEL_SHARE;
  const mostWorkers = WORKERS_PER_PROCESSOR * cpu;
  const applied = (workers: number) => appliedBy(workers, applySeconds, parallelShare);
  const workers = question.workers ?? chosenWorkers(applied, mostWorkers, peak / MOST_UTILIZATION);
  const appliedPerSecond = applied(workers);
  const timing = timingOf(question);
  const largestTransactionSeconds = workload.largestTransactionSeconds ?? applySeconds;
  const overload = (headroom * peak) / appliedPerSecond;
  const targetLagSeconds = targetOf(
    objective.lagSeconds,
    largestTransactionSeconds,
    timing.signalDelaySeconds,
    overload,
  );
  const releaseRatio = question.releaseRatio ?? RELEASE_RATIO;
  return {
    cpu,
    mostWorkers,
    workers,
    parallelShare,
    headroom,
    appliedPerSecond,
    ...timing,
    largestTransactionSeconds,
    overload,
    releaseRatio,
    targetLagSeconds,
    // A replica without lag shows its last heartbeat and the way of it: a release below that would never be seen.
    leastTargetSeconds: Math.max(
      2 * (timing.heartbeatSeconds + timing.tickSeconds),
      (timing.heartbeatSeconds + TRANSIT_SECONDS) / releaseRatio,
    ),
    throttle: {
      targetLagSeconds,
      releaseLagSeconds: releaseRatio * targetLagSeconds,
      decreaseRatio: Math.min(MOST_DECREASE, AFTER_CUT_SHARE / overload),
      holdSeconds: targetLagSeconds + 2 * timing.signalDelaySeconds,
      increasePerSecond: INCREASE_SHARE * appliedPerSecond,
      floorPerSecond: headroom * peak * (1 - bulkShare),
      leastBulkPerSecond: LEAST_BULK_SHARE * peak * bulkShare,
      mostPerSecond: headroom * peak,
      unknownTicks: 3,
    },
  };
}

/** The fewest that apply the peak with room to spare; where none do, the fewest that give nearly all that can be had. */
function chosenWorkers(applied: (workers: number) => number, most: number, needed: number): number {
  const wanted = Math.min(needed, WORTHWHILE_SHARE * applied(most));
  for (let workers = 1; workers < most; workers += 1) if (applied(workers) >= wanted) return workers;
  return most;
}

function timingOf(question: ReplicationQuestion) {
  const heartbeatSeconds = question.heartbeatSeconds ?? HEARTBEAT_SECONDS;
  const tickSeconds = question.tickSeconds ?? TICK_SECONDS;
  const writerPollSeconds = question.writerPollSeconds ?? WRITER_POLL_SECONDS;
  const signalDelaySeconds = heartbeatSeconds + tickSeconds + writerPollSeconds + TRANSIT_SECONDS;
  return { heartbeatSeconds, tickSeconds, writerPollSeconds, signalDelaySeconds };
}

/**
 * The lag at which the rate is cut. What was committed before the cut takes effect is still applied after it, so the lag
 * rises on to target × overload + delay × (overload − 1), and by the largest transaction.
 */
function targetOf(bound: number, largest: number, delay: number, overload: number): number {
  const over = Math.max(1, overload);
  return Math.min(MOST_TARGET_SHARE * bound, (bound - largest - delay * (over - 1)) / over);
}

/** The lag at so many times the load. */
export function lagAt({ workload }: ReplicationQuestion, sizes: Sizes, times = 1): number {
  const unthrottled = unthrottledLag(workload, sizes, times);
  const { targetLagSeconds, signalDelaySeconds, largestTransactionSeconds, throttle, appliedPerSecond } = sizes;
  if (unthrottled < targetLagSeconds) return unthrottled;
  // Beyond the head-room interactive writers alone take more than their floor.
  const beyond = Math.max(0, times / sizes.headroom - 1) * throttle.floorPerSecond;
  const over = Math.max(1, (throttle.mostPerSecond + beyond) / appliedPerSecond);
  const bounded = targetLagSeconds * over + signalDelaySeconds * (over - 1) + largestTransactionSeconds;
  // What nobody slows down piles up once it is more than the replica applies.
  const unslowed = times * workload.peakCommitsPerSecond * (1 - workload.bulkShare) + throttle.leastBulkPerSecond;
  return Math.min(unthrottled, bounded + workload.peakSeconds * Math.max(0, unslowed / appliedPerSecond - 1));
}

/** The lag of a peak that nothing slows down, when its last commit is applied. */
export function unthrottledLag(
  { peakCommitsPerSecond, peakSeconds }: ReplicationQuestion['workload'],
  sizes: Sizes,
  times = 1,
) {
  const over = (times * peakCommitsPerSecond) / sizes.appliedPerSecond;
  return peakSeconds * Math.max(0, over - 1) + sizes.largestTransactionSeconds;
}

/** The longest that a bulk write waits: what is above the usable rate in the peak is made up for afterwards. */
export function bulkDelay({ workload }: ReplicationQuestion, sizes: Sizes): number {
  const { peakCommitsPerSecond, peakSeconds, steadyCommitsPerSecond } = workload;
  if (unthrottledLag(workload, sizes) < sizes.targetLagSeconds) return 0;
  const usable = USED_SHARE * sizes.appliedPerSecond;
  const late = peakSeconds * Math.max(0, peakCommitsPerSecond / usable - 1);
  return late / (1 - steadyCommitsPerSecond / usable) + sizes.throttle.holdSeconds;
}

/** What is in the way of a promise. */
export type Obstacle = 'steady' | 'transaction' | 'floor' | 'target' | 'lag' | 'delay';

/** The first promise that is broken at so many times the load; undefined when all hold. */
export function brokenBy(question: ReplicationQuestion, sizes: Sizes, times = 1): Obstacle | undefined {
  const { workload, objective } = question;
  const { throttle, appliedPerSecond, targetLagSeconds, leastTargetSeconds } = sizes;
  if (times * workload.steadyCommitsPerSecond >= MOST_UTILIZATION * appliedPerSecond) return 'steady';
  if (sizes.largestTransactionSeconds >= objective.lagSeconds) return 'transaction';
  if (times === 1 && sizes.overload > 1) {
    if (throttle.floorPerSecond + throttle.leastBulkPerSecond > AFTER_CUT_SHARE * appliedPerSecond) return 'floor';
  }
  if (times === 1 && targetLagSeconds < leastTargetSeconds) return 'target';
  // Rounding of the target must not break its own promise.
  if (lagAt(question, sizes, times) > objective.lagSeconds * (1 + 1e-9)) return 'lag';
  if (times === 1 && bulkDelay(question, sizes) > (objective.bulkDelaySeconds ?? Number.POSITIVE_INFINITY))
    return 'delay';
  return undefined;
}
