/** Schedules as the minutes at which they fire, and the results: gaps, concurrent runs, the fullest minute. */
import { createHash } from 'node:crypto';
import { grouped } from '../grouped';
import { CALENDAR_DAYS, DAY_MINUTES, dayGaps, type Gaps, HOUR_MINUTES } from './calendar';

const MINUTE_SECONDS = 60;

/** When something fires: at the same minutes on each of its days. */
export interface Schedule {
  /** Minutes of the day, ascending, from 0 to 1439. Schedules with the same minutes share one array. */
  readonly minutes: readonly number[];
  /** For each day of the calendar, 1 when it fires on it. Schedules with the same days share one array. */
  readonly days: Uint8Array;
  /** Whether it repeats after the calendar's end. */
  readonly repeats: boolean;
  /** Seconds between the two firings that are closest; infinite when it fires once. */
  readonly shortestGapSeconds: number;
  /** Seconds between the two firings that are farthest apart with none between them; infinite when it fires once. */
  readonly longestGapSeconds: number;
}

/** A schedule of these minutes on these days, of which there is one each at least. */
export function scheduleOf(minutes: readonly number[], days: Uint8Array, repeats: boolean): Schedule {
  const nights = gapsOf(days, repeats);
  // From the last firing of one day to the first of the next on which there is one.
  const overnight = (gap: number) => gap * DAY_MINUTES + minutes[0] - minutes[minutes.length - 1];
  let shortest = overnight(nights.shortest);
  let longest = nights.longest === Number.POSITIVE_INFINITY && minutes.length > 1 ? 0 : overnight(nights.longest);
  for (let i = 1; i < minutes.length; i += 1) {
    shortest = Math.min(shortest, minutes[i] - minutes[i - 1]);
    longest = Math.max(longest, minutes[i] - minutes[i - 1]);
  }
  const [shortestGapSeconds, longestGapSeconds] = [shortest * MINUTE_SECONDS, longest * MINUTE_SECONDS];
  return { minutes, days, repeats, shortestGapSeconds, longestGapSeconds };
}

/** Computed gaps, by their days: most schedules fire on every day. */
const gapsOfDays = { once: new WeakMap<Uint8Array, Gaps>(), repeated: new WeakMap<Uint8Array, Gaps>() };

function gapsOf(days: Uint8Array, repeats: boolean): Gaps {
  const known = repeats ? gapsOfDays.repeated : gapsOfDays.once;
  const gaps = known.get(days) ?? dayGaps(days, repeats);
  known.set(days, gaps);
  return gaps;
}

/** Runs of a schedule that may be active at once, when one takes this long and none waits for the previous one. */
export function runsAtOnce(gapSeconds: number, runSeconds: number): number {
  return Math.max(1, Math.ceil(runSeconds / gapSeconds));
}

/** Schedules that fire in one minute of some day. */
export interface FullMinute {
  /** Minute of the day, from 0 to 1439. */
  readonly minuteOfDay: number;
  /** Places of those that fire in it, ascending. */
  readonly firing: readonly number[];
}

/** A set of minutes, or of days, with the places of the schedules that fire then. */
interface Members<T> {
  readonly times: T;
  readonly places: readonly number[];
}

/**
 * The minute in which most fire together, or those of most weight: the first such minute of the day, and the first such
 * day. Schedules are taken to be of one time zone.
 */
export function fullestMinute(
  schedules: readonly Schedule[],
  weightOf: (place: number) => number = () => 1,
): FullMinute {
  const weights = schedules.map((_, place) => weightOf(place));
  let most: FullMinute = { minuteOfDay: 0, firing: [] };
  let heaviest = Number.NEGATIVE_INFINITY;
  for (const { minuteOfDay, firing } of sharedMinutes(schedules)) {
    // Those of one day are some of those of the minute.
    if (sumOf(firing, weights) <= heaviest) continue;
    const today = heaviestDay(schedules, firing, weights);
    if (today.weight <= heaviest) continue;
    most = { minuteOfDay, firing: today.places };
    heaviest = today.weight;
  }
  return most;
}

/** Every set of schedules that share a minute of the day, with the first such minute. */
function sharedMinutes(schedules: readonly Schedule[]): Iterable<FullMinute> {
  const times = membersBy(schedules.map((schedule, place) => [schedule.minutes, place]));
  const at = grouped(times.flatMap((each, id) => each.times.map((minute) => [minute, id] as const)));
  const sets = new Map<string, FullMinute>();
  for (const [minuteOfDay, ids] of [...at].sort(([a], [b]) => a - b)) {
    const key = ids.join(' ');
    if (sets.has(key)) continue;
    const firing = ids.flatMap((id) => times[id].places);
    sets.set(key, { minuteOfDay, firing: firing.sort((a, b) => a - b) });
  }
  return sets.values();
}

/** Of the days on which any of these fire, the first of most weight. */
function heaviestDay(schedules: readonly Schedule[], places: readonly number[], weights: readonly number[]) {
  const sets = membersBy(places.map((place) => [schedules[place].days, place]));
  if (sets.length === 1) return { places, weight: sumOf(places, weights) };
  const listed = sets.map(({ times, places: members }) => ({ on: listOf(times), weight: sumOf(members, weights) }));
  for (const { on, weight } of listed) {
    for (const day of on) WEIGHTS[day] = WEIGHTS[day] === NONE ? weight : WEIGHTS[day] + weight;
  }
  let fullest = listed[0].on[0];
  for (const { on } of listed) {
    for (const day of on) {
      const more = WEIGHTS[day] - WEIGHTS[fullest];
      if (more > 0 || (more === 0 && day < fullest)) fullest = day;
    }
  }
  const weight = WEIGHTS[fullest];
  for (const { on } of listed) for (const day of on) WEIGHTS[day] = NONE;
  return { places: places.filter((place) => schedules[place].days[fullest]), weight };
}

/** No weight yet; apart from 0, which those of a day may have. */
const NONE = Number.NEGATIVE_INFINITY;

/** The weight of each day while days are compared; between two comparisons there is none. */
const WEIGHTS = new Float64Array(CALENDAR_DAYS).fill(NONE);

/** Days of a set as a list, which for most sets that are not every day is short. */
const lists = new WeakMap<Uint8Array, Int32Array>();

/** The days of a set, ascending. */
export function listOf(days: Uint8Array): Int32Array {
  const known = lists.get(days);
  if (known) return known;
  const on: number[] = [];
  for (let day = days.indexOf(1); day >= 0; day = days.indexOf(1, day + 1)) on.push(day);
  const list = new Int32Array(on);
  lists.set(days, list);
  return list;
}

function membersBy<T>(entries: Iterable<readonly [T, number]>): readonly Members<T>[] {
  return [...grouped(entries)].map(([times, places]) => ({ times, places }));
}

function sumOf(places: readonly number[], weights: readonly number[]): number {
  return places.reduce((sum, place) => sum + weights[place], 0);
}

/**
 * A minute of the hour, from 0 to 59, that follows from a name: always the same for one name, spread evenly over many,
 * so that hourly jobs with different names seldom start together.
 */
export function minuteOf(name: string): number {
  return minuteOfHash(name, HOUR_MINUTES);
}

/** As `minuteOf`, of so many minutes. */
export function minuteOfHash(name: string, of: number): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) % of;
}
