/** Why no JVM keeps a promise, and changes that each would. */
import { duration, figure, percent, roundedDown, roundedUp, sizeText } from '../figures';
import { largestBelow, smallestAbove } from '../search';
import { COLLECTORS, TESTED_RELEASES } from './collectors';
import { behaviourOf, brokenBy, MOST_COLLECTOR_RATIO, type Sizes } from './sizing';
import type { JvmObjective, JvmQuestion, JvmWorkload } from './workload';

/** The first thing that is in the way, with its numbers. */
export function refusal(question: JvmQuestion, sizes: Sizes): string {
  const { objective, workload } = question;
  const { collector, cycleSeconds, heapBytes, leastHeapBytes, cpu, memoryBytes } = sizes;
  const { pauseSeconds, stoppedRatio, collectorCpuRatio, latencySeconds = 0 } = behaviourOf(question, sizes);
  switch (brokenBy(question, sizes)) {
    case 'processors':
      return `${collector} collects beside the program, and ${figure(cpu)} processor leaves it no place to`;
    case 'pause':
      return `${collector} stops the program for ${duration(pauseSeconds)}, ${duration(objective.pauseSeconds)} are promised`;
    case 'heap':
      return `a heap of ${sizeText(heapBytes)} stalls: a live set of ${sizeText(workload.liveBytes)} and ${sizeText(workload.allocationBytesPerSecond)}/s during collections of ${duration(cycleSeconds)} need ${sizeText(leastHeapBytes)} at least`;
    case 'collector':
      return stoppedRatio > collectorCpuRatio
        ? `${collector} stops the program for ${percent(stoppedRatio)} of the time, more than ${percent(MOST_COLLECTOR_RATIO)}`
        : `${collector} takes ${percent(collectorCpuRatio)} of the processors, more than ${percent(MOST_COLLECTOR_RATIO)}`;
    case 'memory':
      return `the container has to be ${sizeText(memoryBytes)}, ${sizeText(objective.memoryBytes!)} are allowed`;
    default:
      return `requests ${Number.isFinite(latencySeconds) ? `take ${duration(latencySeconds)}` : 'come faster than they are served'}, ${duration(objective.latencySeconds!)} are promised`;
  }
}

/** Changes that each keep the promise; each has been tried. */
export function waysOut(question: JvmQuestion, holds: (question: JvmQuestion) => boolean): string[] {
  const { workload, objective, jdk, collector, heapBytes, cpu = 2, spikeTolerance } = question;
  const load = (changed: Partial<JvmWorkload>) => holds({ ...question, workload: { ...workload, ...changed } });
  const promise = (changed: Partial<JvmObjective>) => holds({ ...question, objective: { ...objective, ...changed } });
  const ways: string[] = [];
  const less = (name: 'allocationBytesPerSecond' | 'requestsPerSecond' | 'liveBytes') => {
    const value = workload[name];
    if (value === undefined) return;
    const found = largestBelow(value, (one) => roundedDown(one) > 0 && load({ [name]: roundedDown(one) }));
    if (found !== undefined) ways.push(`${name} of ${roundedDown(found)}`);
  };
  const more = (name: 'pauseSeconds' | 'latencySeconds' | 'memoryBytes', most: number) => {
    const value = objective[name];
    if (value === undefined) return;
    const found = smallestAbove(value, (one) => roundedUp(one) <= most && promise({ [name]: roundedUp(one) }));
    if (found !== undefined) ways.push(`${name} of ${roundedUp(found)}`);
  };
  more('memoryBytes', 1e18);
  more('pauseSeconds', 3600);
  more('latencySeconds', 3600);
  less('allocationBytesPerSecond');
  less('requestsPerSecond');
  for (const release of TESTED_RELEASES) {
    if (release <= jdk || !holds({ ...question, jdk: release })) continue;
    ways.push(
      `jdk ${release}${COLLECTORS.ZGC.generationalFrom <= release ? ', whose collectors know young objects' : ''}`,
    );
    break;
  }
  const processors = [1, 2, 4, 8, 16, 32].find((one) => one > cpu && holds({ ...question, cpu: one }));
  if (processors !== undefined) ways.push(`${processors} processors`);
  for (const [name, value] of Object.entries({ collector, heapBytes, spikeTolerance })) {
    if (value !== undefined && holds({ ...question, [name]: undefined })) ways.push(`leave ${name} out`);
  }
  less('liveBytes');
  return ways.length > 0 ? ways : ['several JVMs, each with its share of the live set and of the load'];
}
