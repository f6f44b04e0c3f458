/** How long calls, flushes and cycles of a reader take under a load. */

import { fullestLoad, type Load, meanLoad, readersOf, type Settings } from './load';
import { type Cycle, cycleOf, distinctKeys, type ReaderLoad } from './occupancy';

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
