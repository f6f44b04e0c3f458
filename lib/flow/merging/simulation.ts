/**
 * Events with keys, and readers that collect for a window, work on the distinct keys, and acknowledge. Every reader is
 * simulated event by event; keys are drawn from the same law as the plan's.
 */

import type { Random } from '../numerics/random';
import type { KeyGroup } from './occupancy';

/** Events in the order in which they are sent: the moment in seconds, and the number of the key. */
export interface EventStream {
  readonly at: Float64Array;
  readonly key: Uint32Array;
}

/** What a stream is made of. */
export interface StreamShape {
  readonly perSecond: number;
  readonly seconds: number;
  readonly groups: readonly KeyGroup[];
}

/**
 * The events of a bulk update: one after the other, each somewhere within its own place, because what is updated row by
 * row comes in at an even pace.
 */
export function eventStream({ perSecond, seconds, groups }: StreamShape, random: Random): EventStream {
  const count = Math.floor(perSecond * seconds);
  const at = new Float64Array(count);
  const key = new Uint32Array(count);
  const draw = keyDrawer(groups, random);
  for (let index = 0; index < count; index += 1) {
    at[index] = (index + random.uniform()) / perSecond;
    key[index] = draw();
  }
  return { at, key };
}

/** Draws keys: a group by its share, then any key of it. */
function keyDrawer(groups: readonly KeyGroup[], random: Random): () => number {
  const first: number[] = [];
  const upTo = new Float64Array(groups.length);
  let [keys, share] = [0, 0];
  for (const [index, group] of groups.entries()) {
    first.push(keys);
    keys += group.count;
    share += group.count * group.share;
    upTo[index] = share;
  }
  return () => {
    const drawn = random.uniform() * share;
    let [low, high] = [0, groups.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (upTo[middle] <= drawn) low = middle + 1;
      else high = middle;
    }
    return first[low] + Math.floor(random.uniform() * groups[low].count);
  };
}

/** One by one, each in its turn: what happens without merging. */
export function runOneByOne({ at }: EventStream, keySeconds: number): { readonly worstDelaySeconds: number } {
  let [free, worst] = [0, 0];
  for (const moment of at) {
    free = Math.max(free, moment) + keySeconds;
    worst = Math.max(worst, free - moment);
  }
  return { worstDelaySeconds: worst };
}

/** Readers, and what a flush costs them. */
export interface Readers {
  readonly count: number;
  /** Whether all events of a key go to one reader; otherwise any reader takes any event. */
  readonly byKey: boolean;
  readonly windowSeconds: number;
  readonly fixedSeconds: number;
  readonly keySeconds: number;
  /** Of each call, beside its keys. Default: none. */
  readonly callSeconds?: number;
  /** Calls at once of a reader, and keys of a call: a call is as long as its keys, however many calls there are. */
  readonly workers: number;
  readonly keysPerCall: number;
  /**
   * Whether a reader that is back takes what has come meanwhile along with what it held, without a window. Default: it gets
   * its batch alone, as AWS Lambda does.
   */
  readonly takesAlong?: boolean;
  /** Seconds until a reader sees an event, at the worst. Default: none. */
  readonly pollSeconds?: number;
  /** Events of a flush at most. */
  readonly maxBatch: number;
}

/** A reader that is killed in the middle of its flush, and starts again. */
export interface Kill {
  /** It is killed in its first flush that begins after this. */
  readonly afterSeconds: number;
  readonly restartSeconds: number;
}

/** What became of the events. */
export interface MergingRun {
  readonly events: number;
  /** Events that were acknowledged. */
  readonly acknowledged: number;
  /** Keys whose last event is not before the beginning of a piece of work on them that was acknowledged. */
  readonly stale: number;
  /** Pieces of work on a key, those of a killed flush included. */
  readonly keysWorked: number;
  readonly flushes: number;
  readonly mergeRatio: number;
  readonly worstDelaySeconds: number;
  readonly meanCycleSeconds: number;
  /** Seconds of work of all flushes. */
  readonly workSeconds: number;
}

/** Runs the readers until every event is acknowledged. */
export function runMerging(stream: EventStream, readers: Readers, random: Random, kill?: Kill): MergingRun {
  const { at, key } = stream;
  const shares: number[][] = Array.from({ length: readers.count }, () => []);
  const home = new Map<number, number>();
  const any = () => Math.floor(random.uniform() * readers.count);
  const readerOf = (one: number): number => {
    if (!readers.byKey) return any();
    const known = home.get(one) ?? any();
    home.set(one, known);
    return known;
  };
  for (let index = 0; index < at.length; index += 1) shares[readerOf(key[index])].push(index);
  const lastEvent = new Map<number, number>();
  for (let index = 0; index < at.length; index += 1) lastEvent.set(key[index], at[index]);
  const lastWork = new Map<number, number>();
  const totals = { acknowledged: 0, keysWorked: 0, flushes: 0, worst: 0, busy: 0, work: 0 };
  for (const [reader, own] of shares.entries()) {
    runReader(stream, own, readers, reader === 0 ? kill : undefined, lastWork, totals);
  }
  const stale = [...lastEvent].filter(([one, moment]) => !((lastWork.get(one) ?? -1) >= moment)).length;
  return {
    events: at.length,
    acknowledged: totals.acknowledged,
    stale,
    keysWorked: totals.keysWorked,
    flushes: totals.flushes,
    mergeRatio: at.length / totals.keysWorked,
    worstDelaySeconds: totals.worst,
    meanCycleSeconds: totals.busy / totals.flushes,
    workSeconds: totals.work,
  };
}

