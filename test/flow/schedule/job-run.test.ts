/** Plans judged by their runs, event by event: starts and times are drawn, and what waits or is skipped is counted. */
import fc from 'fast-check';
import { CHORES } from '../../../lib/cases/case-04-cron-stampede';
import { CapacityError } from '../../../lib/flow/errors';
import { Random } from '../../../lib/flow/numerics/random';
import { placesOf, runJobs, shareAbove } from '../../../lib/flow/schedule/job-run';
import { planSchedule } from '../../../lib/flow/schedule/plan';
import type { SchedulerName } from '../../../lib/flow/schedule/schedulers';
import type { ScheduledJob, ScheduleQuestion } from '../../../lib/flow/schedule/workload';
import { runs } from '../../support/property';

const SCHEDULERS: SchedulerName[] = ['kubernetes', 'eventbridge', 'google'];

const constant = (count: number, durationSeconds: number): ScheduledJob[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `job-${index}`,
    periodSeconds: 3600,
    durationSeconds,
    durationVariation: 0,
  }));

const most = (perSecond: Float64Array) => perSecond.reduce((sofar, one) => Math.max(sofar, one), 0);

// Runs that begin at the second 0 of their minute would be 17 and 4 at once.
test.each(SCHEDULERS)(
  'on %s, runs of constant time are never more at once than planned, whenever they begin',
  (scheduler) => {
    for (const jobs of [constant(1000, 60), constant(36, 300)]) {
      const question = { jobs, scheduler };
      const plan = planSchedule('Nightly', question);
      const run = runJobs(question, placesOf(question, plan), 1, new Random(7));
      expect(most(run.runs)).toBeLessThanOrEqual(plan.predictions.fullestRuns);
      expect(run.skipped).toBe(0);
      expect(run.begun).toBe(24 * jobs.length);
    }
  },
);

test.each(SCHEDULERS)('on %s, case 4 with runs of 1.25 × the time is still within its bound', (scheduler) => {
  const question: ScheduleQuestion = { ...CHORES, scheduler };
  const plan = planSchedule('Chores', question);
  const slower = { ...question, jobs: CHORES.jobs.map((job) => ({ ...job, durationSeconds: 375 })) };
  const run = runJobs(slower, placesOf(slower, plan), 1, new Random(7));
  expect(most(run.runs)).toBeLessThanOrEqual(plan.value('maxConcurrent'));
  expect(most(run.cores) / 16 + 0.45).toBeLessThan(0.6);
});

test('on average as many run as the plan says', () => {
  const question = { jobs: constant(36, 300).map((job) => ({ ...job, durationVariation: 1 })) };
  const plan = planSchedule('Nightly', question);
  const { runs: perSecond } = runJobs(question, placesOf(question, plan), 7, new Random(7));
  const mean = perSecond.reduce((sum, one) => sum + one, 0) / perSecond.length;
  expect(Math.abs(mean / plan.predictions.meanRuns - 1)).toBeLessThan(0.03);
});

test('a run waits for the one before with Forbid, and is skipped when it would begin too late', () => {
  const jobs = [{ name: 'long', periodSeconds: 3600, durationSeconds: 1800, durationVariation: 0 }];
  const plan = planSchedule('Long', { jobs });
  const longer = { jobs: [{ ...jobs[0], durationSeconds: 4000 }] };
  const run = runJobs(longer, placesOf(longer, plan), 1, new Random(7));
  expect(most(run.runs)).toBe(1);
  expect(run.skipped).toBeGreaterThan(0);
  expect(run.begun + run.skipped).toBe(24);
});

test('a queue holds back what is above its bound', () => {
  const pinned = Array.from({ length: 20 }, (_, index) => ({
    name: `job-${index}`,
    cron: '0 * * * *',
    pinned: true,
    durationSeconds: 120,
    durationVariation: 0,
  }));
  const question: ScheduleQuestion = { jobs: pinned, scheduler: 'eventbridge', maxConcurrent: 5 };
  const run = runJobs(question, placesOf(question, planSchedule('Burst', question)), 1, new Random(7));
  expect(most(run.runs)).toBe(5);
  expect(run.skipped).toBe(0);
});

test('jobs with dates run on their days: the second of January has none', () => {
  const question = {
    jobs: [{ name: 'monthly', cron: '0 5 1 * *', durationSeconds: 600, durationVariation: 0 }],
  };
  const plan = planSchedule('Monthly', question);
  expect([0, 1, 30, 31].map((day) => runJobs(question, placesOf(question, plan), 1, new Random(7), day).begun)).toEqual(
    [1, 0, 0, 1],
  );
});

const anyJobs = fc
  .array(
    fc.record({
      periodSeconds: fc.constantFrom(300, 900, 1800, 3600, 7200, 21_600, 86_400),
      share: fc.double({ min: 0.001, max: 0.3, noNaN: true }),
      durationVariation: fc.double({ min: 0, max: 3, noNaN: true }),
      pinned: fc.boolean(),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((list) =>
    list.map(({ periodSeconds, share, durationVariation, pinned }, index) => ({
      name: `job-${index}`,
      ...(pinned && periodSeconds === 86_400 ? { cron: '0 2 * * *', pinned } : { periodSeconds }),
      durationSeconds: share * periodSeconds,
      durationVariation,
      cpu: 0.5,
    })),
  );

test('a plan that is made keeps its promise in 95 % of the seconds of its fullest minutes, whatever the variation', () => {
  fc.assert(
    fc.property(
      anyJobs,
      fc.constantFrom(...SCHEDULERS),
      fc.double({ min: 0.2, max: 0.95, noNaN: true }),
      fc.integer(),
      (jobs, scheduler, cpuRatio, seed) => {
        const host = { cores: 16, onlineUtilisation: 0.1 };
        const question: ScheduleQuestion = { jobs, scheduler, host, objective: { cpuRatio } };
        let plan: ReturnType<typeof planSchedule>;
        try {
          plan = planSchedule('Random', question);
        } catch (error) {
          expect(error).toBeInstanceOf(CapacityError);
          return;
        }
        const run = runJobs(question, placesOf(question, plan), 3, new Random(seed));
        expect(shareAbove(run.runs, run.fullest, plan.predictions.fullestRuns)).toBeLessThan(0.05);
        expect(shareAbove(run.cores, run.fullest, (cpuRatio - 0.1) * 16)).toBeLessThan(0.05);
        expect(run.skipped / (run.begun + run.skipped)).toBeLessThan(0.05);
      },
    ),
    { numRuns: Math.min(runs, 25) },
  );
});
