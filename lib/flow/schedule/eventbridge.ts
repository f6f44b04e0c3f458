/** Schedule expressions of Amazon EventBridge: `cron(…)` and `rate(…)`. */
import { type CronDialect, cronSchedule, EVENTBRIDGE_CRON } from './cron';
import type { Schedule } from './schedule';

const MINUTE_SECONDS = 60;
const UNIT_SECONDS: ReadonlyMap<string, number> = new Map([
  ['minute', MINUTE_SECONDS],
  ['hour', 3600],
  ['day', 86_400],
]);

/** EventBridge API Reference, `RetryPolicy`: how long, and how often, a target is retried by default. */
export const EVENTBRIDGE_RETRIES = { seconds: 86_400, tries: 185 } as const;

/** Seconds between two firings of `rate(…)`; undefined for anything else. */
export function rateSeconds(expression: string): number | undefined {
  if (expression.length > EVENTBRIDGE_CRON.mostCharacters) return undefined;
  const match = /^rate\(\s*(\d+)\s+(minute|hour|day)s?\s*\)$/.exec(expression.trim());
  const seconds = match ? Number(match[1]) * UNIT_SECONDS.get(match[2])! : 0;
  return seconds > 0 ? seconds : undefined;
}

/**
 * When an expression fires; undefined for one that does not decide it: a rate counts from when it was created, unless
 * it fires every minute.
 */
export function eventBridgeSchedule(expression: string, dialect: CronDialect = EVENTBRIDGE_CRON): Schedule | undefined {
  if (expression.length > dialect.mostCharacters) return undefined;
  if (rateSeconds(expression) === MINUTE_SECONDS) return cronSchedule(dialect, '* * * * ? *');
  const fields = /^cron\(([^()]+)\)$/.exec(expression.trim());
  return fields ? cronSchedule(dialect, fields[1]) : undefined;
}
