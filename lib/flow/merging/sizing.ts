/** Window, shards and workers that keep a promise, and how far they keep it. */
import { resolveArrivals } from '../arrivals';
import { DEFAULT_HEADROOM } from '../headroom';
import { lastWhole } from '../search';
import { INVALIDATORS, type InvalidatorFacts } from './invalidators';
import { type Cycle, cycleOf, distinctKeys, type KeyGroup, keyGroups, type ReaderLoad } from './occupancy';
import { TRANSPORTS, type TransportFacts } from './transports';
import type { MergingQuestion } from './workload';

/** The share of one worker's time that the work of all readers may take: as much again is left for what was not told. */
export const BUSY_RATIO = 0.5;
/** Below this a merge saves less than what it delays. */
export const LEAST_RATIO = 1.2;
/** Standard deviations by which the fullest shard is fuller than the mean: one in 700 is fuller. */
const FULLEST_DEVIATIONS = 3;
const DEFAULT_EVENT_BYTES = 256;
/** Calls that a worker makes for a flush at least, so that one that is slow keeps few keys waiting. */
const CALLS_PER_WORKER = 8;
/** A call of more seconds has fewer keys, so that one that hangs or fails costs little: at least one key, however long. */
const LONGEST_CALL_SECONDS = 10;
/** Seconds that a call may take beyond its work. */
const CALL_SPARE_SECONDS = 4;
/** Attempts at one key before it is set aside, and the longest wait before the second one. */
export const ATTEMPTS = 5;
export const BACKOFF_SECONDS = 0.2;
export const BACKOFF_CAP_SECONDS = 5;
/** All waits between the attempts of a flush. */
const BACKOFFS_SECONDS = Array.from({ length: ATTEMPTS - 1 }, (_, index) =>
  Math.min(BACKOFF_CAP_SECONDS, BACKOFF_SECONDS * 2 ** index),
).reduce((sum, one) => sum + one, 0);
/** Before a merger is ended: seconds to set keys aside and to answer. */
export const SPARE_SECONDS = 5;
/** Steps that are tried between two window lengths: at a tenth of a second, a day. */
const MOST_STEPS = 864_000;

/** A question with its defaults, at a multiple of its load. */
export interface Load {
  readonly perSecond: number;
  readonly keys: number;
  readonly groups: readonly KeyGroup[];
  readonly peakSeconds: number;
  readonly keySeconds: number;
  readonly fixedSeconds: number;
  readonly eventBytes: number;
  readonly transport: TransportFacts;
  readonly invalidator: InvalidatorFacts;
}

/** What is set. */
export interface Settings {
  readonly windowSeconds: number;
  readonly shards: number;
  readonly workers: number;
}

/** The load of a question, so many times as high: as many times the events, of as many times the keys. */
export function loadOf({ workload, transport = 'kinesis', invalidator = 'rebuild' }: MergingQuestion, times = 1): Load {
  const { peakPerSecond, peakSeconds } = resolveArrivals(workload);
  const { distinctKeys: keys, keySkew = 0, keySeconds, flushSeconds = 0, eventBytes = DEFAULT_EVENT_BYTES } = workload;
  return {
    perSecond: times * peakPerSecond,
    keys: times * keys,
    groups: keyGroups(Math.max(1, Math.round(times * keys)), keySkew),
    peakSeconds,
    keySeconds,
    fixedSeconds: flushSeconds,
    eventBytes,
    transport: TRANSPORTS[transport],
    invalidator: INVALIDATORS[invalidator],
  };
}

/** Readers in all. */
export function readersOf({ transport }: Load, shards: number): number {
  return shards * transport.readers;
}

/**
 * The share of the events that the fullest of so many shards has. Keys are spread by a hash, so the share of a shard is
 * a sum of random terms; three standard deviations above the mean, and never less than the most popular key.
 */
export function fullestShare(groups: readonly KeyGroup[], shards: number): number {
  if (shards === 1) return 1;
  const squares = groups.reduce((sum, { count, share }) => sum + count * share * share, 0);
  const deviation = Math.sqrt((squares * (shards - 1)) / shards ** 2);
  return Math.min(1, Math.max(groups[0].share, 1 / shards + FULLEST_DEVIATIONS * deviation));
}

/** What the mean reader sees. */
export function meanLoad(load: Load, shards: number): ReaderLoad {
  const { perSecond, groups, transport } = load;
  const readers = readersOf(load, shards);
  return { perSecond: perSecond / readers, groups, keyRatio: transport.byKey ? 1 / readers : 1 };
}

