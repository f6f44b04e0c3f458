/**
 * When AWS's `cron(…)` and `rate(…)` expressions fire, as far as an expression decides it.
 */
import { grouped, once } from '../../once';

const DAY_MINUTES = 1440;
const MINUTE_SECONDS = 60;

/** A leap year, so that every day of every month is in it. It begins on a Saturday. */
const FIRST_DAY = Date.UTC(2028, 0, 1);
const YEAR_DAYS = 366;

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const UNIT_SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };

/** Characters of a schedule expression (EventBridge API Reference, `ScheduleExpression`). */
const LONGEST = 256;

/** The minutes of a year at which something fires. */
export interface Calendar {
  /** Minutes of the day, rising, from 0 to 1439; the same on every day on which it fires. */
  readonly minutes: readonly number[];
  /** For each day of a leap year, whether it fires on it. */
  readonly days: readonly boolean[];
}

/** Seconds between two firings of `rate(…)`; undefined for anything else. */
export function rateSeconds(expression: string): number | undefined {
  if (expression.length > LONGEST) return undefined;
  const match = /^rate\(\s*(\d+)\s+(minute|hour|day)s?\s*\)$/.exec(expression.trim());
  const seconds = match ? Number(match[1]) * UNIT_SECONDS[match[2]] : 0;
  return seconds > 0 ? seconds : undefined;
}

/**
 * When an expression fires; undefined for one that does not decide it: a rate counts from when it was created, unless
 * it fires every minute, and L, W, # and years are not worked out.
 */
export function calendarOf(expression: string): Calendar | undefined {
  if (expression.length > LONGEST) return undefined;
  if (!worked.has(expression)) worked.set(expression, workOut(expression));
  return worked.get(expression);
}

/** Calendars that were worked out, by their expression: many schedules share one. */
const worked = new Map<string, Calendar | undefined>();

/** Days that were worked out, by their fields: most schedules fire on every day. */
const workedDays = new Map<string, readonly boolean[]>();

function workOut(expression: string): Calendar | undefined {
  if (rateSeconds(expression) === MINUTE_SECONDS) return calendarOf('cron(* * * * ? *)');
  const fields = /^cron\(([^()]+)\)$/.exec(expression.trim())?.[1].trim().toUpperCase().split(/\s+/);
  if (fields?.length !== 6 || fields[5] !== '*') return undefined;
  const [minute, hour, date, month, weekday] = fields;
  // AWS wants exactly one of the two days left open.
  if ((date === '?') === (weekday === '?')) return undefined;
  const minutes = valuesOf(minute, 0, 59);
  const hours = valuesOf(hour, 0, 23);
  const days = daysOf(date, month, weekday);
  if (!minutes || !hours || !days) return undefined;
  return { days, minutes: ascending(hours).flatMap((h) => ascending(minutes).map((m) => h * 60 + m)) };
}

/** The days on which an expression fires; the same array for the same fields. */
function daysOf(date: string, month: string, weekday: string): readonly boolean[] | undefined {
  const key = `${date} ${month} ${weekday}`;
  const known = workedDays.get(key);
  if (known) return known;
  const dates = valuesOf(date, 1, 31);
  const months = valuesOf(month, 1, 12, MONTHS);
  const weekdays = valuesOf(weekday, 1, 7, WEEKDAYS);
  if (!dates || !months || !weekdays) return undefined;
  const days = Array.from({ length: YEAR_DAYS }, (_, day) => {
    const at = new Date(FIRST_DAY + day * DAY_MINUTES * 60_000);
    return dates.has(at.getUTCDate()) && months.has(at.getUTCMonth() + 1) && weekdays.has(at.getUTCDay() + 1);
  });
  workedDays.set(key, days);
  return days;
}

/** Seconds between the two firings of an expression that are closest; undefined when that is not decided. */
export function leastGapSeconds(expression: string): number | undefined {
  const calendar = calendarOf(expression);
  return rateSeconds(expression) ?? (calendar?.days.includes(true) ? leastGap(calendar) : undefined);
}

const leastGap = once(({ minutes, days }: Calendar): number => {
  const gaps = minutes.slice(1).map((minute, i) => minute - minutes[i]);
  // From the last of one day to the first of the next, or of the next day on which it fires at all.
  const firing = days.flatMap((fires, day) => (fires ? [day] : []));
  const nights = firing.slice(1).map((day, i) => day - firing[i]);
  const overnight = Math.min(...nights, YEAR_DAYS) * DAY_MINUTES - minutes[minutes.length - 1] + minutes[0];
  return Math.min(...gaps, overnight) * MINUTE_SECONDS;
});

/** The minute in which most of them fire, with those that do; the first such minute of the year. */
export function fullestMinute(calendars: readonly Calendar[]): { minuteOfDay: number; firing: readonly number[] } {
  let best: { minuteOfDay: number; firing: readonly number[] } = { minuteOfDay: 0, firing: [] };
  // Days on which the same ones fire are all alike, and most fire on the same days.
  const patterns = [...new Set(calendars.map(({ days }) => days))];
  const seen = new Set<string>();
  for (let day = 0; day < YEAR_DAYS && best.firing.length < calendars.length; day++) {
    const key = patterns.map((days) => Number(days[day])).join('');
    if (seen.has(key)) continue;
    seen.add(key);
    const today = calendars.flatMap(({ days, minutes }, i) => (days[day] ? [{ i, minutes }] : []));
    if (today.length <= best.firing.length) continue;
    const byMinute = grouped(today.flatMap(({ i, minutes }) => minutes.map((minute) => [minute, i] as const)));
    for (const [minuteOfDay, firing] of byMinute) {
      if (firing.length > best.firing.length) best = { minuteOfDay, firing };
    }
  }
  return best;
}

/** The values of one field; undefined when it uses what is not worked out here, or is out of range. */
function valuesOf(field: string, low: number, high: number, names: readonly string[] = []): Set<number> | undefined {
  const values = new Set<number>();
  for (const part of field === '?' ? ['*'] : field.split(',')) {
    const match = /^(\*|[A-Z0-9]+)(?:-([A-Z0-9]+))?(?:\/(\d+))?$/.exec(part);
    if (!match) return undefined;
    const [, first, last, every] = match;
    const from = first === '*' ? low : numberIn(first, names);
    const open = first === '*' || every !== undefined ? high : from;
    const to = last === undefined ? open : numberIn(last, names);
    const step = every === undefined ? 1 : Number(every);
    if (from === undefined || to === undefined || from < low || to > high || from > to || step < 1) return undefined;
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return values;
}

function numberIn(text: string, names: readonly string[]): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const place = names.indexOf(text);
  return place < 0 ? undefined : place + 1;
}

function ascending(values: Set<number>): number[] {
  return [...values].sort((a, b) => a - b);
}
