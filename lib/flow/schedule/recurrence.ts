/** When a job may run: the minutes of its cycle, by how much they can be moved, and the expression for each place. */
import { CALENDAR_DAYS } from './calendar';
import { type CronDialect, cronSchedule, EVENTBRIDGE_CRON, isOpen, UNIX_CRON, valuesOf } from './cron';
import type { ScheduledJob } from './workload';

export const HOUR_MINUTES = 60;
export const DAY_MINUTES = 1440;
export const WEEK_MINUTES = 10_080;
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
/** The calendar's first day, 1 January 2024, is a Monday. */
const FIRST_WEEKDAY = 1;

/** Minutes of the periods that a cron expression can hold: they divide the hour, the day or the week. */
export const PERIOD_MINUTES: readonly number[] = [
  ...[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60],
  ...[2, 3, 4, 6, 8, 12, 24].map((hours) => hours * HOUR_MINUTES),
  WEEK_MINUTES,
];

/** When a job may run. */
export interface Recurrence {
  /** Minutes after which it repeats: an hour, a day or a week. */
  readonly cycleMinutes: number;
  /**
   * Minutes of the cycle at which it runs when it is not moved, ascending. A job of some days of a month counts as if it
   * ran on each weekday that these can be.
   */
  readonly minutes: readonly number[];
  /** Places that it can be moved to: by 0 minutes to one less. 1 for a pinned job. */
  readonly places: number;
  /** Seconds between the two runs that are closest. */
  readonly gapSeconds: number;
  /** Seconds between the two runs that are farthest apart with none between them. */
  readonly longestGapSeconds: number;
  /** Runs a week on average. */
  readonly runsPerWeek: number;
  /** Whether it runs on every day. */
  readonly daily: boolean;
  /** The cron expression of a place; undefined when the dialect cannot say it. */
  expression(offsetMinutes: number, dialect: CronDialect): string | undefined;
}

/** When a job may run; a text says why that cannot be read or moved. */
export function recurrenceOf({ periodSeconds, cron, pinned = false }: ScheduledJob): Recurrence | string {
  if (cron === undefined) return periodic((periodSeconds ?? 0) / 60);
  const text = cron.trim();
  const dialect = text.split(/\s+/).length === 6 ? EVENTBRIDGE_CRON : UNIX_CRON;
  const schedule = cronSchedule(dialect, text);
  if (schedule === undefined) {
    return `'${cron}' is not read: give five fields (minute hour date month weekday), six as EventBridge has, or a macro`;
  }
  const byHour = [...new Set(schedule.minutes.map((minute) => minute % HOUR_MINUTES))];
  const gap = HOUR_MINUTES / byHour.length;
  const even = byHour.every((minute, index) => minute === byHour[0] + index * gap);
  if (!pinned && !even) return `'${cron}' has minutes that are not evenly spaced: say pinned, or space them evenly`;
  const fields = fieldsOf(dialect, text);
  const hours = [...new Set(schedule.minutes.map((minute) => Math.floor(minute / HOUR_MINUTES)))];
  // What is not pinned begins at the first place of its period.
  const first = pinned ? byHour : byHour.map((_, index) => index * gap);
  const daily = hours.flatMap((hour) => first.map((minute) => hour * HOUR_MINUTES + minute));
  const weekdays = weekdaysOf(schedule.days);
  return {
    ...cycleOf(daily, hours.length, weekdays),
    places: pinned ? 1 : gap,
    gapSeconds: schedule.shortestGapSeconds,
    longestGapSeconds: schedule.longestGapSeconds,
    runsPerWeek: (7 * schedule.minutes.length * countOf(schedule.days)) / CALENDAR_DAYS,
    daily: !schedule.days.includes(0),
    expression: (offset, target) => {
      const days = daysIn(target, dialect, fields);
      return days && inDialect(target, listed(first.map((minute) => minute + offset)), values(hours, 24), days);
    },
  };
}

