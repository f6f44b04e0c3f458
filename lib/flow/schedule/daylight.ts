/** Hours that a time zone skips or repeats, where it has daylight saving. */
import { CALENDAR_YEARS, DAY_MINUTES, HOUR_MINUTES } from './calendar';
import { cronSchedule, EVENTBRIDGE_CRON, UNIX_CRON } from './cron';
import { SCHEDULERS, type SchedulerName } from './schedulers';
import type { Chore } from './spread';

const MINUTE_MILLIS = 60_000;
const HOUR_MILLIS = 60 * MINUTE_MILLIS;
const DAY_MILLIS = 24 * HOUR_MILLIS;
const WEEK_MILLIS = 7 * DAY_MILLIS;

/** A change of the clocks, in local time. */
export interface ClockChange {
  /** The local date, such as 2024-03-31. */
  readonly date: string;
  /** The first minute of the day that is skipped or repeated. */
  readonly fromMinute: number;
  /** The minute after the last one. */
  readonly toMinute: number;
  /** Whether the clocks go forward, so that these minutes do not exist; otherwise they come twice. */
  readonly forward: boolean;
}

/**
 * Whether the name of a time zone is known, in its capitals: a Kubernetes API server reads it as the name of a file, and
 * refuses `europe/berlin` and `+02:00`.
 */
export function isTimeZone(name: string): boolean {
  try {
    // Node takes an offset for a zone from release 22 on; it is the name of no file.
    if (/^[+-]/.test(name)) return false;
    // The zone that an old name stands for is another word.
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}

/** The changes of the clocks in the calendar's first years; none where there is no daylight saving. */
export function clockChanges(timeZone: string, years = 1): ClockChange[] {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  /** Local time, counted as if it were UTC. */
  const local = (instant: number) => {
    const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
    return Date.UTC(+part.year, +part.month - 1, +part.day, +part.hour, +part.minute);
  };
  const changes: ClockChange[] = [];
  const begin = Date.UTC(CALENDAR_YEARS.first, 0, 1);
  const end = Date.UTC(CALENDAR_YEARS.first + years, 0, 1);
  let offset = local(begin) - begin;
  // No zone changes its clocks twice in a week.
  for (let day = begin + WEEK_MILLIS; day < end + WEEK_MILLIS; day += WEEK_MILLIS) {
    if (local(day) - day === offset) continue;
    // Within this week, the first quarter of an hour with the new offset.
    let at = day - WEEK_MILLIS;
    while (local(at + DAY_MILLIS) - at - DAY_MILLIS === offset) at += DAY_MILLIS;
    while (local(at) - at === offset) at += HOUR_MILLIS / 4;
    const shift = local(at) - at - offset;
    const first = new Date(Math.min(at + offset, at + offset + shift));
    offset += shift;
    if (first.getTime() >= end) continue;
    const fromMinute = first.getUTCHours() * HOUR_MINUTES + first.getUTCMinutes();
    changes.push({
      date: first.toISOString().slice(0, 10),
      fromMinute,
      toMinute: fromMinute + Math.abs(shift) / MINUTE_MILLIS,
      forward: shift > 0,
    });
  }
  return changes;
}

/** Minutes of a day at which a job at its place runs, whichever days those are. */
function minutesOfDay({ recurrence: { cycleMinutes, minutes } }: Chore, offset: number): Set<number> {
  const turns = Math.max(1, DAY_MINUTES / cycleMinutes);
  return new Set(
    minutes.flatMap((minute) =>
      Array.from({ length: turns }, (_, turn) => (turn * cycleMinutes + minute + offset) % DAY_MINUTES),
    ),
  );
}

/** Whether a job at its place runs on a local date. A cron expression keeps its hours, so that its place moves no day. */
function runsOn({ job: { cron, periodSeconds = 0 } }: Chore, offset: number, date: string): boolean {
  const day = Date.parse(date);
  if (cron !== undefined) {
    const text = cron.trim();
    const schedule = cronSchedule(text.split(/\s+/).length === 6 ? EVENTBRIDGE_CRON : UNIX_CRON, text);
    return schedule?.days[(day - Date.UTC(CALENDAR_YEARS.first, 0, 1)) / DAY_MILLIS] === 1;
  }
  const weekly = periodSeconds * 1000 === WEEK_MILLIS;
  return !weekly || new Date(day).getUTCDay() === Math.floor(offset / DAY_MINUTES);
}

/**
 * A sentence for all changes of the clocks at the same hours that take a run from a job, or repeat one. A job that runs
 * equally often before and after the shift, such as every hour, loses none by an hour; by half an hour it may.
 */
export function clockRemarks(
  timeZone: string,
  jobs: readonly Chore[],
  offsets: readonly number[],
  scheduler: SchedulerName,
): string[] {
  const found = new Map<string, { readonly change: ClockChange; readonly names: Set<string> }>();
  for (const change of clockChanges(timeZone, CALENDAR_YEARS.last - CALENDAR_YEARS.first + 1)) {
    const { date, fromMinute, toMinute, forward } = change;
    if (!forward && !SCHEDULERS[scheduler].repeatsHours) continue;
    for (const [index, job] of jobs.entries()) {
      const minutes = minutesOfDay(job, offsets[index]);
      const inside = [...minutes].some((minute) => minute >= fromMinute && minute < toMinute);
      const shift = toMinute - fromMinute;
      const same = inside && [...minutes].every((minute) => minutes.has((minute + shift) % DAY_MINUTES));
      if (!inside || same || !runsOn(job, offsets[index], date)) continue;
      const key = [fromMinute, toMinute, forward].join();
      const entry = found.get(key) ?? { change, names: new Set() };
      found.set(key, entry);
      entry.names.add(job.name);
    }
  }
  return [...found.values()].map(({ change: { date, fromMinute, toMinute, forward }, names }) => {
    const hours = `${clock(fromMinute)} to ${clock(toMinute)}`;
    const all = [...names].join(', ');
    return forward
      ? `${timeZone} has no ${hours} on days such as ${date}: ${all} may not run; choose other hours, or UTC`
      : `${timeZone} has ${hours} twice on days such as ${date}: ${all} may run twice; choose other hours, or UTC`;
  });
}

function clock(minuteOfDay: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(minuteOfDay / HOUR_MINUTES))}:${two(minuteOfDay % HOUR_MINUTES)}`;
}
