import fc from 'fast-check';
import { CALENDAR_DAYS } from '../../../lib/flow/schedule/calendar';
import { rateSeconds } from '../../../lib/flow/schedule/eventbridge';
import { fullestMinute } from '../../../lib/flow/schedule/schedule';
import { calendarOf, leastGapSeconds } from '../../../lib/rules/cloudformation/read/cron';

/** The days of 2028, a leap year. */
const YEAR_2028 = [1461, 1461 + 366] as const;

const firings = (expression: string) => {
  const calendar = calendarOf(expression);
  return calendar && { minutes: calendar.minutes, days: calendar.days.slice(...YEAR_2028).filter(Boolean).length };
};

test.each([
  ['cron(0 2 * * ? *)', [120], 366],
  ['cron(15 10 ? * MON-FRI *)', [615], 260],
  ['cron(15 10 ? * 2-6 *)', [615], 260],
  ['cron(0 18 1 * ? *)', [1080], 12],
  ['cron(0 0 29 FEB ? *)', [0], 1],
  ['cron(0 0 31 * ? *)', [0], 7],
  ['cron( 0  8,20  ?  JAN,JUL  SUN  * )', [480, 1200], 10],
  ['cron(50/3 23 * * ? *)', [1430, 1433, 1436, 1439], 366],
  ['cron(0-30/15 4 * * ? *)', [240, 255, 270], 366],
])('%s is worked out', (expression, minutes, days) => {
  expect(firings(expression)).toEqual({ minutes, days });
});

test.each([
  ['cron(0 2 L * ? *)', 'the last day'],
  ['cron(0 2 ? * 2#1 *)', 'the first Monday'],
  ['cron(0 2 3W * ? *)', 'the nearest weekday'],
  ['cron(0 2 * * ? 2027)', 'a year'],
  ['cron(0 2 * * * *)', 'both days open, which AWS refuses'],
  ['cron(0 2 ? * ? *)', 'neither day given'],
  ['cron(60 2 * * ? *)', 'minute 60'],
  ['cron(0/0 2 * * ? *)', 'a step of none'],
  ['cron(0 2 ? * FRI-MON *)', 'a range that turns round'],
  ['cron(0 2 * * ?)', 'five fields'],
  ['rate(5 minutes)', 'a rate, which counts from its creation'],
  ['at(2027-01-01T00:00:00)', 'once'],
  ['', 'nothing'],
])('%s is not: %s', (expression) => {
  expect(calendarOf(expression)).toBeUndefined();
});

test('a rate of one minute fires in every minute', () => {
  expect(firings('rate(1 minute)')).toEqual({ minutes: Array.from({ length: 1440 }, (_, i) => i), days: 366 });
});

test.each([
  ['rate(1 minute)', 60],
  ['rate(5 minutes)', 300],
  ['rate(1 hour)', 3600],
  ['rate(2 days)', 172_800],
  ['rate(0 minutes)', undefined],
  ['rate(5 weeks)', undefined],
  ['cron(* * * * ? *)', undefined],
])('%s repeats every %s s', (expression, seconds) => {
  expect(rateSeconds(expression)).toBe(seconds);
});

test.each([
  ['rate(5 minutes)', 300, 'a rate is its own gap'],
  ['cron(0/10 * * * ? *)', 600, 'across the hour too'],
  ['cron(0,50 * * * ? *)', 600, 'from :50 to the full hour'],
  ['cron(0 0,23 * * ? *)', 3600, 'over midnight'],
  ['cron(0 0,23 ? * SUN *)', 82_800, 'not over midnight when the next day is free'],
  ['cron(0 2 ? * SUN *)', 604_800, 'from week to week'],
  ['cron(0 0 30 FEB ? *)', undefined, 'never'],
])('%s: closest firings are %s s apart, %s', (expression, seconds, _) => {
  expect(leastGapSeconds(expression)).toBe(seconds);
});

test('the fullest minute is the one in which most fire, however the days are given', () => {
  const calendars = ['cron(0 2 * * ? *)', 'cron(0 2 ? * MON *)', 'cron(0 2 15 * ? *)', 'cron(5 2 * * ? *)'].map(
    (expression) => calendarOf(expression)!,
  );
  // The fifteenth is a Monday in May 2028.
  expect(fullestMinute(calendars)).toEqual({ minuteOfDay: 120, firing: [0, 1, 2] });
  expect(fullestMinute([])).toEqual({ minuteOfDay: 0, firing: [] });
});

test('no minute of the year is fuller than the fullest', () => {
  const field = (high: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min: 0, max: high }).map(String),
      fc.integer({ min: 1, max: high }).map((step) => `*/${step}`),
    );
  const day = fc.oneof(
    fc.integer({ min: 1, max: 31 }).map((date) => [String(date), '?']),
    fc.integer({ min: 1, max: 7 }).map((weekday) => ['?', String(weekday)]),
    fc.constant(['*', '?']),
  );
  const expressions = fc
    .tuple(field(59), field(23), day)
    .map(([minute, hour, [date, weekday]]) => `cron(${minute} ${hour} ${date} * ${weekday} *)`);
  fc.assert(
    fc.property(fc.array(expressions, { minLength: 1, maxLength: 5 }), (list) => {
      const calendars = list.map((expression) => calendarOf(expression)!);
      let most = 0;
      const counts = new Uint8Array(1440);
      for (let day = 0; day < CALENDAR_DAYS; day++) {
        counts.fill(0);
        for (const { days, minutes } of calendars) if (days[day]) for (const minute of minutes) counts[minute]++;
        for (const count of counts) if (count > most) most = count;
      }
      expect(fullestMinute(calendars).firing.length).toBe(most);
    }),
    { numRuns: 20 },
  );
});
