import fc from 'fast-check';
import { heldFor } from '../../../lib/flow/ci/load';
import { planCi } from '../../../lib/flow/ci/plan';
import { type CiRunners, runCi } from '../../../lib/flow/ci/simulation';
import type { CiQuestion } from '../../../lib/flow/ci/workload';
import { CapacityError } from '../../../lib/flow/errors';
import { runs, spread } from '../../support/property';

const pool: CiRunners = {
  phases: [
    { seconds: 36_000, pushesPerHour: 100, counted: false },
    { seconds: 720_000, pushesPerHour: 100, counted: true },
  ],
  runSeconds: 480,
  runVariation: 0.5,
  jobsPerRun: 1,
  repushRatio: 0.5,
  repushSeconds: 600,
  skippableRatio: 0,
  cancelOutdated: true,
  filterPaths: true,
  runners: 100,
  startSeconds: 0,
};

test('the same seed gives the same run', () => {
  const [a, b] = [runCi(pool, 7), runCi(pool, 7)];
  expect(a.waits.quantile(0.95)).toBe(b.waits.quantile(0.95));
  expect(a.busyRatio).toBe(b.busyRatio);
});

test('with runners enough, runs hold them as long as the formula says', () => {
  const held = (runCi(pool, 1).busyRatio * 100 * 3600) / 100;
  expect(held / heldFor(0, 480, 0.5, 0.5, 600).mean).toBeCloseTo(1, 1);
});

test('a newer push ends the older run, and without merging none ends', () => {
  // 1 − E[e^(−T ÷ g)] of half of the runs.
  expect(runCi(pool, 1).cancelledRatio).toBeCloseTo(0.26, 1);
  expect(runCi({ ...pool, cancelOutdated: false }, 1).cancelledRatio).toBe(0);
});

test('a run that is cancelled while it waits takes no runner: a full pool recovers faster than the formula says', () => {
  const full = { ...pool, runners: 11 };
  const waits = [true, false].map((cancelOutdated) => runCi({ ...full, cancelOutdated }, 1).waits.quantile(0.95));
  expect(waits[0]).toBeLessThan(waits[1] / 5);
});

test('a push that is skipped starts no run', () => {
  const jobs = (skippableRatio: number, filterPaths: boolean) =>
    runCi({ ...pool, skippableRatio, filterPaths }, 1).jobs;
  expect(jobs(0.15, true) / jobs(0, true)).toBeCloseTo(0.85, 1);
  expect(jobs(0.15, false) / jobs(0, true)).toBeCloseTo(1, 1);
});

test('no remedy is enough alone for 131 pushes an hour: merging, filters and runners together keep 3 minutes', () => {
  const storm: CiRunners = {
    ...pool,
    phases: [
      { seconds: 7200, pushesPerHour: 0.4 * 131, counted: false },
      { seconds: 3600, pushesPerHour: 131, counted: true },
    ],
    skippableRatio: 0.15,
    runners: 12,
  };
  const minutes = (changed: Partial<CiRunners>) => {
    const hours = Array.from({ length: 200 }, (_, seed) => runCi({ ...storm, ...changed }, seed));
    return hours.reduce((sum, { waits }) => sum + waits.quantile(0.95), 0) / hours.length / 60;
  };
  const [none, more] = [
    { cancelOutdated: false, filterPaths: false },
    { runners: 22, startSeconds: 60 },
  ];
  expect(minutes(none)).toBeCloseTo(25.5, 0);
  expect(minutes({ filterPaths: false })).toBeCloseTo(7.6, 0);
  expect(minutes({})).toBeCloseTo(4.3, 0);
  expect(minutes({ ...none, ...more })).toBeCloseTo(3.2, 0);
  expect(minutes({ ...none, ...more })).toBeGreaterThan(3);
  expect(minutes(more)).toBeLessThan(1.5);
});

const questions = fc.record({
  pushesPerHourPeak: spread(10, 400),
  runSeconds: spread(60, 1200),
  runVariation: fc.double({ min: 0, max: 1.2, noNaN: true }),
  jobsPerRun: fc.integer({ min: 1, max: 6 }),
  repushRatio: fc.double({ min: 0, max: 1, noNaN: true }),
  repushSeconds: spread(120, 3600),
  waitSeconds: spread(90, 900),
});

test('a plan keeps its promise in the simulation', () => {
  fc.assert(
    fc.property(questions, fc.integer({ min: 1, max: 1000 }), ({ waitSeconds, ...workload }, seed) => {
      const question: CiQuestion = { workload, objective: { waitSeconds }, platform: 'arc' };
      try {
        const runners = planCi('Runners', question).value('maxRunners');
        const pushesPerHour = workload.pushesPerHourPeak;
        // As many jobs as a quantile needs, however rare they are.
        const seconds = (10_000 / pushesPerHour) * 3600;
        const run = runCi(
          {
            ...workload,
            phases: [
              { seconds: seconds / 20, pushesPerHour, counted: false },
              { seconds, pushesPerHour, counted: true },
            ],
            skippableRatio: 0,
            cancelOutdated: true,
            filterPaths: true,
            runners,
            startSeconds: 60,
          },
          seed,
        );
        // A run of so many jobs strays by half a percent.
        expect(run.waits.shareAbove(waitSeconds)).toBeLessThanOrEqual(0.055);
      } catch (error) {
        if (!(error instanceof CapacityError)) throw error;
      }
    }),
    // Shrinking would simulate thousands of them.
    { numRuns: Math.ceil(runs / 4), endOnFailure: true },
  );
});
