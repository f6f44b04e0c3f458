import fc from 'fast-check';
import { heldFor, loadOf } from '../../../lib/flow/ci/load';
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

describe('merges and deployments', () => {
  const [counted] = pool.phases.filter((phase) => phase.counted);
  const quiet = (
    changed: Partial<CiRunners>,
    rates: { mergesPerHour?: number; deploysPerHour?: number },
  ): CiRunners => ({
    ...pool,
    phases: [{ ...counted, ...rates, pushesPerHour: 0.001 }],
    ...changed,
  });
  const hours = counted.seconds / 3600;

  test('a merge starts one run, and with a merge queue two', () => {
    const jobs = (mergeQueue: boolean) => runCi(quiet({ mergeQueue }, { mergesPerHour: 20 }), 1).jobs / (20 * hours);
    expect(jobs(false)).toBeCloseTo(1, 1);
    expect(jobs(true)).toBeCloseTo(2, 1);
  });

  test('nothing cancels the run of a merge: it holds its runner to the end', () => {
    const { busyRatio } = runCi(quiet({ repushRatio: 1 }, { mergesPerHour: 20 }), 1);
    expect((busyRatio * 100 * 3600) / 20 / 480).toBeCloseTo(1, 1);
  });

  // The queue with one server: the formula of the plan.
  test.each([
    [10, 0.1, 0],
    [20, 0.1, 0],
    [20, 0.1, 1],
    [40, 0.1, 0.5],
    [10, 0.5, 0.5],
  ])(
    '%d merges an hour of which %d fail, with variation %d, start as often as the formula says',
    (merges, mergeFailureRatio, runVariation) => {
      const [phase] = quiet({}, { mergesPerHour: merges }).phases;
      // Failures come in bursts: as many hours as a mean of them needs.
      const phases = [{ ...phase, seconds: 20 * phase.seconds }];
      const queued = quiet({ phases, mergeQueue: true, mergeFailureRatio, runVariation }, {});
      const run = runCi(queued, 1);
      const workload = { pushesPerHourPeak: 0.001, runSeconds: 480, runVariation, mergeFailureRatio };
      const { runsPerMerge, jobsPerSecond, heldSeconds } = loadOf({
        workload: { ...workload, mergesPerHourPeak: merges },
        objective: { waitSeconds: 180 },
        platform: 'arc',
        runnerStartSeconds: 0,
      });
      expect(run.queueRunsPerMerge / (runsPerMerge - 1)).toBeGreaterThan(0.95);
      expect(run.queueRunsPerMerge / (runsPerMerge - 1)).toBeLessThan(1.05);
      // The run that a failure ends is counted to the rest of the failing one, though it may be done before.
      expect((run.busyRatio * 100) / (jobsPerSecond * heldSeconds)).toBeLessThan(1.02);
    },
  );

  test('deployments follow one another: one runner at most, however many come', () => {
    const deploying = quiet({ deploySeconds: 600, startSeconds: 60 }, { deploysPerHour: 20 });
    expect(runCi(deploying, 1).busyRatio * 100).toBeCloseTo(1, 2);
    const half = quiet({ deploySeconds: 120, startSeconds: 60 }, { deploysPerHour: 10 });
    expect(runCi(half, 1).busyRatio * 100).toBeCloseTo(0.5, 1);
  });
});

test('131 pushes, 12 merges and 12 deployments an hour: only merging, filters and runners together keep 3 minutes with head-room', () => {
  const phase = (share: number, seconds: number, counted: boolean) => ({
    seconds,
    pushesPerHour: share * 131,
    mergesPerHour: share * 12,
    deploysPerHour: share * 12,
    counted,
  });
  const storm = (times: number): CiRunners => ({
    ...pool,
    phases: [phase(0.4 * times, 7200, false), phase(times, 3600, true)],
    skippableRatio: 0.15,
    mergeQueue: true,
    deploySeconds: 120,
    runners: 14,
  });
  const minutes = (changed: Partial<CiRunners>, times = 1) => {
    const hours = Array.from({ length: 200 }, (_, seed) => runCi({ ...storm(times), ...changed }, seed));
    return hours.reduce((sum, { waits }) => sum + waits.quantile(0.95), 0) / hours.length / 60;
  };
  const [none, more] = [
    { cancelOutdated: false, filterPaths: false },
    { runners: 27, startSeconds: 60 },
  ];
  expect(minutes(none)).toBeCloseTo(25.1, 0);
  expect(minutes({ filterPaths: false })).toBeCloseTo(9.1, 0);
  expect(minutes({})).toBeCloseTo(6, 0);
  expect(minutes({ ...none, ...more })).toBeCloseTo(2.5, 0);
  expect(minutes({ ...none, ...more }, 1.25)).toBeGreaterThan(6);
  expect(minutes(more)).toBeLessThan(1.2);
  expect(minutes(more, 1.25)).toBeLessThan(2);
});

const questions = fc.record({
  pushesPerHourPeak: spread(10, 400),
  runSeconds: spread(60, 1200),
  runVariation: fc.double({ min: 0, max: 1.2, noNaN: true }),
  jobsPerRun: fc.integer({ min: 1, max: 6 }),
  repushRatio: fc.double({ min: 0, max: 1, noNaN: true }),
  repushSeconds: spread(120, 3600),
  waitSeconds: spread(90, 900),
  // As shares of the pushes: a merge ends several of them.
  mergedRatio: fc.double({ min: 0, max: 0.3, noNaN: true }),
  deployedRatio: fc.double({ min: 0, max: 0.1, noNaN: true }),
  mergeQueue: fc.boolean(),
  mergeFailureRatio: fc.double({ min: 0, max: 0.2, noNaN: true }),
  deploySeconds: spread(30, 600),
});

test('a plan keeps its promise in the simulation, with merges, a merge queue and deployments', () => {
  fc.assert(
    fc.property(questions, fc.integer({ min: 1, max: 1000 }), ({ waitSeconds, ...given }, seed) => {
      const { mergedRatio, deployedRatio, mergeFailureRatio: failing, ...workload } = given;
      const mergeFailureRatio = workload.mergeQueue ? failing : 0;
      const rates = {
        mergesPerHourPeak: mergedRatio * workload.pushesPerHourPeak,
        deploysPerHourPeak: deployedRatio * workload.pushesPerHourPeak,
      };
      const question: CiQuestion = {
        workload: { ...workload, ...rates, mergeFailureRatio },
        objective: { waitSeconds },
        platform: 'arc',
      };
      try {
        const runners = planCi('Runners', question).value('maxRunners');
        const pushesPerHour = workload.pushesPerHourPeak;
        const { mergesPerHourPeak: mergesPerHour, deploysPerHourPeak: deploysPerHour } = rates;
        // As many jobs as a quantile needs, however rare they are.
        const seconds = (10_000 / pushesPerHour) * 3600;
        const run = runCi(
          {
            ...workload,
            phases: [
              { seconds: seconds / 20, pushesPerHour, mergesPerHour, deploysPerHour, counted: false },
              { seconds, pushesPerHour, mergesPerHour, deploysPerHour, counted: true },
            ],
            mergeFailureRatio,
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
