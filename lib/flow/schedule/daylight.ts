/** Hours that a time zone skips or repeats, where it has daylight saving. */
import { CALENDAR_YEARS } from './calendar';
import { DAY_MINUTES, HOUR_MINUTES, type Recurrence } from './recurrence';

const HOUR_MILLIS = 3_600_000;

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
 * refuses `europe/berlin`.
 */
export function isTimeZone(name: string): boolean {
  try {
    // The zone that an old name stands for is another word.
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}

/** The changes of the clocks in the calendar's first year; none where there is no daylight saving. */
export function clockChanges(timeZone: string): ClockChange[] {
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
  const end = Date.UTC(CALENDAR_YEARS.first + 1, 0, 1);
  let offset = local(Date.UTC(CALENDAR_YEARS.first, 0, 1)) - Date.UTC(CALENDAR_YEARS.first, 0, 1);
  for (let day = Date.UTC(CALENDAR_YEARS.first, 0, 2); day <= end; day += 24 * HOUR_MILLIS) {
    if (local(day) - day === offset) continue;
    // Within this day, the first quarter of an hour with the new offset.
    let at = day - 24 * HOUR_MILLIS;
    while (local(at) - at === offset) at += HOUR_MILLIS / 4;
    const shift = local(at) - at - offset;
    const first = new Date(Math.min(at + offset, at + offset + shift));
    const fromMinute = first.getUTCHours() * 60 + first.getUTCMinutes();
    changes.push({
      date: first.toISOString().slice(0, 10),
      fromMinute,
      toMinute: fromMinute + Math.abs(shift) / 60_000,
      forward: shift > 0,
    });
    offset += shift;
  }
  return changes;
}

/** A job at its place. */
interface Timed {
  readonly name: string;
  readonly recurrence: Recurrence;
}

/** A sentence for each change of the clocks that meets runs which do not come again within the hour. */
export function clockRemarks(timeZone: string, jobs: readonly Timed[], offsets: readonly number[]): string[] {
  return clockChanges(timeZone).flatMap(({ date, fromMinute, toMinute, forward }) => {
    const met = jobs.filter(
      ({ recurrence: { cycleMinutes, minutes } }, index) =>
        cycleMinutes > HOUR_MINUTES &&
        minutes.some((minute) => {
          const at = (minute + offsets[index]) % DAY_MINUTES;
          return at >= fromMinute && at < toMinute;
        }),
    );
    if (met.length === 0) return [];
    const hours = `${clock(fromMinute)} to ${clock(toMinute)}`;
    const names = met.map(({ name }) => name).join(', ');
    return forward
      ? [`${timeZone} has no ${hours} on days such as ${date}: ${names} may not run; choose other hours, or UTC`]
      : [`${timeZone} has ${hours} twice on days such as ${date}: ${names} may run twice; choose other hours, or UTC`];
  });
}

function clock(minuteOfDay: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(minuteOfDay / HOUR_MINUTES))}:${two(minuteOfDay % HOUR_MINUTES)}`;
}
