import { cronSchedule, UNIX_CRON } from '../../../lib/flow/schedule/cron';
import { clock } from '../../../lib/rules/clock';

const parseSchedule = (text = '') => cronSchedule(UNIX_CRON, text);
/** Days of 2024 to 2027, four years with one leap day. */
const FOUR_YEARS = 1461;

const HOUR = 3600;
const DAY = 24 * HOUR;

test.each([
  // schedule, starts on a day that has any, shortest period in seconds
  ['* * * * *', 1440, 60],
  ['*/5 * * * *', 288, 300],
  ['7 * * * *', 24, HOUR],
  ['@hourly', 24, HOUR],
  ['0 3 * * *', 1, DAY],
  ['@daily', 1, DAY],
  ['@midnight', 1, DAY],
  ['0 0 * * 0', 1, 7 * DAY],
  ['@weekly', 1, 7 * DAY],
  ['0 0 * * 1', 1, 7 * DAY], // also over the end of the calendar
  ['0 0 1 * *', 1, 28 * DAY],
  ['@monthly', 1, 28 * DAY],
  ['@yearly', 1, 365 * DAY],
  ['0,50 * * * *', 48, 600], // the gap over the hour is the shorter one
  ['0 9-17/4 * * mon-fri', 3, 4 * HOUR],
  ['0 9-17/4 * * MON-FRI', 3, 4 * HOUR],
  ['10/20 6 * * *', 3, 1200], // from 10 on, every 20
  ['0 0 29 2 *', 1, 1461 * DAY],
  ['0 0,23 * * *', 2, HOUR], // the gap over midnight
] as const)('%s starts %d times a day, %d s apart at the least', (text, starts, period) => {
  const schedule = parseSchedule(text)!;
  expect(schedule.minutes).toHaveLength(starts);
  expect(schedule.shortestGapSeconds).toBe(period);
});

test('of a day of the month and a day of the week, either suffices when both are restricted', () => {
  const days = (text: string) => parseSchedule(text)!.days.slice(0, FOUR_YEARS).filter(Boolean).length;
  expect(days('0 0 13 * *')).toBe(48);
  expect(days('0 0 * * 5')).toBe(209);
  expect(days('0 0 13 * 5')).toBeGreaterThan(209 + 48 - 20);
  expect(days('0 0 1-31 * 5')).toBe(1461);
  // A star restricts nothing, also beside other values.
  expect(days('0 0 *,5 * 5')).toBe(209);
});

test.each([
  '',
  undefined,
  'often',
  '0 0 * *',
  '0 0 0 * * *',
  'TZ=UTC 0 0 * * *',
  '60 * * * *',
  '0x5 1e1 * * *',
  '0 24 * * *',
  '0 0 30 2 *',
])('%s decides nothing', (text) => {
  expect(parseSchedule(text)).toBeUndefined();
});

test.each(['*-5 * * * *', '5-1 * * * *', '*/0 * * * *', '0 0 * foo *', '0 0 * * 8', '{{ .Values.minute }} * * * *'])(
  '%s is no schedule',
  (text) => {
    expect(parseSchedule(text)).toBeUndefined();
  },
);

test('a minute of the day reads as a clock', () => {
  expect([0, 61, 1439].map(clock)).toEqual(['00:00', '01:01', '23:59']);
});
