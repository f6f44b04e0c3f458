/** Window, shards and workers that keep a promise, and how far they keep it. */
import { DEFAULT_HEADROOM } from '../headroom';
import { lastWhole } from '../search';
import { costOf, monthlyCostOf } from './costs';
import { batchLimit, flushTimeout, fullestCycle, keysPerCall, keysPerSecond, meanCycle, secondsOfKey } from './cycles';
import { type Load, loadOf, readersOf, type Settings, shardsTake } from './load';
import type { MergingQuestion } from './workload';

/** The share of one worker's time that the work of all readers may take: as much again is left for what was not told. */
export const BUSY_RATIO = 0.5;
/** Below this a merge saves less than what it delays. */
export const LEAST_RATIO = 1.2;
/** Steps that are tried between two window lengths: at a tenth of a second, a day. */
const MOST_STEPS = 864_000;

/** What is wrong with settings, by the first limit that they break; undefined when they keep the promise. */
export type Broken = 'shards' | 'window' | 'batch' | 'delay' | 'progress' | 'wildcards' | 'flush';

/** Whether no more keys are in progress than the invalidator allows. */
function progressHolds(load: Load, settings: Settings): boolean {
  const { inProgress } = load.invalidator;
  return inProgress === undefined || within(keysPerSecond(load, settings) * inProgress.seconds, inProgress.keys);
}

/** The same of keys with a wildcard: each may be among the keys of every cycle, of every reader where any may have it. */
function wildcardsHold(load: Load, settings: Settings): boolean {
  const { invalidator, transport, wildcards } = load;
  const { inProgress } = invalidator;
  if (inProgress === undefined || wildcards === 0) return true;
  const perCycle = wildcards * (transport.byKey ? 1 : readersOf(load, settings.shards));
  return within((perCycle * inProgress.seconds) / meanCycle(load, settings).seconds, inProgress.wildcards);
}

function within(value: number, most: number): boolean {
  return value <= most * (1 + 1e-9);
}

/** The limit that settings break under a load. */
export function brokenBy(question: MergingQuestion, load: Load, settings: Settings): Broken | undefined {
  if (!shardsTake(load, settings.shards)) return 'shards';
  if (settings.windowSeconds > load.transport.window.most * (1 + 1e-9)) return 'window';
  const fullest = fullestCycle(load, settings);
  if (fullest.worstDelaySeconds > question.objective.freshnessSeconds * (1 + 1e-9)) return 'delay';
  if (fullest.events > batchLimit(load, question.maxBatch)) return 'batch';
  if (!progressHolds(load, settings)) return 'progress';
  if (!wildcardsHold(load, settings)) return 'wildcards';
  if (
    load.transport.mostSeconds !== undefined &&
    flushTimeout(load, settings, question.maxBatch) > load.transport.mostSeconds
  )
    return 'flush';
  return undefined;
}

/** Why the window is as long as it is. */
export interface WindowBounds {
  /** Whether the window is long enough, by bound. */
  readonly busy: boolean;
  readonly ratio: boolean;
  readonly progress: boolean;
  readonly wildcards: boolean;
  readonly cost: boolean;
  /** The ceiling on a month. */
  readonly month: boolean;
}

/**
 * Which of the lower bounds a window keeps.
 *
 * @param high the load with head-room: what is in progress is a limit of others, so it has to be kept then too
 */
export function windowBounds(question: MergingQuestion, load: Load, settings: Settings, high = load): WindowBounds {
  const mean = meanCycle(load, settings);
  const perSecond = keysPerSecond(load, settings, mean);
  const cost = costOf(load, perSecond);
  const { invalidationCost = Number.POSITIVE_INFINITY, monthlyCost } = question.objective;
  return {
    busy: within(perSecond * secondsOfKey(load, keysPerCall(load, settings)), BUSY_RATIO * settings.workers),
    ratio: mean.events >= LEAST_RATIO * mean.keys * (1 - 1e-9),
    progress: progressHolds(high, settings),
    wildcards: wildcardsHold(high, settings),
    cost: cost === undefined || within(cost, invalidationCost),
    month: monthlyCost === undefined || within(monthlyCostOf(question, settings) ?? 0, monthlyCost),
  };
}