/** What the reader of the fullest shard sees. */
export function fullestLoad(load: Load, shards: number): ReaderLoad {
  const { perSecond, groups, keys, transport } = load;
  if (!transport.byKey || shards === 1) return meanLoad(load, shards);
  const even = [{ count: Math.max(1, keys), share: 1 / Math.max(1, keys) }];
  return { perSecond: perSecond * fullestShare(groups, shards), groups, keyRatio: fullestShare(even, shards) };
}

/**
 * Keys of one call: as many as the invalidator takes, in a call that is not too long; of several calls at once so few that
 * all of them end at about the same time.
 */
export function keysPerCall(load: Load, { windowSeconds, shards, workers }: Settings): number {
  const { keySeconds, invalidator, fixedSeconds } = load;
  const most = Math.max(1, Math.min(invalidator.keysPerCall, Math.floor(LONGEST_CALL_SECONDS / keySeconds + 1e-9)));
  if (workers === 1) return most;
  const solved = solvedOf(load);
  const name = `${windowSeconds} ${shards} ${workers}`;
  const keys =
    solved.get(name) ?? cycleOf(meanLoad(load, shards), windowSeconds, fixedSeconds, keySeconds / workers).keys;
  solved.set(name, keys);
  return Math.max(1, Math.min(most, Math.ceil(keys / (CALLS_PER_WORKER * workers) - 1e-9)));
}

/** Keys of a flush by settings: each is asked for several times. */
const SOLVED = new WeakMap<Load, Map<string, number>>();

function solvedOf(load: Load): Map<string, number> {
  const solved = SOLVED.get(load) ?? new Map<string, number>();
  SOLVED.set(load, solved);
  return solved;
}

/** Seconds after which a call has failed. */
export function callTimeout(load: Load, settings: Settings): number {
  const keys = Math.min(keysPerCall(load, settings), Math.max(1, load.keys));
  return Math.ceil(2 * (load.fixedSeconds + keys * load.keySeconds) - 1e-9) + CALL_SPARE_SECONDS;
}

/**
 * The cycle of a reader whose calls are dealt to its workers: a worker takes the next call when it has ended one. No number
 * of workers makes a call shorter. Where each has few calls, a flush takes as many as the busiest one has. With more, the
 * last call to end began when the others had no more to take: keys × seconds ÷ workers, and at most 1 − 1 ÷ workers calls.
 *
 * Source: Graham, "Bounds on Multiprocessing Timing Anomalies" (1969).
 *
 * @param share of the last call: 1 for the bound, 1/2 for the mean
 */
function dealtCycle(load: Load, settings: Settings, reader: ReaderLoad, share: number): Cycle {
  const { keySeconds, fixedSeconds } = load;
  const { windowSeconds, workers } = settings;
  if (workers === 1) return cycleOf(reader, windowSeconds, fixedSeconds, keySeconds);
  const perCall = keysPerCall(load, settings);
  const single = cycleOf(reader, windowSeconds, fixedSeconds, keySeconds);
  if (single.keys <= perCall) return single;
  for (let calls = 1; calls <= CALLS_PER_WORKER; calls += 1) {
    const cycle = cycleOf(reader, windowSeconds, fixedSeconds + calls * perCall * keySeconds, 0);
    if (cycle.keys <= calls * perCall * workers) return cycle;
  }
  const last = share * (1 - 1 / workers) * perCall * keySeconds;
  return cycleOf(reader, windowSeconds, fixedSeconds + last, keySeconds / workers);
}

/** The cycle of the mean reader. */
export function meanCycle(load: Load, settings: Settings): Cycle {
  return dealtCycle(load, settings, meanLoad(load, settings.shards), 1 / 2);
}

/**
 * The cycle of the reader of the fullest shard. The delay is that of an event: until the transport hands it over, for a
 * cycle and its work, and until what was done takes effect.
 */
export function fullestCycle(load: Load, settings: Settings): Cycle {
  const cycle = dealtCycle(load, settings, fullestLoad(load, settings.shards), 1);
  const { pollSeconds } = load.transport;
  const worstDelaySeconds = cycle.worstDelaySeconds + pollSeconds + load.invalidator.settleSeconds;
  return { ...cycle, worstDelaySeconds };
}

