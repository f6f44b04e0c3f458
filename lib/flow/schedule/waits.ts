/** A burst: more runs are due at once than may run at once, and the others wait in the queue, first come, first served. */
import { MomentHeap } from '../numerics/heap';
import { CALENDAR_DAYS, DAY_MINUTES, WEEK_MINUTES, WEEKDAY_COUNT, weekdayOf } from './calendar';
import { lateness } from './lateness';
import { listOf } from './schedule';
import { SCHEDULERS } from './schedulers';
import { boundOf, type Chore, fullestAt, runsWait, type Spread } from './spread';

const MINUTE_SECONDS = 60;
const CALENDAR_WEEKS = CALENDAR_DAYS / WEEKDAY_COUNT;
/** Runs that are followed at most, over all weeks that differ by their dates. */
const MOST_RUNS = 2_000_000;

/** A run that is due, in seconds from the beginning of its cycle. */
interface Due {
  readonly at: number;
  readonly index: number;
}

/**
 * The longest wait of each job in seconds, when so many run at once and each run takes `times` × what it counts as. Where
 * jobs have dates, the weeks with most of their runs come first.
 */
export function longestWaits(
  { chores, offsets }: Pick<Spread, 'chores' | 'offsets'>,
  atOnce: number,
  times = 1,
): number[] {
  const waits = chores.map(() => 0);
  const dated = chores.some(({ recurrence }) => recurrence.dates);
  const cycle = dated ? WEEK_MINUTES : Math.max(...chores.map(({ recurrence }) => recurrence.cycleMinutes));
  const often = everyCycle(chores, offsets, cycle);
  const weeks = dated ? weeksOfDates(chores, offsets) : [[[], []]];
  let left = MOST_RUNS;
  for (const turns of weeks) {
    if (left < 0) break;
    left -= 2 * often.length + turns[0].length + turns[1].length;
    const free = new MomentHeap(atOnce);
    for (let server = 0; server < atOnce; server += 1) free.push(0, server);
    // The second turn begins with what the first has left.
    for (const [turn, more] of turns.entries()) {
      const start = turn * cycle * MINUTE_SECONDS;
      for (const { at, index } of [...often, ...more].sort((a, b) => a.at - b.at || a.index - b.index)) {
        const begins = Math.max(start + at, free.next);
        waits[index] = Math.max(waits[index], begins - start - at);
        free.replaceNext(begins + times * chores[index].countedSeconds, index);
      }
    }
  }
  return waits;
}

/** The runs of one cycle of the jobs without dates. */
function everyCycle(chores: readonly Chore[], offsets: readonly number[], cycle: number): Due[] {
  const due: Due[] = [];
  for (const [index, { recurrence }] of chores.entries()) {
    if (recurrence.dates) continue;
    for (let begin = offsets[index]; begin < cycle + offsets[index]; begin += recurrence.cycleMinutes) {
      for (const minute of recurrence.minutes) due.push({ at: ((begin + minute) % cycle) * MINUTE_SECONDS, index });
    }
  }
  return due;
}

/** What jobs with dates add to each week of the calendar and to the one before it, where that differs; most first. */
function weeksOfDates(chores: readonly Chore[], offsets: readonly number[]): Due[][][] {
  const weeks: Due[][] = Array.from({ length: CALENDAR_WEEKS }, () => []);
  for (const [index, { recurrence }] of chores.entries()) {
    if (!recurrence.dates) continue;
    for (const day of listOf(recurrence.dates.days)) {
      const weekday = weekdayOf(day);
      // The calendar begins on a Monday, a week on a Sunday.
      const week = Math.floor((day - weekday + WEEKDAY_COUNT) / WEEKDAY_COUNT) % CALENDAR_WEEKS;
      for (const minute of recurrence.dates.minutes) {
        weeks[week].push({ at: (weekday * DAY_MINUTES + minute + offsets[index]) * MINUTE_SECONDS, index });
      }
    }
  }
  const said = weeks.map((week) => week.map(({ at, index }) => `${at} ${index}`).join());
  const different = new Map<string, Due[][]>();
  for (let week = 0; week < CALENDAR_WEEKS; week += 1) {
    const before = (week + CALENDAR_WEEKS - 1) % CALENDAR_WEEKS;
    different.set(`${said[before]};${said[week]}`, [weeks[before], weeks[week]]);
  }
  return [...different.values()].sort((a, b) => b[0].length + b[1].length - a[0].length - a[1].length);
}

/** How late the last run of a burst begins, in seconds after its minute; 0 when none waits. */
export function latestStart(spread: Spread, times = 1): number {
  if (!isBurst(spread, times)) return 0;
  return Math.max(...startsAfter(spread, times));
}

/** A job that begins too late. */
export interface LateJob {
  readonly name: string;
  /** Seconds after its minute at which it begins. */
  readonly late: number;
  /** Seconds after its minute until which it may. */
  readonly limit: number;
}

/** The job that begins too late by most, when runs take so many times as long; undefined when none does. */
export function tooLate(spread: Spread, times: number): LateJob | undefined {
  if (!isBurst(spread, times)) return undefined;
  const { question, chores, scheduler } = spread;
  const starts = startsAfter(spread, times);
  const late = chores
    .map(({ name }, index) => ({
      name,
      late: starts[index],
      limit: lateness(chores[index], question.objective ?? {}, scheduler),
    }))
    .filter((one) => one.late > one.limit);
  return late.sort((a, b) => b.late - b.limit - (a.late - a.limit))[0];
}

/** For each job, seconds after its minute at which a run begins that has to wait; 0 for those that do not. */
function startsAfter(spread: Spread, times: number): number[] {
  const { startSpreadSeconds } = SCHEDULERS[spread.scheduler];
  return longestWaits(spread, boundOf(spread), times).map((wait) => (wait === 0 ? 0 : wait + startSpreadSeconds));
}

function isBurst(spread: Spread, times: number): boolean {
  return runsWait(spread.question) && fullestAt(spread, times) > boundOf(spread);
}
