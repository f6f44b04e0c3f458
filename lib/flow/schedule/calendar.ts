/**
 * The days on which schedules fire, over 28 years: the calendar repeats after them from 1901 to 2099, weekdays and leap
 * days included, so that every gap and every two schedules that ever meet are in it.
 */
import { once } from '../once';

const FIRST_YEAR = 2024;
const YEARS = 28;
const DAY_MILLIS = 86_400_000;

export const HOUR_MINUTES = 60;
export const DAY_MINUTES = 1440;
export const WEEK_MINUTES = 10_080;

/** Days of the calendar: 1 January 2024 to 31 December 2051. */
export const CALENDAR_DAYS = 365 * YEARS + YEARS / 4;

/** Years of the calendar, the first and the last. */
export const CALENDAR_YEARS = { first: FIRST_YEAR, last: FIRST_YEAR + YEARS - 1 } as const;

/** Days of a week. They divide the calendar. */
export const WEEKDAY_COUNT = 7;
/** The calendar's first day, 1 January 2024, is a Monday. */
const FIRST_WEEKDAY = 1;

/** The weekday of a day of the calendar, from 0, Sunday. */
export function weekdayOf(day: number): number {
  return (FIRST_WEEKDAY + day) % WEEKDAY_COUNT;
}

/** One day of a month, in numbers that fields of a schedule compare with. */
export interface CalendarDay {
  /** 1 to 31. */
  readonly date: number;
  /** From 0, Sunday, to 6. */
  readonly weekday: number;
  /** The last date of the month. */
  readonly lastDate: number;
}

/** One month: which it is, and the place of its first day in the calendar. */
interface CalendarMonth {
  readonly year: number;
  readonly month: number;
  readonly firstDay: number;
  readonly firstWeekday: number;
  readonly lastDate: number;
}

const months = once((): readonly CalendarMonth[] =>
  Array.from({ length: YEARS * 12 }, (_, place) => {
    const [year, month] = [FIRST_YEAR + Math.floor(place / 12), (place % 12) + 1];
    const first = Date.UTC(year, month - 1, 1);
    return {
      year,
      month,
      firstDay: (first - Date.UTC(FIRST_YEAR, 0, 1)) / DAY_MILLIS,
      firstWeekday: new Date(first).getUTCDay(),
      lastDate: new Date(Date.UTC(year, month, 0)).getUTCDate(),
    };
  }),
);

/** The days of the calendar that are in one of these months of these years, and of which this is true: 1 for each. */
export function daysWhere(
  inMonth: (month: number) => boolean,
  inYear: (year: number) => boolean,
  isOne: (day: CalendarDay) => boolean,
): Uint8Array {
  const days = new Uint8Array(CALENDAR_DAYS);
  // A month has one of four lengths and begins on one of seven weekdays; those with both alike have the same days.
  const alike = new Map<number, Uint8Array>();
  for (const { year, month, firstDay, firstWeekday, lastDate } of months()) {
    if (!inMonth(month) || !inYear(year)) continue;
    const key = lastDate * 7 + firstWeekday;
    let ofMonth = alike.get(key);
    if (!ofMonth) {
      ofMonth = Uint8Array.from({ length: lastDate }, (_, i) =>
        Number(isOne({ date: i + 1, weekday: (firstWeekday + i) % 7, lastDate })),
      );
      alike.set(key, ofMonth);
    }
    days.set(ofMonth, firstDay);
  }
  return days;
}

/** Lengths of time between two that follow each other: the shortest and the longest. */
export interface Gaps {
  readonly shortest: number;
  readonly longest: number;
}

/**
 * Days from one that is set to the next, of which there is one at least, also from the calendar's end to its beginning where the days repeat; infinite
 * where no other follows.
 */
export function dayGaps(days: Uint8Array, repeats: boolean): Gaps {
  const first = days.indexOf(1);
  let shortest = Number.POSITIVE_INFINITY;
  let longest = 0;
  let last = first;
  for (let day = first + 1; day < CALENDAR_DAYS; day += 1) {
    if (days[day] === 0) continue;
    if (day - last < shortest) shortest = day - last;
    if (day - last > longest) longest = day - last;
    last = day;
  }
  if (repeats) {
    const around = CALENDAR_DAYS + first - last;
    return { shortest: Math.min(shortest, around), longest: Math.max(longest, around) };
  }
  return { shortest, longest: longest === 0 ? Number.POSITIVE_INFINITY : longest };
}
