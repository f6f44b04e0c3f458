/** The minutes of the day at which runs start: evenly apart, from an offset that follows from a name. */
import { minuteOfHash } from '../schedule/schedule';

const MINUTE = 60;
const HOUR_MINUTES = 60;
const DAY_MINUTES = 1440;

/** Starts over a day. */
export interface Starts {
  /** Minutes from midnight to the first start of the day; less than the interval. */
  readonly offsetMinutes: number;
  /** Values of the field for minutes in a cron expression. */
  readonly minutes: string;
  /** Values of the field for hours. */
  readonly hours: string;
}

/** Starts so many seconds apart; tables with other names start at other minutes. */
export function startsOf(name: string, intervalSeconds: number): Starts {
  const interval = intervalSeconds / MINUTE;
  const offsetMinutes = minuteOfHash(name, interval);
  const list = (first: number, step: number, below: number) =>
    Array.from({ length: Math.ceil((below - first) / step) }, (_, index) => first + index * step).join(',');
  if (interval < HOUR_MINUTES)
    return { offsetMinutes, minutes: list(offsetMinutes, interval, HOUR_MINUTES), hours: '*' };
  const hours = list(Math.floor(offsetMinutes / HOUR_MINUTES), interval / HOUR_MINUTES, DAY_MINUTES / HOUR_MINUTES);
  return {
    offsetMinutes,
    minutes: String(offsetMinutes % HOUR_MINUTES),
    hours: interval === HOUR_MINUTES ? '*' : hours,
  };
}
