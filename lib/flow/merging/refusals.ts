/** Why no setting keeps a promise, and changes that each would. */
import { duration, figure, roundedDown } from '../figures';
import { largestBelow, smallestAbove } from '../search';
import { monthlyCostOf } from './costs';
import { fullestCycle, meanCycle } from './cycles';
import { type Load, loadOf, type Settings, shardsTake } from './load';
import { brokenBy, LEAST_RATIO, leastWindow, settingsFor, sizingOf, windowBounds } from './sizing';
import { TRANSPORTS } from './transports';
import type { MergingQuestion, MergingWorkload } from './workload';

/** The first thing that is in the way, with its numbers. */
export function refusal(question: MergingQuestion): string {
  const { objective, transport = 'kinesis' } = question;
  const { headroom = 1 } = objective;
  const prefix = headroom > 1 && settingsFor(question, 1) !== undefined ? `with a head-room of ${headroom}: ` : '';
  const times = prefix === '' ? 1 : headroom;
  const load = loadOf(question);
  const high = loadOf(question, times);
  const { title, shard } = TRANSPORTS[transport];
  const shards = question.shards ?? shard.most;
  if (!shardsTake(high, shards)) {
    const bytes = high.perSecond * high.eventBytes;
    return `${prefix}${figure(high.perSecond)} events/s and ${figure(bytes)} bytes/s, of which the most popular key has ${figure(high.perSecond * high.groups[0].share)} events/s, are more than ${figure(shards)} ${shards === 1 ? 'shard' : 'shards'} of ${title} ${shards === 1 ? 'takes' : 'take'}, ${figure(shard.perSecond)} events/s each`;
  }
  const settings = closest(question, shards, high);
  if (settings === undefined) return `${prefix}${noWindow(question, shards, high)}`;
  const fullest = fullestCycle(high, settings);
  const told = `a window of ${duration(settings.windowSeconds)} and ${duration(fullest.workSeconds)} of work for ${figure(fullest.keys)} keys`;
  switch (brokenBy(question, high, settings)) {
    case 'batch':
      return `${prefix}${told} collect ${figure(fullest.events)} events a reader, more than one batch holds`;
    case 'progress':
      return `${prefix}${told} have more keys in progress than the invalidator allows`;
    case 'wildcards':
      return `${prefix}${figure(high.wildcards)} wildcards in ${told} are more than the invalidator has in progress, ${figure(load.invalidator.inProgress!.wildcards)}`;
    case 'flush':
      return `${prefix}a batch of different keys takes longer than ${duration(load.transport.mostSeconds!)}, the most of ${title}`;
    case 'window':
      return `${prefix}the window has to be ${duration(settings.windowSeconds)}, and ${title} has ${duration(load.transport.window.most)} at most`;
    default:
      return `${prefix}${told}${settles(load)} are a delay of ${duration(fullest.worstDelaySeconds)}, ${duration(objective.freshnessSeconds)} are promised`;
  }
}

/** What the invalidator takes after it was called, as part of a sentence. */
function settles({ invalidator: { settleSeconds, title } }: Load): string {
  return settleSeconds === 0 ? '' : `, and ${duration(settleSeconds)} until ${title} has invalidated them,`;
}

/** The settings that come closest: the most workers, the shards of the transport. */
function closest(question: MergingQuestion, most: number, high: Load): Settings | undefined {
  const load = loadOf(question);
  const workers = question.workers ?? load.invalidator.mostWorkers;
  const shards = question.shards ?? firstThatTakes(question, most);
  const windowSeconds = question.windowSeconds ?? leastWindow(question, load, shards, workers, high);
  if (windowSeconds === undefined) return undefined;
  const settings = { windowSeconds, shards, workers };
  return Object.values(windowBounds(question, load, settings, high)).every(Boolean) ? settings : undefined;
}

function firstThatTakes(question: MergingQuestion, most: number): number {
  const load = loadOf(question);
  for (let shards = 1; shards < most; shards += 1) if (shardsTake(load, shards)) return shards;
  return most;
}

