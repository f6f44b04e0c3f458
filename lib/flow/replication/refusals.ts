/** Why neither workers nor throttle keep a promise, and changes that each would. */
import { duration, figure, roundedDown, roundedUp } from '../figures';
import { largestBelow, smallestAbove } from '../search';
import { brokenBy, bulkDelay, lagAt, MOST_UTILIZATION, type Sizes } from './sizing';
import type { ReplicationObjective, ReplicationQuestion, ReplicationWorkload } from './workload';

/** Shards that are tried: the source is divided, each with a replica of its own. */
const MOST_SHARDS = 64;

/** The first thing that is in the way, with its numbers. */
export function refusal(question: ReplicationQuestion, sizes: Sizes): string {
  const { workload, objective } = question;
  const { appliedPerSecond, workers, throttle, targetLagSeconds, leastTargetSeconds } = sizes;
  const applies = `${workers === 1 ? '1 worker applies' : `${workers} workers apply`} ${figure(appliedPerSecond)} commits/s`;
  switch (brokenBy(question, sizes)) {
    case 'steady':
      return `${applies}, and ${figure(workload.steadyCommitsPerSecond)} come outside of peaks, above ${figure(100 * MOST_UTILIZATION)} % of it`;
    case 'transaction':
      return `the largest transaction alone makes the replica lag by ${duration(sizes.largestTransactionSeconds)}, ${duration(objective.lagSeconds)} are promised`;
    case 'floor':
      return `${applies}, and writers that must not wait commit ${figure(throttle.floorPerSecond)}/s with head-room: slowing bulk writes down is not enough`;
    case 'target':
      return `the rate would have to be cut at a lag of ${duration(Math.max(0, targetLagSeconds))}, and ${duration(leastTargetSeconds)} is the least that is told from none: the signal takes ${duration(sizes.signalDelaySeconds)} while ${figure(throttle.mostPerSecond)} commits/s come and ${applies}`;
    case 'lag':
      return `the replica would lag by ${duration(lagAt(question, sizes))}, ${duration(objective.lagSeconds)} are promised`;
    default:
      return `bulk writes would wait ${duration(bulkDelay(question, sizes))}, ${duration(objective.bulkDelaySeconds!)} are promised`;
  }
}

/** Changes that each keep the promise; each has been tried. */
export function waysOut(question: ReplicationQuestion, holds: (question: ReplicationQuestion) => boolean): string[] {
  const { workload, objective } = question;
  const load = (changed: Partial<ReplicationWorkload>) => holds({ ...question, workload: { ...workload, ...changed } });
  const promise = (changed: Partial<ReplicationObjective>) =>
    holds({ ...question, objective: { ...objective, ...changed } });
  const ways: string[] = [];
  const offer = (way: string, fits: boolean) => {
    if (fits) ways.push(way);
  };
  const processors = [1, 2, 4, 8, 16, 32, 64, 96, 128].find(
    (cpu) => cpu > (question.cpu ?? 4) && holds({ ...question, cpu, workers: undefined }),
  );
  if (processors !== undefined) ways.push(`replicas of ${processors} processors`);
  offer('leave workers out', question.workers !== undefined && holds({ ...question, workers: undefined }));
  const shards = shardsOf(question, holds);
  if (shards !== undefined) ways.push(`${shards} shards, each with its share of the writes`);
  const lag = smallestAbove(
    objective.lagSeconds,
    (one) => roundedUp(one) <= 86_400 && promise({ lagSeconds: roundedUp(one) }),
  );
  if (lag !== undefined) ways.push(`lagSeconds of ${roundedUp(lag)}`);
  if (objective.bulkDelaySeconds !== undefined) {
    const delay = smallestAbove(
      objective.bulkDelaySeconds,
      (one) => roundedUp(one) <= 31_536_000 && promise({ bulkDelaySeconds: roundedUp(one) }),
    );
    if (delay !== undefined) ways.push(`bulkDelaySeconds of ${roundedUp(delay)}`);
  }
  const bulk = [0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1].find(
    (bulkShare) => bulkShare > workload.bulkShare && load({ bulkShare }),
  );
  if (bulk !== undefined) ways.push(`bulkShare of ${bulk}`);
  less(question, holds, ways);
  return ways.length > 0 ? ways : ['an Aurora cluster, whose readers share the storage of the writer'];
}

/** Smaller numbers of the workload that each fit. */
function less(question: ReplicationQuestion, holds: (question: ReplicationQuestion) => boolean, ways: string[]): void {
  const { workload } = question;
  const names = ['peakCommitsPerSecond', 'applySeconds', 'largestTransactionSeconds'] as const;
  for (const name of names) {
    const value = workload[name];
    if (value === undefined) continue;
    const steady = workload.steadyCommitsPerSecond;
    const fits = (one: number) =>
      one > 0 &&
      (name !== 'peakCommitsPerSecond' || one >= steady) &&
      holds({ ...question, workload: { ...workload, [name]: one } });
    const found = largestBelow(value, (one) => fits(roundedDown(one)));
    if (found !== undefined) ways.push(`${name} of ${roundedDown(found)}`);
  }
}

function shardsOf(
  question: ReplicationQuestion,
  holds: (question: ReplicationQuestion) => boolean,
): number | undefined {
  const { workload } = question;
  for (let shards = 2; shards <= MOST_SHARDS; shards += 1) {
    const steadyCommitsPerSecond = workload.steadyCommitsPerSecond / shards;
    const peakCommitsPerSecond = workload.peakCommitsPerSecond / shards;
    if (holds({ ...question, workload: { ...workload, steadyCommitsPerSecond, peakCommitsPerSecond } })) return shards;
  }
  return undefined;
}
