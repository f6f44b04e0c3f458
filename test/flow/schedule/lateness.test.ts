/** How late a run may begin and when it is ended: one inequality for every job, and remarks where it cannot hold. */
import fc from 'fast-check';
import { CHORES } from '../../../lib/cases/case-04-cron-stampede';
import { CapacityError } from '../../../lib/flow/errors';
import { planSchedule } from '../../../lib/flow/schedule/plan';
import { PERIOD_MINUTES } from '../../../lib/flow/schedule/recurrence';
import type { SchedulerName } from '../../../lib/flow/schedule/schedulers';
import type { ScheduledJob, SchedulePlan } from '../../../lib/flow/schedule/workload';
import { runs } from '../../support/property';

const one = (periodSeconds: number, durationSeconds: number, durationVariation = 0): ScheduledJob[] => [
  { name: 'a', periodSeconds, durationSeconds, durationVariation },
];
const MEETS = 'a run that begins as late as it may can last into its next one: a';

test.each([
  // period, time of a run: late, ended, silent
  [3600, 300, 2400, 1200, 8400, 'an hour for all: late + run + node'],
  [86_400, 300, 3600, 1200, 174_000, 'an hour is the most'],
  [900, 60, 60, 840, 2700, 'no time for a node, and a minute to begin'],
  [300, 299, 10, 299, 900, 'what the controller needs at least'],
])(
  'every %d s, runs of %d s: %d s late, ended after %d s, silent after %d s: %s',
  (period, time, late, ends, silent) => {
    const plan = planSchedule('One', { jobs: one(period, time) });
    expect(plan.value('startingDeadlineSeconds.a')).toBe(late);
    expect(plan.value('activeDeadlineSeconds.a')).toBe(ends);
    expect(plan.value('alarmSilenceSeconds.a')).toBe(silent);
  },
);

test('a run that varies is not ended for one that is late, and is not called silent while a node comes', () => {
  const plan = planSchedule('One', { jobs: one(300, 100, 0.5) });
  expect(plan.value('activeDeadlineSeconds.a')).toBe(300);
  expect(plan.value('alarmSilenceSeconds.a')).toBeGreaterThanOrEqual(900);
  expect(plan.remarks).toContain(MEETS);
});

test('what a queue starts late is over before the next run, by 99.9 % of the times and not by the mean', () => {
  for (const [scheduler, late, ends] of [
    ['eventbridge', 'maximumEventAgeSeconds.a', 'timeLimitSeconds.a'],
    ['google', 'startWithinSeconds.a', 'timeLimitSeconds.a'],
  ] as const) {
    const plan = planSchedule('One', { jobs: one(3600, 600, 0.5), scheduler });
    expect(plan.value(late) + plan.value(ends)).toBe(3600);
  }
});

function planned(jobs: ScheduledJob[], scheduler: SchedulerName): SchedulePlan | undefined {
  try {
    return planSchedule('One', { jobs, scheduler });
  } catch (error) {
    if (error instanceof CapacityError) return undefined;
    throw error;
  }
}

test('on every scheduler, late + run is at most the time to the next run, or the plan says for which job it is not', () => {
  const job = fc.record({
    periodSeconds: fc.constantFrom(...PERIOD_MINUTES).map((minutes) => minutes * 60),
    share: fc.double({ min: 0.001, max: 0.9, noNaN: true }),
    durationVariation: fc.constantFrom(0, 0.5, 2),
  });
  let kept = 0;
  const scheduler = fc.constantFrom('kubernetes' as const, 'eventbridge' as const, 'google' as const);
  fc.assert(
    fc.property(job, scheduler, ({ periodSeconds, share, durationVariation }, by) => {
      const plan = planned(one(periodSeconds, periodSeconds * share, durationVariation), by);
      // A run of which more than one in twenty would meet the next is refused.
      if (plan === undefined) return;
      kept += 1;
      const value = (...names: string[]) =>
        plan.knobs.find(({ name }) => names.includes(name.replace(/\.a$/, '')))?.value ?? Number.NaN;
      const late = value('startingDeadlineSeconds', 'maximumEventAgeSeconds', 'startWithinSeconds');
      const ends = value('activeDeadlineSeconds', 'timeLimitSeconds');
      expect(late + ends > periodSeconds).toBe(plan.remarks.includes(MEETS));
      if (by === 'kubernetes') expect(ends).toBeLessThanOrEqual(periodSeconds);
    }),
    { numRuns: runs },
  );
  expect(kept).toBeGreaterThan(runs / 4);
});

describe('when the controller comes back after an outage', () => {
  const remark = (more: object = {}) =>
    planSchedule('Chores', { ...CHORES, ...more }).remarks.find((text) => text.startsWith('when the controller'));

  test('the runs that may still begin would break the promise about the host: the plan says so, with a way out that holds', () => {
    expect(remark()).toMatch(/take 5\.8 cores, which breaks the promise; a queue of Kueue \(ownQueue\)/);
    const startWithinSeconds = Number(/startWithinSeconds of (\d+)$/.exec(remark()!)![1]);
    const within = (seconds: number) => remark({ objective: { ...CHORES.objective, startWithinSeconds: seconds } });
    expect(within(startWithinSeconds)).toBeUndefined();
    expect(within(startWithinSeconds + 60)).toBeDefined();
  });

  test('a queue holds them back, and without a promise none is broken', () => {
    expect(remark({ queued: true })).toBeUndefined();
    expect(remark({ objective: undefined })).toBeUndefined();
    expect(remark({ scheduler: 'eventbridge' })).toBeUndefined();
  });
});

// After 199 others, or 49, and as late in its minute as the scheduler may start it.
test.each([
  ['eventbridge', '12,000', '3,000'],
  ['google', '11,945', '2,945'],
] as const)('a burst on %s that cannot begin in time is refused: its runs wait', (scheduler, late, last) => {
  const jobs = Array.from({ length: 200 }, (_, index) => ({
    name: `report-${index}`,
    cron: '0 2 * * *',
    pinned: true,
    durationSeconds: 60,
    durationVariation: 0,
  }));
  expect(() => planSchedule('Reports', { jobs, scheduler, maxConcurrent: 1 })).toThrow(
    `would begin ${late} s late, and it may 3,600 s`,
  );
  expect(planSchedule('Reports', { jobs, scheduler, maxConcurrent: 4 }).remarks.join()).toContain(
    `the last begins ${last} s`,
  );
});
