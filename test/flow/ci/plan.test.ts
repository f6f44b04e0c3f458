import fc from 'fast-check';
import { heldFor, loadOf } from '../../../lib/flow/ci/load';
import { planCi } from '../../../lib/flow/ci/plan';
import { reserveFor, waitOf } from '../../../lib/flow/ci/sizing';
import type { CiObjective, CiQuestion, CiWorkload } from '../../../lib/flow/ci/workload';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { optional, runs, spread } from '../../support/property';

/** 133 pushes an hour of 480 s; half of them replace one of ten minutes ago, and 15 % change only texts. */
const busy: CiQuestion = {
  workload: {
    pushesPerHourPeak: 133,
    runSeconds: 480,
    runVariation: 0.5,
    repushRatio: 0.5,
    repushSeconds: 600,
    skippableRatio: 0.15,
  },
  objective: { waitSeconds: 180 },
  platform: 'arc',
};
const asked = (changed: Partial<CiQuestion> = {}) => planCi('Runners', { ...busy, ...changed });
const withWork = (changed: Partial<CiWorkload>) => ({ workload: { ...busy.workload, ...changed } });

function refusal(make: () => unknown): CapacityError {
  try {
    make();
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('known answers', () => {
  // (1 − 0.5) × 480 + 0.5 × 600 × (1 − e^(−0.8))
  test('half of the runs of 480 s are replaced after 600 s: each holds its runner for 405 s, 395 when runs vary by half', () => {
    expect(heldFor(0, 480, 0, 0.5, 600).mean).toBeCloseTo(405.2, 1);
    expect(heldFor(0, 480, 0.5, 0.5, 600).mean).toBeCloseTo(395.3, 1);
  });

  test('133 pushes an hour of which 15 % are skipped keep 12.7 runners busy, without their starts', () => {
    const { jobsPerSecond, heldSeconds } = loadOf({ ...busy, runnerStartSeconds: 0, ...withWork({ runVariation: 0 }) });
    expect(jobsPerSecond * heldSeconds).toBeCloseTo(12.72, 2);
  });

  // Exact Erlang C by hand: C(16, 12.2) = 0.187 and θ = 3.8 ÷ 480.
  test('at 12.2 busy runners of exponential runs 15 wait 301 s at P95, and 16 wait 167 s', () => {
    const plain: CiQuestion = {
      workload: { pushesPerHourPeak: (12.2 / 480) * 3600, runSeconds: 480 },
      objective: { waitSeconds: 180 },
      platform: 'arc',
      runnerStartSeconds: 0,
    };
    const [fifteen, sixteen] = [15, 16].map((runners) => waitOf(plain, runners));
    // Allen–Cunneen: runs that vary by half wait 5 ÷ 8 as long.
    expect(fifteen).toBeGreaterThan(sixteen);
    const half = { ...plain, workload: { ...plain.workload, runVariation: 0.5 } };
    expect(waitOf(half, 16)).toBeCloseTo(sixteen * (1.25 / 2), 6);
    expect(waitOf(half, 15)).toBeCloseTo(209, -1);
    expect(waitOf(half, 16)).toBeCloseTo(120, -1);
  });

  test('1.8 runs come while one runner starts, more than 4 in less than 5 % of the cases', () => {
    const question = { ...busy, ...withWork({ pushesPerHourPeak: 108, skippableRatio: 0 }) };
    expect(reserveFor(question)).toBe(4);
    expect(reserveFor({ ...question, ...withWork({ pushesPerHourPeak: 108, skippableRatio: 0, jobsPerRun: 3 }) })).toBe(
      12,
    );
    expect(reserveFor({ ...question, runnerStartSeconds: 0 })).toBe(0);
  });

  test('one run of a thousand takes 1,567 s: it ends after 40 minutes instead of 360', () => {
    expect(asked().value('timeoutMinutes')).toBe(40);
    expect(asked().knob('timeoutMinutes').inputs.longestSeconds).toBeCloseTo(1567, 0);
  });

  test('a run that may be longer than its time-out is told', () => {
    expect(asked(withWork({ runSeconds: 3600, runVariation: 0.1 })).remarks.join()).not.toContain('a job is ended');
    const plan = asked({ ...withWork({ runSeconds: 7200, runVariation: 1 }), objective: { waitSeconds: 3600 } });
    expect(plan.value('timeoutMinutes')).toBe(360);
    expect(plan.remarks.join()).toContain(
      'One run of a thousand takes 828.9 minutes or more, and a job is ended after 360',
    );
  });

  test('in CodeBuild the alarm compares what is queued, and the start is not', () => {
    const plan = asked({ platform: 'codebuild', quota: 60, runnerStartSeconds: 50 });
    expect(plan.value('alarmWaitSeconds')).toBe(130);
  });

  test('a build waits for four times the promise in CodeBuild, and the project has no limit of its own', () => {
    const plan = asked({ platform: 'codebuild', quota: 60 });
    expect(plan.value('queuedTimeoutMinutes')).toBe(12);
    // CodeBuild refuses what is above a limit of the project; only above the account's quota builds queue.
    expect(plan.knobs.map(({ name }) => name)).not.toContain('concurrentBuildLimit');
    expect(plan.knobs.map(({ name }) => name)).not.toContain('minRunners');
  });

  test('merging and path filters save a third of the runners', () => {
    const { maxRunners, without } = {
      maxRunners: asked().value('maxRunners'),
      without: asked().predictions.runnersWithoutMerging,
    };
    expect(asked({ cancelOutdated: false, filterPaths: false }).value('maxRunners')).toBe(without);
    expect(maxRunners / without).toBeLessThan(0.75);
  });

  // 20 merges an hour, 10 % of which fail, 540 s each and all alike: ρ = 0.3, and ρ + ρ² ÷ 2(1 − ρ) failures are ahead.
  test('a failure in the merge queue starts those behind it again', () => {
    const merges = { runVariation: 0, mergesPerHourPeak: 20, mergeFailureRatio: 0.1 };
    expect(asked(withWork(merges)).predictions.runsPerMerge).toBeCloseTo(2 + 0.3 + 0.09 / 1.4, 6);
    // Runs that vary by half: the one that is tested has more left.
    expect(asked(withWork({ ...merges, runVariation: 1 })).predictions.runsPerMerge).toBeGreaterThan(2.37);
  });

  test('with a merge queue a merge is tested twice, in the queue and on main; without one once', () => {
    const merges = (mergeQueue: boolean) =>
      loadOf({ ...busy, ...withWork({ skippableRatio: 0, mergesPerHourPeak: 20, mergeQueue }) }).jobsPerSecond * 3600;
    expect(merges(false)).toBeCloseTo(133 + 20, 9);
    expect(merges(true)).toBeCloseTo(133 + 2 * 20, 9);
    const runsPerMerge = (mergeQueue: boolean) =>
      asked(withWork({ mergesPerHourPeak: 20, mergeQueue })).predictions.runsPerMerge;
    expect([false, true].map(runsPerMerge)).toEqual([1, 2]);
  });

  test('the reserve follows from the numbers that stand beside it', () => {
    const rates = { mergesPerHourPeak: 20, mergeQueue: true, deploysPerHourPeak: 5, deploySeconds: 120, jobsPerRun: 2 };
    const { value, inputs } = asked(withWork(rates)).knob('minRunners');
    const { runsPerSecond, startSeconds, waitQuantile, jobsPerRun } = inputs;
    // Pushes that are not skipped, both runs of a merge, and deployments.
    expect(runsPerSecond * 3600).toBeCloseTo(133 * 0.85 + 2 * 20 + 5, 9);
    let [most, term] = [0, Math.exp(-runsPerSecond * startSeconds)];
    for (let known = term; known < waitQuantile; known += term) {
      most += 1;
      term *= (runsPerSecond * startSeconds) / most;
    }
    expect(value).toBe(most * jobsPerRun);
  });

  test('runs of main are never cancelled: a merge costs more than a push', () => {
    const busyBy = (changed: Partial<CiWorkload>) => asked(withWork(changed)).predictions.busyRunners;
    const push = busyBy({ pushesPerHourPeak: 143, skippableRatio: 0 }) - busyBy({ skippableRatio: 0 });
    const merge = busyBy({ mergesPerHourPeak: 10, skippableRatio: 0 }) - busyBy({ skippableRatio: 0 });
    expect(merge / push).toBeGreaterThan(1.1);
  });

  test('a matrix of four jobs takes four runners at once, and waits longer than four runs', () => {
    const four = withWork({ pushesPerHourPeak: 133 / 4, jobsPerRun: 4 });
    expect(asked(four).predictions.busyRunners).toBeCloseTo(asked().predictions.busyRunners, 9);
    expect(asked(four).value('maxRunners')).toBeGreaterThan(asked().value('maxRunners'));
  });

  test('an hour at the peak costs its busy runners', () => {
    const { costPerPeakHour, busyRunners } = asked({ runnerHourCost: 0.6 }).predictions;
    expect(costPerPeakHour).toBeCloseTo(0.6 * busyRunners, 9);
    expect(asked().predictions.costPerPeakHour).toBeUndefined();
  });
});

describe('what is refused', () => {
  test('a start that is longer than the promise, with ways out that were each tried', () => {
    const { message } = refusal(() => asked({ objective: { waitSeconds: 45 } }));
    expect(message).toMatch(/^Runners: a runner takes 60 s to start, and 95 % are promised to begin within 45 s;/);
    expect(message).toMatch(/waitSeconds of 6\d(\.\d+)?, or runnerStartSeconds of \d+/);
  });

  test('a quota that is smaller than the pool', () => {
    const { reason, waysOut } = refusal(() => asked({ platform: 'codebuild', quota: 1 }));
    const needed = asked().value('maxRunners');
    expect(reason).toBe(`${needed} runners are needed, and the account may run 1 such builds at once`);
    expect(waysOut[0]).toBe(`a quota of ${needed}, which AWS raises on request`);
  });

  test('runners that are too few: merging first, then more of them', () => {
    const { reason, waysOut } = refusal(() => asked({ maxRunners: 16, cancelOutdated: false }));
    expect(reason).toMatch(/^with 16 runners jobs wait .*, and 95 % are promised to begin within 180 s|3 min/);
    expect(waysOut).toContain('leave maxRunners out');
  });

  test('deployments that come faster than they end', () => {
    const { reason, waysOut } = refusal(() => asked(withWork({ deploysPerHourPeak: 10, deploySeconds: 600 })));
    expect(reason).toBe(
      'deployments of 10 min follow one another, and 10 an hour at 1.25 × the load come faster than they end',
    );
    expect(waysOut.join()).toMatch(/deploysPerHourPeak of [34]\.\d+/);
  });

  test('merges that fail faster than the queue can start again, with ways out', () => {
    const { reason, waysOut } = refusal(() => asked(withWork({ mergesPerHourPeak: 40, mergeFailureRatio: 0.2 })));
    expect(reason).toBe(
      '20 % of 40 merges an hour at 1.25 × the load fail in the merge queue, each starts those behind it again, and the next fails before they end',
    );
    expect(waysOut.join()).toMatch(/mergesPerHourPeak of \d+.*mergeFailureRatio of 0\.1/);
  });

  test('a failure ratio without a merge queue', () => {
    expect(() => asked(withWork({ mergesPerHourPeak: 10, mergeFailureRatio: 0.1, mergeQueue: false }))).toThrow(
      'mergeFailureRatio must be 0 without a merge queue, got 0.1',
    );
  });

  test('all wrong numbers in one error', () => {
    const make = () =>
      planCi('Runners', {
        workload: { pushesPerHourPeak: 0, runSeconds: 480, repushRatio: 0.5, jobsPerRun: 1.5 },
        objective: { waitSeconds: 180, waitQuantile: 1 },
        platform: 'codebuild',
        minRunners: 1,
      });
    expect(make).toThrow(InvalidInputError);
    for (const part of [
      'pushesPerHourPeak must be above 0, at most 1000000, got 0',
      'repushSeconds is missing',
      'jobsPerRun must be a whole number, between 1 and 256, got 1.5',
      'waitQuantile must be at least 0.5 and below 1, got 1',
      'minRunners must not be given on codebuild',
      'quota is missing',
    ])
      expect(make).toThrow(part);
  });
});

const workloads = fc.record({
  pushesPerHourPeak: spread(1, 2000),
  runSeconds: spread(10, 7200),
  runVariation: optional(fc.double({ min: 0, max: 3, noNaN: true })),
  jobsPerRun: optional(fc.integer({ min: 1, max: 20 })),
  repushRatio: fc.double({ min: 0, max: 1, noNaN: true }),
  repushSeconds: spread(60, 7200),
  skippableRatio: optional(fc.double({ min: 0, max: 0.9, noNaN: true })),
  mergesPerHourPeak: optional(spread(1, 100)),
  mergeQueue: optional(fc.boolean()),
  deploysPerHourPeak: optional(spread(1, 10)),
  deploySeconds: spread(10, 300),
});
const objectives: fc.Arbitrary<CiObjective> = fc.record({ waitSeconds: spread(61, 3600) });

/** The plan, or undefined where the promise cannot be kept. */
function feasible(question: CiQuestion) {
  try {
    return planCi('Runners', question);
  } catch (error) {
    if (error instanceof CapacityError) return undefined;
    throw error;
  }
}

describe('over random workloads', () => {
  test('more pushes never need fewer runners, and a longer wait never more', () => {
    fc.assert(
      fc.property(workloads, objectives, fc.double({ min: 1, max: 3, noNaN: true }), (workload, objective, more) => {
        const question: CiQuestion = { workload, objective, platform: 'arc' };
        const plan = feasible(question);
        const raised = { ...workload, pushesPerHourPeak: workload.pushesPerHourPeak * more };
        const larger = feasible({ ...question, workload: raised });
        const patient = feasible({ ...question, objective: { waitSeconds: objective.waitSeconds * more } });
        if (plan === undefined) return expect(larger).toBeUndefined();
        if (larger) expect(larger.value('maxRunners')).toBeGreaterThanOrEqual(plan.value('maxRunners'));
        return expect(patient!.value('maxRunners')).toBeLessThanOrEqual(plan.value('maxRunners'));
      }),
      { numRuns: runs },
    );
  });

  test('the promise holds at the load, and breaks above it, at the head-room at the earliest', () => {
    fc.assert(
      fc.property(workloads, objectives, (workload, objective) => {
        const plan = feasible({ workload, objective, platform: 'arc' });
        if (plan === undefined) return;
        expect(plan.predictions.waitSeconds).toBeLessThanOrEqual(objective.waitSeconds);
        expect(plan.predictions.breaksAtLoad).toBeGreaterThan(1.24);
      }),
      { numRuns: runs },
    );
  });

  test('each way out of a refusal keeps the promise', () => {
    fc.assert(
      fc.property(workloads, fc.integer({ min: 1, max: 30 }), spread(30, 600), (workload, maxRunners, waitSeconds) => {
        const question: CiQuestion = { workload, objective: { waitSeconds }, platform: 'arc', maxRunners };
        if (feasible(question) !== undefined) return;
        for (const way of refusal(() => planCi('Runners', question)).waysOut) {
          const [, name, value] = /^(\w+) of ([\d.e+]+)$/.exec(way) ?? [];
          if (name === undefined) continue;
          const changed = { [name]: Number(value) };
          const isWork = name in { ...workload, jobsPerRun: 1 };
          const solved: CiQuestion = {
            ...question,
            ...(name === 'runnerStartSeconds' ? changed : {}),
            ...(isWork ? { workload: { ...workload, ...changed } } : {}),
            ...(name === 'waitSeconds' ? { objective: { waitSeconds: Number(value) } } : {}),
          };
          expect({ way, kept: feasible(solved) !== undefined }).toEqual({ way, kept: true });
        }
      }),
      { numRuns: runs },
    );
  });
});
