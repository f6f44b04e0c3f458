/**
 * When a CronJob starts: the standard five fields, and `@hourly` and its like.
 *
 * Source: Kubernetes, CronJob, "Schedule syntax"; crontab(5) for a restricted day of the month beside a restricted day
 * of the week, of which either suffices.
 */
import { once } from '../../once';
import { own } from '../../own';

/** The times at which a schedule starts something. */
export interface Schedule {
  /** Minutes of the day, ascending. */
  readonly minutes: readonly number[];
  /** Days of `CALENDAR_DAYS` on which it does. */
  readonly days: readonly boolean[];
  /** Seconds between two starts that follow each other most closely; the whole calendar when there is only one. */
  readonly shortestPeriodSeconds: number;
}

/** Days that are looked at: four years with one leap day, so that every schedule that ever starts does so in them. */
export const CALENDAR_DAYS = 1461;

const FIRST_DAY = Date.UTC(2024, 0, 1);
const DAY_SECONDS = 86_400;
const MINUTES_A_DAY = 1440;

/** Each day of the calendar: its day of the month, its month, its day of the week. */
const CALENDAR = Array.from({ length: CALENDAR_DAYS }, (_, day) => {
  const date = new Date(FIRST_DAY + day * DAY_SECONDS * 1000);
  return { dayOfMonth: date.getUTCDate(), month: date.getUTCMonth() + 1, dayOfWeek: date.getUTCDay() };
});

const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** Characters of a schedule. */
const LONGEST = 1024;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Days that were worked out, by their fields: most schedules start on every day. */
const worked = new Map<string, readonly boolean[]>();

/** Schedules that were worked out, by their text: many jobs share one. */
const parsed = new Map<string, Schedule | undefined>();

/** When a schedule starts something; undefined when the text does not decide it, or it never does. */
export function parseSchedule(text: string | undefined): Schedule | undefined {
  const key = text ?? '';
  // The five fields with every value of each written out have fewer characters; the longer ones would stay in `parsed`.
  if (key.length > LONGEST) return undefined;
  if (!parsed.has(key)) parsed.set(key, parse(key));
  return parsed.get(key);
}

function parse(text: string): Schedule | undefined {
  const words = text.trim().toLowerCase();
  const fields = (own(MACROS, words) ?? words).split(/\s+/);
  if (fields.length !== 5) return undefined;
  const minute = field(fields[0], 0, 59);
  const hour = field(fields[1], 0, 23);
  const days = daysOf(fields[2], fields[3], fields[4]);
  if (!minute || !hour || !days?.includes(true)) return undefined;
  const minutes = [...hour].flatMap((h) => [...minute].map((m) => h * 60 + m)).sort((a, b) => a - b);
  return { minutes, days, shortestPeriodSeconds: shortestPeriod(minutes, days) };
}

/** The days on which a schedule starts something; the same array for the same fields. */
function daysOf(dayOfMonthField: string, monthField: string, dayOfWeekField: string): readonly boolean[] | undefined {
  const key = `${dayOfMonthField} ${monthField} ${dayOfWeekField}`;
  const known = worked.get(key);
  if (known) return known;
  const dayOfMonth = field(dayOfMonthField, 1, 31);
  const month = field(monthField, 1, 12, MONTHS, 1);
  const dayOfWeek = field(dayOfWeekField, 0, 6, WEEKDAYS, 0);
  if (!dayOfMonth || !month || !dayOfWeek) return undefined;
  const either = [dayOfMonthField, dayOfWeekField].every((text) => !/^[*?](\/1)?$/.test(text));
  const days = CALENDAR.map((day) => {
    const matches = [dayOfMonth.has(day.dayOfMonth), dayOfWeek.has(day.dayOfWeek)];
    return month.has(day.month) && (either ? matches.includes(true) : !matches.includes(false));
  });
  worked.set(key, days);
  return days;
}

/** What one field allows; undefined when it cannot be read. */
function field(text: string, least: number, most: number, names: readonly string[] = [], first = 0) {
  const allowed = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^([*?]|[a-z0-9]+)(?:-([a-z0-9]+))?(?:\/(\d+))?$/.exec(part);
    if (!match) return undefined;
    const [, start, end, step] = match;
    const number = (word: string) => (names.includes(word) ? names.indexOf(word) + first : Number(word));
    const all = start === '*' || start === '?';
    if (all && end !== undefined) return undefined;
    const from = all ? least : number(start);
    const to = all || (end === undefined && step !== undefined) ? most : number(end ?? start);
    const every = Number(step ?? 1);
    if (!(from >= least && to <= most && from <= to && every >= 1)) return undefined;
    for (let value = from; value <= to; value += every) allowed.add(value);
  }
  return allowed;
}

function shortestPeriod(minutes: readonly number[], days: readonly boolean[]): number {
  const within = minutes.slice(1).map((minute, i) => minute - minutes[i]);
  // From the last start of one day to the first of the next on which there is one.
  const overNight = fewestDays(days) * MINUTES_A_DAY + minutes[0] - minutes[minutes.length - 1];
  return within.reduce((least, gap) => Math.min(least, gap), overNight) * 60;
}

/** Days between two that follow each other most closely, also from the calendar's end to its beginning. */
const fewestDays = once((days: readonly boolean[]): number => {
  const on = days.flatMap((start, day) => (start ? [day] : []));
  return on.reduce((least, day, i) => Math.min(least, (on[i + 1] ?? on[0] + CALENDAR_DAYS) - day), CALENDAR_DAYS);
});
