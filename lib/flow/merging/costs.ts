/** What the keys of a peak, and of a month, cost. */
import { resolveArrivals } from '../arrivals';
import { keysPerSecond } from './cycles';
import { type Load, loadOf, type Settings } from './load';
import type { MergingQuestion } from './workload';

/** US dollars for so many keys a second over the peak; undefined when they cost nothing. */
export function costOf(load: Load, perSecond: number): number | undefined {
  const { keyCost } = load.invalidator;
  return keyCost === undefined || load.peakSeconds === 0 ? undefined : load.peakSeconds * perSecond * keyCost;
}

const MONTH_SECONDS = 30 * 86_400;

/** US dollars for the keys of 30 days at the steady rate; undefined when they cost nothing. */
export function steadyCostOf(question: MergingQuestion, settings: Settings): number | undefined {
  const load = loadOf(question);
  const { keyCost } = load.invalidator;
  const { steadyPerSecond } = resolveArrivals(question.workload);
  if (keyCost === undefined) return undefined;
  return steadyPerSecond === 0
    ? 0
    : MONTH_SECONDS * keysPerSecond({ ...load, perSecond: steadyPerSecond }, settings) * keyCost;
}
