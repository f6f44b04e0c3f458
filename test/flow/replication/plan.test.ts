import fc from 'fast-check';
import { CapacityError } from '../../../lib/flow/errors';
import { nextState } from '../../../lib/flow/replication/control';
import { factsOf, REMOVED_PARAMETERS } from '../../../lib/flow/replication/parameters';
import { planReplication } from '../../../lib/flow/replication/plan';
import { runReplica } from '../../../lib/flow/replication/simulation';
import { appliedBy, brokenBy, sizesOf } from '../../../lib/flow/replication/sizing';
import { ReplicaEngine, type ReplicationPlan, type ReplicationQuestion } from '../../../lib/flow/replication/workload';
import { optional, runs, spread } from '../../support/property';

/** 2,400 commits/s for ten minutes onto a replica that applies 2,000. */
const sheet: ReplicationQuestion = {
  workload: {
    steadyCommitsPerSecond: 1000,
    peakCommitsPerSecond: 2400,
    peakSeconds: 600,
    applySeconds: 0.0005,
    parallelShare: 0,
    bulkShare: 0.5,
  },
  objective: { lagSeconds: 10 },
  engine: ReplicaEngine.MYSQL_8_4,
  cpu: 8,
  headroom: 1,
};
const asked = (changed: Partial<ReplicationQuestion> = {}) => planReplication('Lag', { ...sheet, ...changed });
const loaded = (workload: Partial<ReplicationQuestion['workload']>, changed: Partial<ReplicationQuestion> = {}) =>
  asked({ ...changed, workload: { ...sheet.workload, ...workload } });