const all = (bounds: WindowBounds) => Object.values(bounds).every(Boolean);

/** The least window that keeps all its lower bounds; undefined when none does. */
export function leastWindow(
  question: MergingQuestion,
  load: Load,
  shards: number,
  workers: number,
  high = load,
): number | undefined {
  const { least, most, step } = load.transport.window;
  const last = Math.min(MOST_STEPS, Math.round(Math.min(most, question.objective.freshnessSeconds) / step));
  const first = Math.round(least / step);
  const seconds = (steps: number) => Number((steps * step).toFixed(1));
  const holds = (steps: number) =>
    all(windowBounds(question, load, { windowSeconds: seconds(steps), shards, workers }, high));
  if (last < first || !holds(last)) return undefined;
  return seconds(holds(first) ? first : lastWhole(last, first, holds));
}

/** The least settings, and the multiple of the load that they were made for. */
export interface Sizing extends Settings {
  readonly headroom: number;
}

/**
 * The least settings that keep the promise with head-room; without it when nothing keeps it and the head-room was not
 * asked for. Undefined when nothing keeps the promise.
 */
export function sizingOf(question: MergingQuestion): Sizing | undefined {
  const { headroom } = question.objective;
  const wanted = headroom ?? DEFAULT_HEADROOM;
  const found = settingsFor(question, wanted);
  if (found !== undefined) return { ...found, headroom: wanted };
  const least = headroom === undefined ? settingsFor(question, 1) : undefined;
  return least && { ...least, headroom: 1 };
}

/** The least settings that keep the promise at so many times the load. */
export function settingsFor(question: MergingQuestion, times: number): Settings | undefined {
  const load = loadOf(question);
  const high = times === 1 ? load : loadOf(question, times);
  const of = (workers: number) => withWorkers(question, load, high, workers);
  const { mostWorkers } = load.invalidator;
  const first = of(question.workers ?? 1);
  if (first !== undefined || question.workers !== undefined || of(mostWorkers) === undefined) return first;
  return of(lastWhole(mostWorkers, 1, (workers) => of(workers) !== undefined));
}

function withWorkers(question: MergingQuestion, load: Load, high: Load, workers: number): Settings | undefined {
  const { most } = load.transport.shard;
  const settingsOn = (shards: number): Settings | undefined => {
    const windowSeconds = question.windowSeconds ?? leastWindow(question, load, shards, workers, high);
    if (windowSeconds === undefined) return undefined;
    const settings = { windowSeconds, shards, workers };
    return all(windowBounds(question, load, settings, high)) ? settings : undefined;
  };
  const keeps = (shards: number) => {
    const settings = settingsOn(shards);
    return settings !== undefined && brokenBy(question, high, settings) === undefined;
  };
  if (question.shards !== undefined) return keeps(question.shards) ? settingsOn(question.shards) : undefined;
  if (!shardsTake(high, most)) return undefined;
  const base = shardsTake(high, 1) ? 1 : lastWhole(most, 1, (shards) => shardsTake(high, shards));
  // More than the transport needs only where a batch would be too large.
  let failing: number | undefined;
  for (let shards = base; shards <= most; shards = Math.max(shards + 1, Math.floor(shards * 1.25))) {
    if (keeps(shards)) return settingsOn(failing === undefined ? shards : lastWhole(shards, failing, keeps));
    failing = shards;
    const settings = settingsOn(shards);
    const broken = settings === undefined ? 'window' : brokenBy(question, high, settings);
    if (broken !== 'batch' && broken !== 'flush') return undefined;
  }
  return undefined;
}