/** Readers of one stream, each of which takes all that waits when it begins to collect and when its window ends. */
export interface SharingReaders {
  readonly count: number;
  readonly windowSeconds: number;
  readonly keySeconds: number;
  /** Before that the readers find to their rhythm; nothing is counted. */
  readonly fromSeconds: number;
}

/** The merge ratio of readers that share one stream, started one after another. */
export function ratioOfSharing({ at, key }: EventStream, readers: SharingReaders, random: Random): number {
  const { windowSeconds, keySeconds, fromSeconds } = readers;
  const states = Array.from({ length: readers.count }, () => ({
    at: 2 * windowSeconds * random.uniform(),
    isCollecting: false,
    keys: new Set<number>(),
    events: 0,
  }));
  const end = at[at.length - 1];
  let [next, events, keys] = [0, 0, 0];
  for (;;) {
    const reader = states.reduce((first, one) => (one.at < first.at ? one : first));
    if (reader.at >= end) return events / keys;
    if (!reader.isCollecting && at[next] > reader.at) {
      // It waits for the next event; of several that wait, any may get it.
      reader.at = at[next] + 1e-6 * random.uniform();
      continue;
    }
    for (; at[next] <= reader.at; next += 1) {
      reader.keys.add(key[next]);
      reader.events += 1;
    }
    if (!reader.isCollecting) {
      reader.isCollecting = true;
      reader.at += windowSeconds;
      continue;
    }
    reader.at += reader.keys.size * keySeconds;
    if (reader.at > fromSeconds) {
      events += reader.events;
      keys += reader.keys.size;
    }
    [reader.isCollecting, reader.keys, reader.events] = [false, new Set<number>(), 0];
  }
}

interface Totals {
  acknowledged: number;
  keysWorked: number;
  flushes: number;
  worst: number;
  /** Seconds of all cycles. */
  busy: number;
  /** Seconds of work. */
  work: number;
}

function runReader(
  { at, key }: EventStream,
  own: readonly number[],
  readers: Readers,
  kill: Kill | undefined,
  lastWork: Map<number, number>,
  totals: Totals,
): void {
  const { windowSeconds, maxBatch, pollSeconds = 0 } = readers;
  const seen = (moment: number) => moment + pollSeconds;
  let isKilled = kill === undefined;
  let [next, free] = [0, 0];
  while (next < own.length) {
    const begin = Math.max(free, seen(at[own[next]]));
    let end = begin + windowSeconds;
    let last = next;
    while (last < own.length && last - next < maxBatch && seen(at[own[last]]) <= end) last += 1;
    // A batch that is full ends the window.
    if (last - next >= maxBatch) end = Math.max(begin, seen(at[own[last - 1]]));
    const keys = new Set<number>();
    for (let index = next; index < last; index += 1) keys.add(key[own[index]]);
    let work = workSeconds(keys.size, readers);
    let workBegin = end;
    if (!isKilled && kill !== undefined && end >= kill.afterSeconds) {
      isKilled = true;
      // Half of the keys are done when it dies, and all of them again when it is back: it reads what it held first.
      totals.keysWorked += Math.floor(keys.size / 2);
      workBegin = end + work / 2 + kill.restartSeconds;
      if (readers.takesAlong) {
        for (; last < own.length && last - next < maxBatch && seen(at[own[last]]) <= workBegin; last += 1)
          keys.add(key[own[last]]);
        work = workSeconds(keys.size, readers);
      }
    }
    const done = workBegin + work;
    for (const one of keys) lastWork.set(one, workBegin);
    for (let index = next; index < last; index += 1) totals.worst = Math.max(totals.worst, done - at[own[index]]);
    totals.acknowledged += last - next;
    totals.keysWorked += keys.size;
    totals.flushes += 1;
    totals.busy += done - free;
    totals.work += work;
    free = done;
    next = last;
  }
}

/** Seconds of a flush: its calls are dealt one by one to the worker that is free first. */
function workSeconds(
  keys: number,
  { fixedSeconds, keySeconds, callSeconds = 0, workers, keysPerCall }: Readers,
): number {
  const busy = new Float64Array(workers);
  for (let left = keys; left > 0; left -= keysPerCall) {
    let first = 0;
    for (let worker = 1; worker < workers; worker += 1) if (busy[worker] < busy[first]) first = worker;
    busy[first] += callSeconds + Math.min(left, keysPerCall) * keySeconds;
  }
  return fixedSeconds + Math.max(...busy);
}