/** Events of a batch at most: by their number, and by their bytes. */
export function batchLimit({ transport: { batch }, eventBytes }: Load, maxBatch = Number.POSITIVE_INFINITY): number {
  return Math.min(maxBatch, batch.events, Math.floor(batch.bytes / (batch.growth * eventBytes + batch.addedBytes)));
}

/** Keys a second of all readers. */
export function keysPerSecond(load: Load, settings: Settings, mean = meanCycle(load, settings)): number {
  return (readersOf(load, settings.shards) * mean.keys) / mean.seconds;
}

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

/** Whether a shard takes what the fullest one gets. */
export function shardsTake(load: Load, shards: number): boolean {
  const { perSecond, bytesPerSecond, most } = load.transport.shard;
  const events = load.perSecond * fullestShare(load.groups, shards);
  return shards <= most && events <= perSecond && events * load.eventBytes <= bytesPerSecond;
}

/** What is wrong with settings, by the first limit that they break; undefined when they keep the promise. */
export type Broken = 'shards' | 'window' | 'batch' | 'delay' | 'progress' | 'flush';

/** The limit that settings break under a load. */
export function brokenBy(question: MergingQuestion, load: Load, settings: Settings): Broken | undefined {
  if (!shardsTake(load, settings.shards)) return 'shards';
  if (settings.windowSeconds > load.transport.window.most * (1 + 1e-9)) return 'window';
  const fullest = fullestCycle(load, settings);
  if (fullest.worstDelaySeconds > question.objective.freshnessSeconds * (1 + 1e-9)) return 'delay';
  if (fullest.events > batchLimit(load, question.maxBatch)) return 'batch';
  const { inProgress } = load.invalidator;
  const most = inProgress === undefined ? Number.POSITIVE_INFINITY : inProgress.keys / inProgress.seconds;
  if (keysPerSecond(load, settings) > most * (1 + 1e-9)) return 'progress';
  if (
    load.transport.mostSeconds !== undefined &&
    flushTimeout(load, settings, question.maxBatch) > load.transport.mostSeconds
  )
    return 'flush';
  return undefined;
}

const TIMEOUT_FACTOR = 2;
/** Calls that may hang in a flush that still sets one key aside. */
export const HANGING_CALLS = ATTEMPTS + 2;

/**
 * Seconds after which a flush is ended. After an outage a batch is full, and each event in it may be another key; a key may
 * hang at every attempt, and so may one that is tried to see that others do not, before another one shows that.
 */
export function flushTimeout(load: Load, settings: Settings, maxBatch?: number): number {
  const { workers, shards } = settings;
  const { inProgress } = load.invalidator;
  const keys = Math.min(batchLimit(load, maxBatch), distinctKeys(fullestLoad(load, shards), Number.MAX_VALUE));
  const last = workers === 1 ? 0 : (1 - 1 / workers) * keysPerCall(load, settings) * load.keySeconds;
  const work = load.fixedSeconds + (keys * load.keySeconds) / workers + last;
  const waits = inProgress === undefined ? 0 : inProgress.seconds * Math.ceil(keys / inProgress.keys);
  const hanging = HANGING_CALLS * callTimeout(load, settings) + BACKOFFS_SECONDS;
  return Math.ceil(TIMEOUT_FACTOR * work + waits + hanging + SPARE_SECONDS - 1e-9);
}

/** Why the window is as long as it is. */
export interface WindowBounds {
  /** Whether the window is long enough, by bound. */
  readonly busy: boolean;
  readonly ratio: boolean;
  readonly progress: boolean;
  readonly cost: boolean;
}

/**
 * Which of the lower bounds a window keeps.
 *
 * @param high the load with head-room: what is in progress is a limit of others, so it has to be kept then too
 */
export function windowBounds(question: MergingQuestion, load: Load, settings: Settings, high = load): WindowBounds {
  const mean = meanCycle(load, settings);
  const perSecond = keysPerSecond(load, settings, mean);
  const { inProgress } = load.invalidator;
  const cost = costOf(load, perSecond);
  const { invalidationCost = Number.POSITIVE_INFINITY } = question.objective;
  const within = (value: number, most: number) => value <= most * (1 + 1e-9);
  return {
    busy: within(perSecond * load.keySeconds, BUSY_RATIO * settings.workers),
    ratio: mean.events >= LEAST_RATIO * mean.keys * (1 - 1e-9),
    progress: inProgress === undefined || within(keysPerSecond(high, settings) * inProgress.seconds, inProgress.keys),
    cost: cost === undefined || within(cost, invalidationCost),
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
