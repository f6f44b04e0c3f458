/**
 * The minute of every job: in the order of the list, the one with the least load during its run. That is list scheduling
 * (Graham 1966) on a circle: few jobs spread evenly, where a hash of their names would put four of sixty into one minute.
 * A job at the end of the list moves none before it.
 */

import { CALENDAR_DAYS, DAY_MINUTES, HOUR_MINUTES, WEEK_MINUTES, WEEKDAY_COUNT, weekdayOf } from './calendar';
import type { Dates, Recurrence } from './recurrence';
import { listOf, minuteOfHash } from './schedule';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { abs, floor, max, min } = Math;

/** A job to place. */
export interface Placeable {
  readonly name: string;
  readonly recurrence: Recurrence;
  /** Whole minutes that a run lasts, at least 1. */
  readonly lengthMinutes: number;
  /** What it adds while it runs: cores, or 1. */
  readonly weight: number;
  /** The offset given by hand. */
  readonly offsetMinutes?: number;
}

/**
 * The offset of each job.
 *
 * @param windowMinutes offsets are below this
 */
export function place(jobs: readonly Placeable[], windowMinutes = Number.POSITIVE_INFINITY): number[] {
  const load = new Load(jobs);
  return jobs.map((job) => {
    const offset = job.offsetMinutes ?? leastLoaded(job, load, windowMinutes);
    load.add(job, offset);
    return offset;
  });
}

/**
 * What runs at each minute of the longest cycle when the jobs are at these offsets. Of jobs with dates it is the most
 * that runs at that minute on any day of the calendar.
 */
export function loadAt(jobs: readonly Placeable[], offsets: readonly number[]): Float64Array {
  const load = new Load(jobs);
  for (const [index, job] of jobs.entries()) load.add(job, offsets[index]);
  return load.perMinute();
}

/** What runs at each minute: on a circle what every week has, by hours of the calendar what has dates. */
class Load {
  private readonly circle: Float64Array;
  /** Minutes of the hours of the calendar in which a job with dates runs. */
  private readonly dated = new Map<number, Float64Array>();
  /** For each minute of the week, the most of `dated`. Empty without such jobs. */
  private readonly datedMost: Float64Array;

  constructor(jobs: readonly Placeable[]) {
    this.circle = new Float64Array(max(...jobs.map(({ recurrence }) => recurrence.cycleMinutes)));
    this.datedMost = new Float64Array(jobs.some(({ recurrence }) => recurrence.dates) ? WEEK_MINUTES : 0);
    if (this.datedMost.length > 0) this.circle = new Float64Array(WEEK_MINUTES);
  }

  public perMinute(): Float64Array {
    return this.datedMost.length === 0 ? this.circle : this.circle.map((weight, at) => weight + this.datedMost[at]);
  }

  public add({ recurrence, lengthMinutes, weight }: Placeable, offset: number): void {
    if (recurrence.dates) {
      this.addDated(recurrence.dates, lengthMinutes, weight, offset);
      return;
    }
    const { length } = this.circle;
    for (let begin = offset; begin < length + offset; begin += recurrence.cycleMinutes) {
      for (const minute of recurrence.minutes) {
        let at = (begin + minute) % length;
        for (let left = lengthMinutes; left > 0; left -= 1) {
          this.circle[at] += weight;
          at += 1;
          if (at === length) at = 0;
        }
      }
    }
  }

  private addDated({ days, minutes }: Dates, lengthMinutes: number, weight: number, offset: number): void {
    for (const day of listOf(days)) {
      const ofWeek = weekdayOf(day) * DAY_MINUTES;
      for (const minute of minutes) {
        const end = minute + offset + lengthMinutes;
        for (let at = minute + offset; at < end; ) {
          const inHour = this.hour(day * 24 + floor(at / HOUR_MINUTES));
          const hourEnds = min(end, at - (at % HOUR_MINUTES) + HOUR_MINUTES);
          for (; at < hourEnds; at += 1) {
            const now = inHour[at % HOUR_MINUTES] + weight;
            inHour[at % HOUR_MINUTES] = now;
            const place = (ofWeek + at) % WEEK_MINUTES;
            if (now > this.datedMost[place]) this.datedMost[place] = now;
          }
        }
      }
    }
  }

  private hour(ofCalendar: number): Float64Array {
    const known = this.dated.get(ofCalendar % CALENDAR_HOURS);
    if (known !== undefined) return known;
    const added = new Float64Array(HOUR_MINUTES);
    this.dated.set(ofCalendar % CALENDAR_HOURS, added);
    return added;
  }

