/** When a job may run, and its expression: what is written is read back as the same minutes. */
import { cronSchedule, EVENTBRIDGE_CRON, UNIX_CRON } from '../../../lib/flow/schedule/cron';
import { clockChanges } from '../../../lib/flow/schedule/daylight';
import { planSchedule } from '../../../lib/flow/schedule/plan';
import { PERIOD_MINUTES, type Recurrence, recurrenceOf } from '../../../lib/flow/schedule/recurrence';

const job = { name: 'job', durationSeconds: 30 };
const recurrence = (given: object) => recurrenceOf({ ...job, ...given }) as Recurrence;

test.each(PERIOD_MINUTES)('every %d min, in both dialects and at each place, is that period', (period) => {
  const every = recurrence({ periodSeconds: period * 60 });
  expect(every.places).toBe(period);
  for (const offset of [0, 1, Math.floor(period / 2), period - 1].filter((one) => one < period)) {
    for (const dialect of [UNIX_CRON, EVENTBRIDGE_CRON]) {
      const read = cronSchedule(dialect, every.expression(offset, dialect)!);
      expect(read?.shortestGapSeconds).toBe(period * 60);
      expect(read?.longestGapSeconds).toBe(period * 60);
      expect(read?.minutes).toContain(offset % 1440);
    }
  }
});

test.each([
  ['@hourly', 17, '17 * * * *', '17 * * * ? *'],
  ['@daily', 17, '17 0 * * *', '17 0 * * ? *'],
  ['*/15 * * * *', 3, '3,18,33,48 * * * *', '3,18,33,48 * * * ? *'],
  ['0 2 * * 1-5', 9, '9 2 * * 1-5', '9 2 ? * MON,TUE,WED,THU,FRI *'],
  ['0 2 ? * 2-6 *', 9, '9 2 * * MON,TUE,WED,THU,FRI', '9 2 ? * 2-6 *'],
  ['0 4 1 */3 *', 9, '9 4 1 */3 *', '9 4 1 1,4,7,10 ? *'],
  ['0 0 L * ? *', 9, undefined, '9 0 L * ? *'],
  ['0 3 1 * 1', 9, '9 3 1 * 1', undefined],
])('%s, moved by %d min', (cron, offset, unix, eventBridge) => {
  const moved = recurrence({ cron });
  expect(moved.expression(offset, UNIX_CRON)).toBe(unix);
  expect(moved.expression(offset, EVENTBRIDGE_CRON)).toBe(eventBridge);
});

test('29 February is a day, and counts as rarely as it is', () => {
  const leap = recurrence({ cron: '0 5 29 2 *' });
  expect(leap.runsPerWeek).toBeCloseTo(7 / (4 * 365.25), 6);
});

test('a pinned job keeps minutes that no job could be moved to', () => {
  expect(recurrenceOf({ ...job, cron: '5,20 3 * * *' })).toContain('not evenly spaced');
  expect(recurrence({ cron: '5,20 3 * * *', pinned: true }).expression(0, UNIX_CRON)).toBe('5,20 3 * * *');
});

describe('daylight saving', () => {
  test.each([
    [
      'Europe/Berlin',
      [
        ['2024-03-31', 120, 180, true],
        ['2024-10-27', 120, 180, false],
      ],
    ],
    [
      'America/New_York',
      [
        ['2024-03-10', 120, 180, true],
        ['2024-11-03', 60, 120, false],
      ],
    ],
    [
      'Australia/Lord_Howe',
      [
        ['2024-04-07', 90, 120, false],
        ['2024-10-06', 120, 150, true],
      ],
    ],
    ['UTC', []],
    ['Asia/Shanghai', []],
  ])('%s', (zone, expected) => {
    const found = clockChanges(zone).map(({ date, fromMinute, toMinute, forward }) => [
      date,
      fromMinute,
      toMinute,
      forward,
    ]);
    expect(found).toEqual(expected);
  });

  test('a job in the hour that is skipped or repeated is named, an hourly one is not', () => {
    const jobs = [
      { name: 'backup', cron: '0 2 * * *', durationSeconds: 60 },
      { name: 'report', cron: '0 4 * * *', durationSeconds: 60 },
      { name: 'sync', periodSeconds: 3600, durationSeconds: 60 },
    ];
    expect(planSchedule('Nightly', { jobs }).remarks).toEqual([]);
    expect(planSchedule('Nightly', { jobs, timeZone: 'Europe/Berlin' }).remarks).toEqual([
      'Europe/Berlin has no 02:00 to 03:00 on days such as 2024-03-31: backup may not run; choose other hours, or UTC',
      'Europe/Berlin has 02:00 to 03:00 twice on days such as 2024-10-27: backup may run twice; choose other hours, or UTC',
    ]);
  });
});
