/** One wildcard in place of the paths of a flush that has more than Amazon CloudFront takes: when, its price, what it evicts. */
import { figure } from '../figures';
import type { Knob } from '../plan';
import { fullestCycle, meanCycle } from './cycles';
import { type Load, loadOf, readersOf } from './load';
import type { Sizing } from './sizing';
import type { MergingQuestion } from './workload';

/** The knob, where the question has the fallback. */
export function fallbackKnobs(question: MergingQuestion, load: Load, sizing: Sizing): Knob[] {
  const { inProgress, source } = load.invalidator;
  if (question.wildcardFallback !== true || inProgress === undefined) return [];
  const readers = readersOf(load, sizing.shards);
  const high = loadOf(question, sizing.headroom);
  const cycleSeconds = meanCycle(high, sizing).seconds;
  const keysPerFlush = fullestCycle(high, sizing).keys;
  const taken = (inProgress.keys * Math.max(1, cycleSeconds / inProgress.seconds)) / readers;
  return [
    {
      name: 'wildcardAboveKeys',
      // Never at the load that is planned for: the plan counts and prices paths.
      value: Math.max(Math.floor(taken + 1e-9), Math.ceil(keysPerFlush - 1e-9)),
      unit: 'keys',
      formula:
        'the larger of two: what the invalidator takes in a cycle, most in progress × (cycle ÷ seconds of one, at least 1) ÷ readers; and the keys of the fullest flush with head-room. A flush with more paths that the wildcard covers sends it in their place',
      inputs: {
        mostInProgress: inProgress.keys,
        progressSeconds: inProgress.seconds,
        cycleSeconds,
        readers,
        keysPerFlush,
        headroom: sizing.headroom,
      },
      source,
    },
  ];
}

/** When that happens, what it costs and what it evicts. */
export function fallbackRemarks(question: MergingQuestion, load: Load, sizing: Sizing): string[] {
  const { keyCost = 0 } = load.invalidator;
  return fallbackKnobs(question, load, sizing).map(
    ({ value }) =>
      `A flush with more than ${figure(value)} paths below the wildcard, as after an outage or with more keys than were told, sends the wildcard in their place. It costs ${figure(keyCost)} USD, and the paths more than ${figure(value * keyCost)} USD. It evicts all that is cached below it, also what has not changed, and what is behind the cache gets those requests. At the load that is planned for it does not happen.`,
  );
}
