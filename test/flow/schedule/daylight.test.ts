/** Runs that a change of the clocks takes away or repeats: only for jobs that run on that day, as the scheduler does it. */
import { planSchedule } from '../../../lib/flow/schedule/plan';
import type { ScheduledJob, ScheduleQuestion } from '../../../lib/flow/schedule/workload';

const remarks = (
  timeZone: string,
  job: Partial<ScheduledJob>,
  scheduler: ScheduleQuestion['scheduler'] = 'kubernetes',
) =>
  planSchedule('One', { timeZone, scheduler, jobs: [{ name: 'a', durationSeconds: 60, ...job }] }).remarks.filter(
    (text) => text.startsWith(timeZone),
  );

test.each([
  ['daily at 2, in Berlin', 'Europe/Berlin', { cron: '0 2 * * *' }, 2],
  ['on Sundays, on which Berlin changes', 'Europe/Berlin', { cron: '0 2 * * 0' }, 2],
  ['on Mondays, on which it does not', 'Europe/Berlin', { cron: '0 2 * * 1' }, 0],
  ['on the 28th, a Sunday of change in some year', 'Europe/Berlin', { cron: '0 2 28 * *' }, 2],
  ['on the 1st, never one', 'Europe/Berlin', { cron: '0 2 1 * *' }, 0],
  ['weekly, on Sunday at 2', 'Europe/Berlin', { periodSeconds: 604_800, offsetMinutes: 120 }, 2],
  ['weekly, on Monday at 2', 'Europe/Berlin', { periodSeconds: 604_800, offsetMinutes: 1440 + 120 }, 0],
  ['hourly, by an hour: none is lost', 'Europe/Berlin', { periodSeconds: 3600 }, 0],
  ['every hour of Sundays', 'Europe/Berlin', { cron: '0 * * * 0' }, 0],
  // The clocks of Lord Howe Island move by half an hour.
  ['hourly at 10 past, by half an hour', 'Australia/Lord_Howe', { periodSeconds: 3600, offsetMinutes: 10 }, 1],
  ['every half hour, by half an hour', 'Australia/Lord_Howe', { periodSeconds: 1800 }, 0],
  ['daily, without daylight saving', 'Asia/Tokyo', { cron: '0 2 * * *' }, 0],
])('%s', (_, timeZone, job, said) => {
  expect(remarks(timeZone, job)).toHaveLength(said);
});

test('EventBridge skips a missing hour and does not repeat a repeated one', () => {
  const said = remarks('Europe/Berlin', { cron: '0 2 * * *' }, 'eventbridge');
  expect(said).toEqual([
    expect.stringContaining('Europe/Berlin has no 02:00 to 03:00 on days such as 2024-03-31: a may not run'),
  ]);
});
