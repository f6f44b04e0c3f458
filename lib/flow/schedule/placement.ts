/**
 * The minute of every job: in the order of the list, the one with the least load during its run. That is list scheduling
 * (Graham 1966) on a circle: few jobs spread evenly, where a hash of their names would put four of sixty into one minute.
 * A job at the end of the list moves none before it.
 */

import type { Recurrence } from './recurrence';
import { minuteOfHash } from './schedule';

/** A job to place. */
export interface Placeable {
  readonly name: string;
  readonly recurrence: Recurrence;
  /** Whole minutes that a run lasts, at least 1, at most its cycle. */
  readonly lengthMinutes: number;
  /** What it adds while it runs: cores, or 1. */
  readonly weight: number;
  /** The offset given by hand. */
  readonly offsetMinutes?: number;
}

/** Where the jobs are, and what runs at each minute of the cycle. */
export interface Placed {
  readonly offsets: readonly number[];
  /** Weight that runs at each minute of the longest cycle among the jobs. */
  readonly load: Float64Array;
}

/**
 * Places the jobs.
 *
 * @param windowMinutes offsets are below this
 */
export function place(jobs: readonly Placeable[], windowMinutes = Number.POSITIVE_INFINITY): Placed {
  const load = new Float64Array(Math.max(...jobs.map(({ recurrence }) => recurrence.cycleMinutes)));
  const offsets = jobs.map((job) => {
    const offset = job.offsetMinutes ?? leastLoaded(job, load, windowMinutes);
    add(job, offset, load);
    return offset;
  });
  return { offsets, load };
}

/** What runs at each minute when the jobs are at these offsets. */
export function loadAt(jobs: readonly Placeable[], offsets: readonly number[]): Float64Array {
  const load = new Float64Array(Math.max(...jobs.map(({ recurrence }) => recurrence.cycleMinutes)));
  for (const [index, job] of jobs.entries()) add(job, offsets[index], load);
  return load;
}

/** The offset with the least load at any minute of its runs, then over all of them; of equals the one by its name. */
function leastLoaded(
  { name, recurrence, lengthMinutes }: Placeable,
  load: Float64Array,
  windowMinutes: number,
): number {
  const places = Math.max(1, Math.min(recurrence.places, windowMinutes));
  if (places === 1) return 0;
  const { most, sum } = during(load, Math.min(lengthMinutes, load.length));
  let best: number[] = [];
  let least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let offset = 0; offset < places; offset += 1) {
    let [fullest, all] = [0, 0];
    for (const start of starts(recurrence, offset, load.length)) {
      fullest = Math.max(fullest, most[start]);
      all += sum[start];
    }
    const better = fullest - least[0] || all - least[1];
    if (better < -TOLERANCE) {
      best = [offset];
      least = [fullest, all];
    } else if (Math.abs(better) <= TOLERANCE) best.push(offset);
  }
  return best[minuteOfHash(name, best.length)];
}

/** Sums of weights in another order differ by rounding. */
const TOLERANCE = 1e-9;

function add({ recurrence, lengthMinutes, weight }: Placeable, offset: number, load: Float64Array): void {
  for (const start of starts(recurrence, offset, load.length)) {
    for (let minute = 0; minute < lengthMinutes; minute += 1) load[(start + minute) % load.length] += weight;
  }
}

/** Every start of a job on a circle that is a multiple of its cycle. */
function* starts({ cycleMinutes, minutes }: Recurrence, offset: number, circle: number): Iterable<number> {
  for (let begin = 0; begin < circle; begin += cycleMinutes) {
    for (const minute of minutes) yield (begin + minute + offset) % circle;
  }
}

/** For each minute of the circle, the most and the sum of the load during so many minutes from it on. */
function during(load: Float64Array, minutes: number): { readonly most: Float64Array; readonly sum: Float64Array } {
  const { length } = load;
  const [most, sum] = [new Float64Array(length), new Float64Array(length)];
  // Minutes that may still be the most, from the largest on: each enters and leaves once.
  const queue = new Int32Array(length + minutes);
  let [head, tail, running] = [0, 0, 0];
  for (let end = 0; end < length + minutes - 1; end += 1) {
    const entering = load[end % length];
    running += entering;
    while (tail > head && load[queue[tail - 1] % length] <= entering) tail -= 1;
    queue[tail] = end;
    tail += 1;
    const begin = end - minutes + 1;
    if (begin < 0) continue;
    if (queue[head] < begin) head += 1;
    most[begin] = load[queue[head] % length];
    sum[begin] = running;
    running -= load[begin];
  }
  return { most, sum };
}
