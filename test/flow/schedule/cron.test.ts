import fc from 'fast-check';
import { CALENDAR_DAYS, CALENDAR_YEARS } from '../../../lib/flow/schedule/calendar';
import { type CronDialect, cronSchedule, EVENTBRIDGE_CRON, UNIX_CRON } from '../../../lib/flow/schedule/cron';
import { eventBridgeSchedule, rateSeconds } from '../../../lib/flow/schedule/eventbridge';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Days of one year on which an expression fires, as month-day. */
function daysIn(year: number, dialect: CronDialect, text: string): string[] {
  const days = cronSchedule(dialect, text)?.days ?? new Uint8Array(CALENDAR_DAYS);
  return [...days].flatMap((fires, day) => {
    const at = new Date(Date.UTC(CALENDAR_YEARS.first, 0, 1 + day));
    return fires && at.getUTCFullYear() === year ? [at.toISOString().slice(5, 10)] : [];
  });
}

const monthly = (dates: string) => dates.split(' ').map((date, i) => `${String(i + 1).padStart(2, '0')}-${date}`);

// Dates read off a calendar of 2026, which begins on a Thursday.
test.each([
  ['0 2 L * ? *', monthly('31 28 31 30 31 30 31 31 30 31 30 31'), 'the last day of each month'],
  ['0 2 ? * 3#2 *', monthly('13 10 10 14 12 09 14 11 08 13 10 08'), 'the second Tuesday'],
  ['0 2 ? * TUE#2 *', monthly('13 10 10 14 12 09 14 11 08 13 10 08'), 'the same by its name'],
  ['0 2 ? 1-6 SUN#5 *', ['03-29', '05-31'], 'a fifth Sunday, which few months have'],
  ['15 10 ? * 6L *', monthly('30 27 27 24 29 26 31 28 25 30 27 25'), 'the last Friday'],
  ['15 10 ? * FRIL 2025-2026', monthly('30 27 27 24 29 26 31 28 25 30 27 25'), 'in some years'],
  ['0 2 ? 2 L *', ['02-07', '02-14', '02-21', '02-28'], 'L alone: the last day of the week, Saturday'],
  ['0 2 3W * ? *', monthly('02 03 03 03 04 03 03 03 03 02 03 03'), 'the weekday closest to the third'],
  [
    '0 2 1W 2,3,8 ? *',
    ['02-02', '03-02', '08-03'],
    'the first is a Sunday, a Sunday, a Saturday: never the month before',
  ],
  ['0 2 31W * ? *', '01-30 03-31 05-29 07-31 08-31 10-30 12-31'.split(' '), 'only months that have a 31st'],
  ['0 2 30W 5,8 ? *', ['05-29', '08-31'], 'a Saturday, and a Sunday with a Monday after it'],
  ['0 2 28W 2 ? *', ['02-27'], 'the last of February is a Saturday'],
  ['0 2 1,L 2 ? *', ['02-01', '02-28'], 'the first and the last'],
  ['0 2 ? 2 MON,6L *', ['02-02', '02-09', '02-16', '02-23', '02-27'], 'Mondays and the last Friday'],
  ['0 2 1 1 ? 2024/2', ['01-01'], 'every second year from 2024'],
  ['0 2 1 1 ? 2025/2', [], 'every second year from 2025'],
  ['0 2 1 1 ? 1970-2199', ['01-01'], 'every year there is'],
])('in 2026 EventBridge fires %s on %j: %s', (text, days, _) => {
  expect(daysIn(2026, EVENTBRIDGE_CRON, text)).toEqual(days);
});

test.each([
  ['0 2 ? * 2#1,3#1 *', 'a # beside something else, which AWS refuses'],
  ['0 2 ? * 2#6 *', 'a sixth Monday'],
  ['0 2 ? * 8L *', 'an eighth weekday'],
  ['0 2 ? * 0#1 *', 'a weekday 0, which is Unix'],
  ['0 2 32W * ? *', 'a 32nd'],
  ['0 2 0W * ? *', 'a date 0'],
  ['0 2 L-3 * ? *', 'an L with something on it'],
  ['L 2 * * ? *', 'an L among minutes'],
  ['0 2 1 L ? *', 'an L among months'],
  ['? 2 * * ? *', 'a ? among minutes'],
  ['0 2 1,? * * *', 'a ? beside something else'],
  ['*-5 2 * * ? *', 'a range from a star'],
  ['0 2 * * ? 1969', 'a year that is none'],
  ['0 2 * * ? 2200', 'a year that is none'],
  ['0 2 30 FEB ? *', 'a day that never is'],
  ['0 2 * * ? 2023', 'years before the calendar only'],
  ['0 2 * * *', 'Unix'],
  ['@daily', 'a macro of Unix'],
])('EventBridge %s decides nothing: %s', (text) => {
  expect(cronSchedule(EVENTBRIDGE_CRON, text)).toBeUndefined();
});

test.each([
  '0 2 L * *',
  '0 2 3W * *',
  '0 2 * * 5L',
  '0 2 * * 1#1',
  '0 2 * * 7',
  '0 2 * * ? *',
  '0 2 ? * ? 2027',
  'constructor',
])('Unix %s decides nothing', (text) => {
  expect(cronSchedule(UNIX_CRON, text)).toBeUndefined();
});

