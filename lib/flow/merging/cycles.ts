/** How long calls, flushes and cycles of a reader take under a load. */

import { fullestLoad, type Load, meanLoad, readersOf, type Settings } from './load';
import { type Cycle, cycleOf, distinctKeys, type ReaderLoad } from './occupancy';

/** Calls that a worker makes for a flush at least, so that one that is slow keeps few keys waiting. */
const CALLS_PER_WORKER = 8;
/** A call of more seconds has fewer keys, so that one that hangs or fails costs little: at least one key, however long. */
const LONGEST_CALL_SECONDS = 10;
/** Seconds that a call may take beyond its work. */
const CALL_SPARE_SECONDS = 4;
/** A value is text within JSON, in which a quote is two characters; with it go its key, an id and a number. */
const JSON_GROWTH = 2;
const KEY_BYTES = 512;
/** Rounds of a search for the calls of a flush; beyond, they are bounded by one more than keys ÷ keys of a call. */
const MOST_ROUNDS = 200;
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
  const { keySeconds, fixedSeconds, callSeconds } = load;
  const most = mostPerCall(load);
  if (workers === 1) return most;
  const solved = solvedOf(load);
  const name = `${windowSeconds} ${shards} ${workers}`;
  const keys =
    solved.get(name) ??
    cycleOf(meanLoad(load, shards), windowSeconds, fixedSeconds + CALLS_PER_WORKER * callSeconds, keySeconds / workers)
      .keys;
  solved.set(name, keys);
  return Math.max(1, Math.min(most, Math.ceil(keys / (CALLS_PER_WORKER * workers) - 1e-9)));
}

/** Keys that one call may have: by the invalidator, by its time, and by its bytes where those are limited. */
function mostPerCall({ keySeconds, eventBytes, invalidator, transport }: Load): number {
  const { keysPerCall: keys, sendsValues } = invalidator;
  const { batch } = transport;
  const byTime = Math.floor(LONGEST_CALL_SECONDS / keySeconds + 1e-9);
  const byBytes =
    sendsValues && transport.mostSeconds !== undefined
      ? Math.floor(batch.bytes / (JSON_GROWTH * eventBytes + KEY_BYTES))
      : Number.POSITIVE_INFINITY;
  return Math.max(1, Math.min(keys, byTime, byBytes));
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
  return Math.ceil(2 * (load.callSeconds + keys * load.keySeconds) - 1e-9) + CALL_SPARE_SECONDS;
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
  const { keySeconds, fixedSeconds, callSeconds } = load;
  const { windowSeconds, workers } = settings;
  const perCall = keysPerCall(load, settings);
  if (workers === 1) return inCalls(load, windowSeconds, perCall, reader);
  const single = cycleOf(reader, windowSeconds, fixedSeconds + callSeconds, keySeconds);
  if (single.keys <= perCall) return single;
  const call = callSeconds + perCall * keySeconds;
  for (let calls = 1; calls <= CALLS_PER_WORKER; calls += 1) {
    const cycle = cycleOf(reader, windowSeconds, fixedSeconds + calls * call, 0);
    if (cycle.keys <= calls * perCall * workers) return cycle;
  }
  const last = share * (1 - 1 / workers) * call;
  return cycleOf(reader, windowSeconds, fixedSeconds + last, secondsOfKey(load, perCall) / workers);
}

/** The cycle of a reader that makes one call after another: as many as its keys need, each with its own part. */
function inCalls(load: Load, windowSeconds: number, perCall: number, reader: ReaderLoad): Cycle {
  const { keySeconds, fixedSeconds, callSeconds } = load;
  const within = (calls: number) => cycleOf(reader, windowSeconds, fixedSeconds + calls * callSeconds, keySeconds);
  if (callSeconds === 0) return within(0);
  // More calls make a cycle longer, and that more keys: from below, each round is nearer to the first number that is enough.
  let calls = 1;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const cycle = within(calls);
    const needed = Math.ceil(cycle.keys / perCall - 1e-9);
    if (needed <= calls) return cycle;
    calls = needed;
  }
  return cycleOf(reader, windowSeconds, fixedSeconds + callSeconds, secondsOfKey(load, perCall));
}

/** Seconds of a key with its part of a call. */
export function secondsOfKey({ keySeconds, callSeconds }: Load, perCall: number): number {
  return keySeconds + callSeconds / perCall;
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
  const perCall = keysPerCall(load, settings);
  const calls = Math.ceil(keys / perCall - 1e-9);
  const last = workers === 1 ? 0 : (1 - 1 / workers) * (load.callSeconds + perCall * load.keySeconds);
  const work = load.fixedSeconds + (keys * load.keySeconds + calls * load.callSeconds) / workers + last;
  const waits = inProgress === undefined ? 0 : inProgress.seconds * Math.ceil(keys / inProgress.keys);
  const hanging = HANGING_CALLS * callTimeout(load, settings) + BACKOFFS_SECONDS;
  return Math.ceil(TIMEOUT_FACTOR * work + waits + hanging + SPARE_SECONDS - 1e-9);
}