/** What keeps every window that is fresh enough from being long enough. */
function noWindow(question: MergingQuestion, most: number, high: Load): string {
  const load = loadOf(question);
  const { freshnessSeconds, invalidationCost, monthlyCost } = question.objective;
  const workers = question.workers ?? load.invalidator.mostWorkers;
  const windowSeconds = question.windowSeconds ?? Math.min(freshnessSeconds, load.transport.window.most);
  const settings = { windowSeconds, shards: question.shards ?? firstThatTakes(question, most), workers };
  const bounds = windowBounds(question, load, settings, high);
  const mean = meanCycle(load, settings);
  const at = `in a window of ${duration(windowSeconds)}`;
  if (!bounds.ratio) {
    return `${figure(mean.events)} events of ${figure(mean.keys)} keys come ${at}, ${figure(mean.events / mean.keys)} events a key: merging saves nothing below ${LEAST_RATIO}`;
  }
  if (!bounds.cost) return `${figure(mean.keys)} keys ${at} cost more than ${figure(invalidationCost!)} USD a peak`;
  if (!bounds.month)
    return `a month with one peak a day costs ${figure(monthlyCostOf(question, settings)!)} USD ${at}, and ${figure(monthlyCost!)} are allowed`;
  if (!bounds.progress)
    return `${figure(meanCycle(high, settings).keys)} keys ${at} are more than the invalidator has in progress`;
  if (!bounds.wildcards) {
    const { wildcards, seconds } = load.invalidator.inProgress!;
    return `${figure(high.wildcards)} wildcards ${at} are more than the ${figure(wildcards)} that the invalidator has in progress for ${duration(seconds)}`;
  }
  return `${figure(mean.keys)} keys ${at} are ${duration(mean.keys * load.keySeconds)} of work, more than half of what ${figure(workers)} ${workers === 1 ? 'call' : 'calls'} at once do`;
}

/** Changes that each keep the promise; each has been tried. */
export function waysOut(question: MergingQuestion): string[] {
  const { workload, objective, windowSeconds, workers, shards, maxBatch } = question;
  const holds = (changed: Partial<MergingQuestion>) => sizingOf({ ...question, ...changed }) !== undefined;
  const load = (changed: Partial<MergingWorkload>) => holds({ workload: { ...workload, ...changed } });
  const promise = (changed: Partial<MergingQuestion['objective']>) =>
    holds({ objective: { ...objective, ...changed } });
  const ways: string[] = [];
  const freshness = smallestAbove(
    objective.freshnessSeconds,
    (one) => one <= 86_400 && promise({ freshnessSeconds: Math.ceil(one) }),
  );
  if (freshness !== undefined) ways.push(`freshnessSeconds of ${Math.ceil(freshness)}`);
  const { invalidationCost, monthlyCost } = objective;
  if (monthlyCost !== undefined) {
    const cost = smallestAbove(monthlyCost, (one) => one <= 1e12 && promise({ monthlyCost: Math.ceil(one) }));
    if (cost !== undefined) ways.push(`monthlyCost of ${Math.ceil(cost)}`);
  }
  if (invalidationCost !== undefined) {
    const cost = smallestAbove(invalidationCost, (one) => one <= 1e12 && promise({ invalidationCost: Math.ceil(one) }));
    if (cost !== undefined) ways.push(`invalidationCost of ${Math.ceil(cost)}`);
  }
  const seconds = largestBelow(workload.keySeconds, (one) => one > 0 && load({ keySeconds: roundedDown(one) }));
  if (seconds !== undefined) ways.push(`keySeconds of ${roundedDown(seconds)}`);
  const keys = largestBelow(workload.distinctKeys, (one) => one >= 1 && load({ distinctKeys: Math.floor(one) }));
  if (keys !== undefined) ways.push(`distinctKeys of ${Math.floor(keys)}: tags, or a wildcard, name many at once`);
  const { wildcardKeys = 0 } = workload;
  const wildcards = largestBelow(wildcardKeys, (one) => one >= 1 && load({ wildcardKeys: Math.floor(one) }));
  if (wildcards !== undefined) ways.push(`wildcardKeys of ${Math.floor(wildcards)}`);
  for (const [name, value] of Object.entries({ windowSeconds, workers, shards, maxBatch })) {
    if (value !== undefined && holds({ [name]: undefined })) ways.push(`leave ${name} out`);
  }
  if (objective.headroom !== undefined && holds({ objective: { ...objective, headroom: undefined } })) {
    ways.push('leave headroom out: the plan then says at what multiple the promise breaks');
  }
  if (question.transport === 'sqs' && holds({ transport: 'kinesis' })) ways.push('the transport kinesis');
  return ways.length > 0 ? ways : ['a QueueWorker, which works on every event by itself'];
}