test('a day of the week is counted from 0 by Unix and from 1 by EventBridge, and has one name', () => {
  const sundays = daysIn(2026, UNIX_CRON, '0 0 * * 0');
  expect(sundays[0]).toBe('01-04');
  expect(daysIn(2026, UNIX_CRON, '0 0 * * sun')).toEqual(sundays);
  expect(daysIn(2026, EVENTBRIDGE_CRON, '0 0 ? * 1 *')).toEqual(sundays);
  expect(daysIn(2026, EVENTBRIDGE_CRON, '0 0 ? * SUN *')).toEqual(sundays);
});

test('of a date and a weekday either suffices for Unix, where both are restricted', () => {
  expect(daysIn(2026, UNIX_CRON, '0 0 13 2 5')).toEqual(['02-06', '02-13', '02-20', '02-27']);
  expect(daysIn(2026, UNIX_CRON, '0 0 1 2 5')).toEqual(['02-01', '02-06', '02-13', '02-20', '02-27']);
  expect(daysIn(2026, UNIX_CRON, '0 0 */1 2 5')).toEqual(['02-06', '02-13', '02-20', '02-27']);
  expect(daysIn(2026, UNIX_CRON, '0 0 */15 2 5')).toHaveLength(6);
});

test.each([
  ['rate(1 minute)', 1440],
  ['cron(0 2 L * ? *)', 1],
  ['cron(0/20 2 * * ? 2027)', 3],
])('%s fires %d times on a day', (expression, times) => {
  expect(eventBridgeSchedule(expression)?.minutes).toHaveLength(times);
});

test.each(['rate(5 minutes)', 'at(2027-01-01T00:00:00)', '0 2 * * ? *', `cron(0 2 * * ? *)${' '.repeat(256)}`])(
  '%s is no time of the day',
  (expression) => {
    expect(eventBridgeSchedule(expression)).toBeUndefined();
  },
);

test('a rate has its seconds', () => {
  expect([rateSeconds('rate(5 minutes)'), rateSeconds('cron(* * * * ? *)')]).toEqual([300, undefined]);
});

test.each([
  // dialect, expression, shortest and longest gap in seconds
  ['Unix', '0 0 * * 1', 7 * DAY, 7 * DAY],
  ['Unix', '0 0 * * 1,2', DAY, 6 * DAY],
  ['Unix', '0 9-17 * * 1-5', HOUR, 64 * HOUR],
  ['Unix', '@monthly', 28 * DAY, 31 * DAY],
  ['Unix', '@yearly', 365 * DAY, 366 * DAY],
  ['Unix', '0 0 29 2 *', 1461 * DAY, 1461 * DAY],
  ['Unix', '0,50 * * * *', 600, 3000],
  ['EventBridge', '0 0 L * ? *', 28 * DAY, 31 * DAY],
  ['EventBridge', '0 0 ? * 6L *', 28 * DAY, 35 * DAY],
  ['EventBridge', '0 0 1 1 ? 2027', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ['EventBridge', '0,10,30 0 1 1 ? 2027', 600, 1200],
  ['EventBridge', '0 0 1 1 ? 2027,2030', 1096 * DAY, 1096 * DAY],
] as const)('%s %s has gaps of %d to %d s', (dialect, text, shortest, longest) => {
  const schedule = cronSchedule(dialect === 'Unix' ? UNIX_CRON : EVENTBRIDGE_CRON, text)!;
  expect([schedule.shortestGapSeconds, schedule.longestGapSeconds]).toEqual([shortest, longest]);
});

test('the two dialects agree wherever both can say the same', () => {
  const field = (low: number, high: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min: low, max: high }).map(String),
      fc.tuple(fc.integer({ min: low, max: high }), fc.nat(9)).map(([from, step]) => `${from}/${step + 1}`),
      fc
        .tuple(fc.integer({ min: low, max: high }), fc.nat(high))
        .map(([from, n]) => `${from}-${Math.min(high, from + n)}`),
    );
  fc.assert(
    fc.property(field(0, 59), field(0, 23), field(1, 31), field(1, 12), (minute, hour, date, month) => {
      const unix = cronSchedule(UNIX_CRON, `${minute} ${hour} ${date} ${month} *`);
      const eventBridge = cronSchedule(EVENTBRIDGE_CRON, `${minute} ${hour} ${date} ${month} ? *`);
      expect(eventBridge).toEqual(unix);
    }),
    { numRuns: 50 },
  );
});

test('whatever the text, there is a schedule that fires or none', () => {
  const text = fc.array(fc.constantFrom(...'0159*?/-,LW#'.split(''), ' ', ' ', 'MON', 'JAN', '@daily'), {
    maxLength: 24,
  });
  fc.assert(
    fc.property(text, fc.constantFrom(UNIX_CRON, EVENTBRIDGE_CRON), (parts, dialect) => {
      const schedule = cronSchedule(dialect, parts.join(''));
      if (!schedule) return;
      expect(schedule.minutes.length).toBeGreaterThan(0);
      expect(schedule.days.includes(1)).toBe(true);
      expect(schedule.shortestGapSeconds).toBeLessThanOrEqual(schedule.longestGapSeconds);
    }),
    { numRuns: 500 },
  );
});
