/** When AWS's schedule expressions fire, for rules. */
import { type CronDialect, EVENTBRIDGE_CRON } from '../../../flow/schedule/cron';
import { eventBridgeSchedule, rateSeconds } from '../../../flow/schedule/eventbridge';
import type { Schedule } from '../../../flow/schedule/schedule';

/** Days that are at the same place of every month: without L, W and #. */
const JUDGED: CronDialect = {
  ...EVENTBRIDGE_CRON,
  dayOfMonth: { ...EVENTBRIDGE_CRON.dayOfMonth, terms: [] },
  dayOfWeek: { ...EVENTBRIDGE_CRON.dayOfWeek, terms: [] },
};

/** When an expression fires; undefined for one that does not decide it, and for one with L, W, # or years. */
export function calendarOf(expression: string): Schedule | undefined {
  const schedule = eventBridgeSchedule(expression, JUDGED);
  return schedule?.repeats ? schedule : undefined;
}

/** Seconds between the two firings of an expression that are closest; undefined when that is not decided. */
export function leastGapSeconds(expression: string): number | undefined {
  return rateSeconds(expression) ?? calendarOf(expression)?.shortestGapSeconds;
}