  /** The most, and the sum, of each minute of a cycle over all its turns; so many minutes of the next turn follow. */
  public ofCycle(cycleMinutes: number, more: number): Profile {
    const [most, sum] = [new Float64Array(cycleMinutes + more), new Float64Array(cycleMinutes + more)];
    const load = this.perMinute();
    for (let begin = 0; begin < load.length; begin += cycleMinutes) {
      for (let at = 0; at < cycleMinutes; at += 1) {
        const weight = load[begin + at];
        if (weight > most[at]) most[at] = weight;
        sum[at] += weight;
      }
    }
    for (let at = 0; at < more; at += 1) {
      most[cycleMinutes + at] = most[at % cycleMinutes];
      sum[cycleMinutes + at] = sum[at % cycleMinutes];
    }
    return { most, sum };
  }

  /** The same for these days of the calendar, from the beginning of each; so many minutes of the next days follow. */
  public ofDays(days: Uint8Array, more: number): Profile {
    const length = DAY_MINUTES + more;
    const byWeekday = Array.from({ length: WEEKDAY_COUNT }, () => new Float64Array(length));
    const met = new Set<number>();
    for (const day of listOf(days)) {
      const most = byWeekday[weekdayOf(day)];
      met.add(weekdayOf(day));
      for (let hour = 0; hour * HOUR_MINUTES < length; hour += 1) {
        const inHour = this.dated.get((day * 24 + hour) % CALENDAR_HOURS);
        if (inHour === undefined) continue;
        const begin = hour * HOUR_MINUTES;
        for (let minute = 0; minute < min(HOUR_MINUTES, length - begin); minute += 1) {
          if (inHour[minute] > most[begin + minute]) most[begin + minute] = inHour[minute];
        }
      }
    }
    const [most, sum] = [new Float64Array(length), new Float64Array(length)];
    for (const weekday of met) {
      for (let at = 0; at < length; at += 1) {
        const weight = byWeekday[weekday][at] + this.circle[(weekday * DAY_MINUTES + at) % WEEK_MINUTES];
        if (weight > most[at]) most[at] = weight;
        sum[at] += weight;
      }
    }
    return { most, sum };
  }
}

const CALENDAR_HOURS = CALENDAR_DAYS * 24;

/** The most and the sum of the load at each of some minutes. */
interface Profile {
  readonly most: Float64Array;
  readonly sum: Float64Array;
}

/** The offset with the least load at any minute of its runs, then over all of them; of equals the one by its name. */
function leastLoaded({ name, recurrence, lengthMinutes }: Placeable, load: Load, windowMinutes: number): number {
  const places = max(1, min(recurrence.places, windowMinutes));
  if (places === 1) return 0;
  const { dates, cycleMinutes, minutes } = recurrence;
  // A run that lasts longer than the cycle meets every minute of it.
  const during = dates ? lengthMinutes : min(lengthMinutes, cycleMinutes);
  const starts = dates?.minutes ?? minutes;
  const more = places + during;
  const profile = dates ? load.ofDays(dates.days, more) : load.ofCycle(cycleMinutes, more);
  const { most, sum } = within(profile, during);
  let best: number[] = [];
  let least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let offset = 0; offset < places; offset += 1) {
    let [fullest, all] = [0, 0];
    for (const start of starts) {
      if (most[start + offset] > fullest) fullest = most[start + offset];
      all += sum[start + offset];
    }
    const lower = fullest - least[0];
    const better = abs(lower) > TOLERANCE ? lower : all - least[1];
    if (better < -TOLERANCE) {
      best = [offset];
      least = [fullest, all];
    } else if (abs(better) <= TOLERANCE) best.push(offset);
  }
  return best[minuteOfHash(name, best.length)];
}

/** Sums of weights in another order differ by rounding. */
const TOLERANCE = 1e-9;

/** For each minute, the most and the sum during so many minutes from it on. */
function within(profile: Profile, minutes: number): Profile {
  const length = profile.most.length - minutes + 1;
  const [most, sum] = [new Float64Array(length), new Float64Array(length)];
  // Minutes that may still be the most, from the largest on: each enters and leaves once.
  const queue = new Int32Array(profile.most.length);
  let [head, tail, running] = [0, 0, 0];
  for (let end = 0; end < profile.most.length; end += 1) {
    const entering = profile.most[end];
    running += profile.sum[end];
    while (tail > head && profile.most[queue[tail - 1]] <= entering) tail -= 1;
    queue[tail] = end;
    tail += 1;
    const begin = end - minutes + 1;
    if (begin < 0) continue;
    if (queue[head] < begin) head += 1;
    most[begin] = profile.most[queue[head]];
    sum[begin] = running;
    running -= profile.sum[begin];
  }
  return { most, sum };
}
