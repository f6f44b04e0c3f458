import fc from 'fast-check';
import { CALENDAR_DAYS, CALENDAR_YEARS, dayGaps } from '../../../lib/flow/schedule/calendar';
import { cronSchedule, UNIX_CRON } from '../../../lib/flow/schedule/cron';
import { fullestMinute, minuteOf, runsAtOnce, scheduleOf } from '../../../lib/flow/schedule/schedule';

const unix = (text: string) => cronSchedule(UNIX_CRON, text)!;
const onDays = (...days: number[]) =>
  Uint8Array.from({ length: CALENDAR_DAYS }, (_, day) => Number(days.includes(day)));

/** A set of days that is not empty, some of them close together. */
const DAYS = fc
  .array(fc.oneof(fc.nat(CALENDAR_DAYS - 1), fc.nat(20)), { minLength: 1, maxLength: 12 })
  .map((days) => onDays(...days));

test('the calendar is 28 years: it ends on a day before the weekday on which it began', () => {
  expect(CALENDAR_DAYS).toBe(
    (Date.UTC(CALENDAR_YEARS.last + 1, 0, 1) - Date.UTC(CALENDAR_YEARS.first, 0, 1)) / 86_400_000,
  );
  expect(CALENDAR_DAYS % 7).toBe(0);
});

test('gaps of days that repeat add up to the calendar, those of days that do not stay within it', () => {
  fc.assert(
    fc.property(DAYS, (days) => {
      const on = [...days].flatMap((one, day) => (one ? [day] : []));
      const gaps = on.slice(1).map((day, i) => day - on[i]);
      const none = Number.POSITIVE_INFINITY;
      expect(dayGaps(days, false)).toEqual({
        shortest: Math.min(none, ...gaps),
        longest: gaps.length === 0 ? none : Math.max(...gaps),
      });
      const around = [...gaps, CALENDAR_DAYS + on[0] - on[on.length - 1]];
      expect(dayGaps(days, true)).toEqual({ shortest: Math.min(...around), longest: Math.max(...around) });
    }),
    { numRuns: 100 },
  );
});

test('no minute of any day weighs more than the fullest, and that one weighs what its schedules do', () => {
  const minutes = fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 4 }).map((list) => list.sort((x, y) => x - y));
  const schedules = fc.array(
    fc.tuple(minutes, DAYS).map(([at, days]) => scheduleOf(at, days, true)),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(
    fc.property(schedules, fc.array(fc.nat(3), { minLength: 5, maxLength: 5 }), (list, weights) => {
      const weigh = (places: readonly number[]) => places.reduce((sum, place) => sum + weights[place], 0);
      const { minuteOfDay, firing } = fullestMinute(list, (place) => weights[place]);
      const sets = [0, 1, 2, 3, 4, 5].map((minute) =>
        Array.from({ length: CALENDAR_DAYS }, (_, day) =>
          list.flatMap((each, place) => (each.days[day] && each.minutes.includes(minute) ? [place] : [])),
        ),
      );
      const heaviest = sets.map((days) => days.reduce((most, places) => Math.max(most, weigh(places)), 0));
      expect(weigh(firing)).toBe(Math.max(...heaviest));
      expect(sets[minuteOfDay]).toContainEqual(firing);
      // The first minute, and on its first day.
      const first = heaviest.findIndex(
        (weight, minute) => weight === weigh(firing) && sets[minute].some((on) => on.length),
      );
      expect(minuteOfDay).toBe(first);
      expect(sets[first].find((places) => places.length > 0 && weigh(places) === weigh(firing))).toEqual(firing);
    }),
    { numRuns: 50 },
  );
});

test('one array of days may be said to repeat and not to', () => {
  const days = onDays(5);
  expect(scheduleOf([0], days, true).shortestGapSeconds).toBe(CALENDAR_DAYS * 86_400);
  expect(scheduleOf([0], days, false).shortestGapSeconds).toBe(Number.POSITIVE_INFINITY);
});

test.each([
  // gap and run in seconds, runs at once
  [300, 300, 1],
  [300, 301, 2],
  [60, 900, 15],
  [Number.POSITIVE_INFINITY, 900, 1],
])('a run every %d s that takes %d s: %d at once', (gap, run, atOnce) => {
  expect(runsAtOnce(gap, run)).toBe(atOnce);
});

test('two schedules that meet once in 28 years meet', () => {
  // 29 February 2032 is a Sunday, and no other of these years.
  expect(fullestMinute([unix('0 0 29 2 *'), unix('0 0 * * 0')]).firing).toEqual([0, 1]);
});

test('the fullest minute is the earliest of the day among equals, whatever the day', () => {
  const schedules = ['30 4 * * 1', '30 4 * * 1', '10 3 * * 5', '10 3 * * 5', '0 1 * * 0', '0 1 * * 1'].map(unix);
  expect(fullestMinute(schedules)).toEqual({ minuteOfDay: 190, firing: [2, 3] });
  expect(fullestMinute([])).toEqual({ minuteOfDay: 0, firing: [] });
});

test('the fullest minute is that of most weight, not of most schedules', () => {
  const schedules = ['0 1 * * *', '0 1 * * *', '0 2 * * *'].map(unix);
  expect(fullestMinute(schedules, (place) => [1, 1, 3][place])).toEqual({ minuteOfDay: 120, firing: [2] });
  expect(fullestMinute(schedules, () => 0)).toEqual({ minuteOfDay: 60, firing: [0, 1] });
});

test('a minute that follows from a name is always the same, and evenly spread over many', () => {
  // The first four bytes of its SHA-256, modulo 60: what is deployed keeps its minute.
  expect(minuteOf('orders-report')).toBe(18);
  const counts = new Array<number>(60).fill(0);
  for (let i = 0; i < 6000; i += 1) counts[minuteOf(`job-${i}`)] += 1;
  // Of 60 minutes with 100 each, σ = 10: four of those either way.
  expect(Math.min(...counts)).toBeGreaterThan(60);
  expect(Math.max(...counts)).toBeLessThan(140);
});