/** A job that runs every so many minutes. */
function periodic(period: number): Recurrence {
  const every = { date: '*', month: '*', weekday: '*', year: '*' };
  const common = {
    places: period,
    gapSeconds: period * 60,
    longestGapSeconds: period * 60,
    runsPerWeek: WEEK_MINUTES / period,
    daily: period <= DAY_MINUTES,
  };
  if (period <= HOUR_MINUTES) {
    const minutes = stepped(0, period, HOUR_MINUTES);
    const expression = (offset: number, target: CronDialect) =>
      inDialect(
        target,
        values(
          minutes.map((minute) => minute + offset),
          HOUR_MINUTES,
        ),
        '*',
        every,
      );
    return { ...common, cycleMinutes: HOUR_MINUTES, minutes, expression };
  }
  const cycleMinutes = period === WEEK_MINUTES ? WEEK_MINUTES : DAY_MINUTES;
  return {
    ...common,
    cycleMinutes,
    minutes: stepped(0, period, cycleMinutes),
    expression: (offset, target) => {
      const hours = stepped(offset, period, cycleMinutes).map((at) => Math.floor((at % DAY_MINUTES) / HOUR_MINUTES));
      const weekday = period === WEEK_MINUTES ? WEEKDAYS[Math.floor(offset / DAY_MINUTES)] : '*';
      return inDialect(target, String(offset % HOUR_MINUTES), values(hours, 24), { ...every, weekday });
    },
  };
}

/** The shortest cycle that these minutes of the day repeat in, on these weekdays. */
function cycleOf(daily: readonly number[], hours: number, weekdays: readonly number[]) {
  if (weekdays.length < 7) {
    return {
      cycleMinutes: WEEK_MINUTES,
      minutes: weekdays.flatMap((weekday) => daily.map((minute) => weekday * DAY_MINUTES + minute)),
    };
  }
  if (hours < 24) return { cycleMinutes: DAY_MINUTES, minutes: daily };
  return { cycleMinutes: HOUR_MINUTES, minutes: daily.filter((minute) => minute < HOUR_MINUTES) };
}

function countOf(days: Uint8Array): number {
  return days.reduce((sum, day) => sum + day, 0);
}

/** The weekdays among these days of the calendar, from 0, Sunday. */
function weekdaysOf(days: Uint8Array): number[] {
  const found = new Set<number>();
  for (let day = 0; day < CALENDAR_DAYS && found.size < 7; day += 1) {
    if (days[day]) found.add((FIRST_WEEKDAY + day) % 7);
  }
  return [...found].sort((a, b) => a - b);
}

/** The fields of an expression that say a day. */
interface DayFields {
  readonly date: string;
  readonly month: string;
  readonly weekday: string;
  readonly year: string;
}

function fieldsOf(dialect: CronDialect, text: string): DayFields {
  const words = text.toUpperCase();
  const [, , date, month, weekday, year = '*'] = (dialect.macros.get(words) ?? words).split(/\s+/);
  return { date, month, weekday, year };
}

/** The same days in another dialect; undefined when it has no words for them. */
function daysIn(target: CronDialect, source: CronDialect, fields: DayFields): DayFields | undefined {
  if (target === source) return fields;
  const open = (text: string) => text === '?' || isOpen(source, text);
  const dates = open(fields.date) ? '*' : valuesOf(source, source.dayOfMonth, fields.date)?.join(',');
  const weekdays = open(fields.weekday)
    ? '*'
    : valuesOf(source, source.dayOfWeek, fields.weekday)
        ?.map((value) => WEEKDAYS[value - source.dayOfWeek.low])
        .join(',');
  const months = valuesOf(source, source.month, fields.month);
  if (dates === undefined || weekdays === undefined || months === undefined) return undefined;
  // A day of the month or one of the week, whichever comes first, is only said in five fields; a year only in six.
  if ((dates !== '*' && weekdays !== '*') || !open(fields.year)) return undefined;
  return { date: dates, month: values(months, 12), weekday: weekdays, year: '*' };
}

function inDialect(dialect: CronDialect, minute: string, hour: string, days: DayFields): string {
  const { date, month, weekday, year } = days;
  if (dialect.bothDays === 'either-suffices') return [minute, hour, date, month, weekday].join(' ');
  // One of the two is open, and must say so.
  if ([date, weekday].includes('?')) return [minute, hour, date, month, weekday, year].join(' ');
  const [on, of] = weekday === '*' ? [date, '?'] : ['?', weekday];
  return [minute, hour, on, month, of, year].join(' ');
}

/** Values of a field that has so many: a star when these are all. */
function values(list: readonly number[], of: number): string {
  return list.length === of ? '*' : listed(list);
}

function listed(list: readonly number[]): string {
  return [...list].sort((a, b) => a - b).join(',');
}

function stepped(from: number, step: number, to: number): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);
}