function refusal(make: () => unknown): CapacityError {
  try {
    make();
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The peak of a question under its own plan. */
function run(question: ReplicationQuestion, plan: ReplicationPlan, phaseSeconds = 0) {
  const { throttle, heartbeatSeconds, tickSeconds, writerPollSeconds } = sizesOf(question);
  const { steadyCommitsPerSecond, peakCommitsPerSecond, peakSeconds, bulkShare } = question.workload;
  const peak = {
    steadyPerSecond: steadyCommitsPerSecond,
    peakPerSecond: peakCommitsPerSecond,
    peakSeconds,
    bulkShare,
    appliedPerSecond: plan.predictions.appliedPerSecond,
  };
  const gate = {
    settings: throttle,
    heartbeatSeconds,
    tickSeconds,
    followSeconds: writerPollSeconds + 0.5,
    next: nextState,
  };
  return runReplica(peak, gate, 2 * plan.predictions.bulkDelaySeconds + 600, phaseSeconds);
}

describe('known answers', () => {
  test('the fewest workers that apply 2,400 ÷ 0.85: two where 80 % runs side by side', () => {
    expect(loaded({ parallelShare: 0.8 }).value('workers')).toBe(2);
    expect(appliedBy(2, 0.0005, 0.8)).toBeCloseTo(3333, 0);
    expect(loaded({ parallelShare: 0.8 }).predictions.isThrottled).toBe(false);
  });

  test('with 30 % not even 16 workers apply 2,824: they are bounded by 2 × processors', () => {
    expect(appliedBy(64, 0.0005, 0.3)).toBeCloseTo(2838, 0);
    expect(appliedBy(16, 0.0005, 0.3)).toBeCloseTo(2783, 0);
    // Fewer give 95 % of it, and the throttle does the rest.
    expect(loaded({ parallelShare: 0.3 }).value('workers')).toBe(6);
  });

  test('without anything the replica is 120 s behind, when the last commit of the peak is applied', () => {
    expect(asked().predictions.unthrottledLagSeconds).toBeCloseTo(120, 2);
    const peak = {
      steadyPerSecond: 1000,
      peakPerSecond: 2400,
      peakSeconds: 600,
      bulkShare: 0.5,
      appliedPerSecond: 2000,
    };
    expect(runReplica(peak, undefined, 600).lagSeconds).toBeCloseTo(120, 0);
  });

  test.each([
    [1.2, 7.83],
    [1.5, 5.67],
    [2, 3.5],
  ])('a rate of %f × what is applied is cut at (10 − 3 × (k − 1)) ÷ k = %f s', (over, target) => {
    expect(loaded({ peakCommitsPerSecond: 2000 * over, bulkShare: 0.9 }).value('targetLagSeconds')).toBeCloseTo(
      target,
      2,
    );
  });

  test('at four times a target of 0.25 s is less than the signal can tell', () => {
    const { message } = refusal(() => loaded({ peakCommitsPerSecond: 8000, bulkShare: 0.9 }));
    expect(message).toMatch(/^Lag: the rate would have to be cut at a lag of 250 ms, and 3 s is the least/);
  });

  test('delay, cut, hold and growth of the sheet', () => {
    const plan = asked();
    expect(plan.value('signalDelaySeconds')).toBe(3);
    expect(plan.value('decreaseRatio')).toBeCloseTo(0.79, 2);
    expect(plan.value('holdSeconds')).toBeCloseTo(13.83, 2);
    expect(plan.value('increasePerSecond')).toBe(80);
    expect(plan.value('floorPerSecond')).toBe(1200);
    expect(plan.value('alarmLagSeconds')).toBeCloseTo(8.92, 2);
  });

  test('a quarter more than the peak is planned for unless the question says otherwise', () => {
    const plan = asked({ headroom: undefined });
    expect(plan.value('targetLagSeconds')).toBeCloseTo(5.67, 2);
    expect(plan.predictions.breaksAtLoad).toBeGreaterThan(1.24);
    expect(plan.predictions.breaksAtLoad).toBeLessThan(1.27);
  });
});

describe('names of a version', () => {
  test('8.0 is told to track write sets, 8.4 no longer has the names, and MariaDB has its own', () => {
    const of = (engine: ReplicaEngine) => {
      const { sourceParameters, replicaParameters } = asked({ engine });
      return { ...sourceParameters, ...replicaParameters };
    };
    expect(of(ReplicaEngine.MYSQL_8_0)).toEqual({
      binlog_format: 'ROW',
      binlog_row_image: 'MINIMAL',
      binlog_transaction_dependency_tracking: 'WRITESET',
      transaction_write_set_extraction: 'XXHASH64',
      replica_parallel_type: 'LOGICAL_CLOCK',
      replica_parallel_workers: '1',
      replica_preserve_commit_order: 'ON',
    });
    expect(of(ReplicaEngine.MYSQL_8_4)).toEqual({
      binlog_format: 'ROW',
      binlog_row_image: 'MINIMAL',
      replica_parallel_workers: '1',
      replica_preserve_commit_order: 'ON',
    });
    expect(of(ReplicaEngine.MARIADB_10_11)).toMatchObject({
      slave_parallel_threads: '1',
      slave_parallel_mode: 'optimistic',
    });
  });

  test.each(Object.values(ReplicaEngine))('%s gets no parameter that it no longer has', (engine) => {
    const { source, replica, workers } = factsOf(engine);
    const names = [...Object.keys(source), ...Object.keys(replica), workers];
    for (const removed of REMOVED_PARAMETERS[engine] ?? []) expect(names).not.toContain(removed);
  });

  test('a relaxed replica writes its logs once a second, and its source does not', () => {
    const plan = asked({ relaxedDurability: true });
    expect(plan.replicaParameters).toMatchObject({ sync_binlog: '0', innodb_flush_log_at_trx_commit: '2' });
    expect(plan.sourceParameters).not.toHaveProperty('sync_binlog');
    expect(plan.remarks.join()).toContain(
      'with one, the default since MySQL 8.0 and on RDS with backups, it has to be made anew',
    );
    expect(asked().remarks.join()).not.toContain('relaxedDurability');
  });

  test('how long writers are slowed down is an alarm of its own, whatever fires for a lag that is unknown', () => {
    expect(asked().value('alarmThrottled')).toBe(0);
  });
});

describe('refused, with ways out that were tried', () => {
  test.each([
    ['slowing bulk writes down is not enough', { bulkShare: 0.1 }],
    ['come outside of peaks', { steadyCommitsPerSecond: 1800 }],
    ['the largest transaction alone', { largestTransactionSeconds: 12 }],
  ])('%s', (reason, workload) => {
    const error = refusal(() => loaded(workload));
    expect(error.message).toContain(reason);
    expect(error.waysOut.length).toBeGreaterThan(0);
  });

  test('a promise to bulk writers that the replica cannot keep', () => {
    const error = refusal(() => asked({ objective: { lagSeconds: 10, bulkDelaySeconds: 60 } }));
    expect(error.message).toMatch(/bulk writes would wait \d/);
    expect(error.waysOut.join()).toMatch(/2 shards.*bulkDelaySeconds of/);
  });

  test('a signal of two minutes, as CloudWatch gives it, cannot hold ten seconds', () => {
    expect(refusal(() => asked({ tickSeconds: 60, writerPollSeconds: 60 })).message).toContain('cut at a lag of 0 s');
  });
});

/** Questions of any size, feasible or not. */
const questions: fc.Arbitrary<ReplicationQuestion> = fc
  .record({
    apply: spread(1e-4, 0.1),
    over: fc.double({ min: 0.5, max: 2, noNaN: true }),
    steady: fc.double({ min: 0.05, max: 0.7, noNaN: true }),
    peakSeconds: spread(10, 3600),
    parallelShare: optional(fc.double({ min: 0, max: 0.3, noNaN: true })),
    bulkShare: fc.oneof(fc.double({ min: 0.01, max: 1, noNaN: true }), fc.double({ min: 0.6, max: 1, noNaN: true })),
    lagSeconds: spread(6, 120),
    largest: optional(spread(0.1, 5)),
    cpu: fc.constantFrom(1, 2, 8),
  })
  .map(({ apply, over, steady, peakSeconds, parallelShare, bulkShare, lagSeconds, largest, cpu }) => ({
    workload: {
      steadyCommitsPerSecond: Math.min(over, steady) / apply,
      peakCommitsPerSecond: over / apply,
      peakSeconds,
      applySeconds: apply,
      parallelShare,
      bulkShare,
      largestTransactionSeconds: largest,
    },
    objective: { lagSeconds },
    engine: ReplicaEngine.MYSQL_8_4,
    cpu,
  }));

describe('over random workloads', () => {
  test('a feasible plan keeps lag and delay in the simulation, whatever the phase of the ticks', () => {
    let throttled = 0;
    fc.assert(
      fc.property(questions, fc.double({ min: 0, max: 0.99, noNaN: true }), (question, phase) => {
        if (brokenBy(question, sizesOf(question)) !== undefined) return;
        const plan = planReplication('Lag', question);
        const { lagSeconds, bulkDelaySeconds, isThrottled } = plan.predictions;
        const seen = run(question, plan, phase);
        expect(seen.lagSeconds).toBeLessThanOrEqual(lagSeconds + 0.05);
        expect(lagSeconds).toBeLessThanOrEqual(question.objective.lagSeconds * (1 + 1e-9));
        if (!isThrottled) return;
        throttled += 1;
        expect(seen.bulkDelaySeconds).toBeLessThanOrEqual(1.1 * bulkDelaySeconds);
        expect(seen.lastRatePerSecond).toBe(plan.value('mostPerSecond'));
      }),
      { numRuns: runs },
    );
    expect(throttled).toBeGreaterThan(runs / 50);
  });

  test('what is refused has ways out, and each of them fits', () => {
    fc.assert(
      fc.property(questions, (question) => {
        if (brokenBy(question, sizesOf(question)) === undefined) return;
        for (const way of refusal(() => planReplication('Lag', question)).waysOut) {
          const changed = applied(question, way);
          if (changed !== undefined) expect(brokenBy(changed, sizesOf(changed))).toBeUndefined();
        }
      }),
      { numRuns: runs },
    );
  });

  test('more load never needs fewer workers, nor lets the rate be cut later', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const { workload } = question;
        const more = {
          ...question,
          workload: { ...workload, peakCommitsPerSecond: 1.2 * workload.peakCommitsPerSecond },
        };
        expect(sizesOf(more).workers).toBeGreaterThanOrEqual(sizesOf(question).workers);
        if (sizesOf(more).workers === sizesOf(question).workers)
          expect(sizesOf(more).targetLagSeconds).toBeLessThanOrEqual(sizesOf(question).targetLagSeconds);
      }),
      { numRuns: runs },
    );
  });
});

/** A question with a way out applied; undefined for one in words. */
function applied(question: ReplicationQuestion, way: string): ReplicationQuestion | undefined {
  const { workload, objective } = question;
  const [, name, value] = /^(\w+) of ([\d.e+-]+)$/.exec(way) ?? [];
  if (name === 'lagSeconds' || name === 'bulkDelaySeconds')
    return { ...question, objective: { ...objective, [name]: Number(value) } };
  if (name === 'replicas') return { ...question, cpu: Number(value) };
  const shards = /^(\d+) shards/.exec(way);
  if (shards) {
    const share = Number(shards[1]);
    const steadyCommitsPerSecond = workload.steadyCommitsPerSecond / share;
    const peakCommitsPerSecond = workload.peakCommitsPerSecond / share;
    return { ...question, workload: { ...workload, steadyCommitsPerSecond, peakCommitsPerSecond } };
  }
  const cpu = /^replicas of (\d+) processors/.exec(way);
  if (cpu) return { ...question, cpu: Number(cpu[1]), workers: undefined };
  return name === undefined ? undefined : { ...question, workload: { ...workload, [name]: Number(value) } };
}

test('a release below what a replica without lag shows is refused: the rate would never rise again', () => {
  const tight = { workload: { parallelShare: 0.1 }, objective: { lagSeconds: 5.8 } };
  const question = {
    ...sheet,
    headroom: 1.25,
    workload: { ...sheet.workload, ...tight.workload },
    objective: tight.objective,
  };
  expect(() => planReplication('Lag', question)).not.toThrow();
  expect(refusal(() => planReplication('Lag', { ...question, releaseRatio: 0.1 }))).toBeInstanceOf(CapacityError);
});

test('with little bulk the promise breaks where interactive writes alone are more than the replica applies', () => {
  const little = loaded({ parallelShare: 0.8, bulkShare: 0.05 }, { headroom: 1.25 });
  const { breaksAtLoad, appliedPerSecond } = little.predictions;
  expect(breaksAtLoad).toBeLessThan((1.05 * appliedPerSecond) / (0.95 * 2400));
});
