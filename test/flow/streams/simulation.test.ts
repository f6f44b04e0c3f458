/** The simulation of a stream, and what of the plan it confirms. */
import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { solveStream } from '../../../lib/flow/streams/plan';
import { runStream } from '../../../lib/flow/streams/run';
import { type StreamRunOptions, simulateStream } from '../../../lib/flow/streams/simulation';
import type { StreamQuestion } from '../../../lib/flow/streams/workload';
import { optional, spread } from '../../support/property';

const one: StreamRunOptions = {
  steadyPerSecond: 150,
  peakPerSecond: 444,
  peakSeconds: 300,
  recordSeconds: 0.0045,
  recordVariation: 0,
  batchSeconds: 0,
  batchSize: 1,
  partitions: 1,
  instances: 1,
  keys: 30_000,
  seed: 1,
};

describe('consumers of partitions', () => {
  test('one is behind by 222 records a second', () => {
    const { peakLag, records, missing } = simulateStream(one);
    expect(Math.abs(peakLag / (300 * (444 - 1 / 0.0045)) - 1)).toBeLessThan(0.02);
    expect(Math.abs(records / (300 * 444) - 1)).toBeLessThan(0.01);
    expect(missing).toBe(0);
  });

  test('three on four partitions are no better than two, and three on six keep up', () => {
    const [two, three, even] = [
      { partitions: 4, instances: 2 },
      { partitions: 4, instances: 3 },
      { partitions: 6, instances: 3 },
    ].map((group) => simulateStream({ ...one, ...group }));
    expect(three.busiestShare).toBeCloseTo(two.busiestShare, 1);
    expect(three.peakLag).toBeGreaterThan(5 * even.peakLag);
    expect(even.peakLag).toBeLessThan(50);
  });

  test('batches of 32 at 4 ms a batch: one consumer keeps up', () => {
    const batches = { recordSeconds: 0.0005, batchSeconds: 0.004 };
    expect(simulateStream({ ...one, ...batches, batchSize: 32 }).peakLag).toBeLessThan(60);
    expect(simulateStream({ ...one, ...batches }).peakLag).toBeGreaterThan(50_000);
  });

  test('the most frequent key is one consumer’s, however many there are', () => {
    const { busiestShare } = simulateStream({ ...one, partitions: 12, instances: 12, hottestKeyRatio: 0.4 });
    expect(busiestShare).toBeGreaterThan(0.4);
  });

  test('one of three dies: its batch comes again, nothing is missing, and the lag is that of a session', () => {
    const at = (seconds: number) => {
      const killed = { seconds, sessionSeconds: 45, replacedSeconds: 75 };
      return simulateStream({ ...one, partitions: 6, instances: 3, batchSize: 10, killed, rebalanceSeconds: 3 });
    };
    const runs = [60, 61, 62, 63].map(at);
    const [run] = runs;
    expect(runs.map(({ missing }) => missing)).toEqual([0, 0, 0, 0]);
    // A consumer that was idle had nothing in work.
    expect(Math.max(...runs.map(({ repeated }) => repeated))).toBeGreaterThan(0);
    // A third of the records wait for the session to end.
    expect(run.peakLag).toBeGreaterThan((444 / 3) * 45);
    expect(run.drainSeconds).toBeLessThan(120);
  });

  test('a consumer more stops all of them for a moment', () => {
    const scaling = { maxInstances: 3, lagPerInstance: 500, pollSeconds: 15, startSeconds: 30 };
    const group = { ...one, partitions: 6, instances: 2, peakPerSecond: 600 };
    const [smooth, stopped] = [0, 10].map((rebalanceSeconds) =>
      simulateStream({ ...group, scaling, rebalanceSeconds }),
    );
    expect(smooth.peakInstances).toBe(3);
    expect(stopped.peakLag - smooth.peakLag).toBeGreaterThan(0.8 * 600 * 10);
  });

  test('the same seed gives the same run', () => {
    const [first, second] = [0, 1].map(() => simulateStream({ ...one, peakSeconds: 30 }));
    expect(second.peakLag).toBe(first.peakLag);
    expect(second.longestSeconds).toBe(first.longestSeconds);
  });
});

const questions: fc.Arbitrary<StreamQuestion> = fc
  .record({
    platform: fc.constantFrom('kafka-keda' as const, 'kinesis-lambda' as const, 'msk-fargate' as const),
    steadyPerSecond: spread(1e-3, 60),
    peakPerSecond: spread(60, 200),
    recordSeconds: spread(1e-3, 0.1),
    recordVariation: fc.constantFrom(0, 1, 3),
    batchSeconds: optional(spread(1e-3, 0.5)),
    keys: optional(spread(3, 100_000).map(Math.ceil)),
    hot: fc.constantFrom(0, 0, 0.1, 0.3),
    latencySeconds: spread(3, 200),
    lagSeconds: spread(2, 200),
    batchSize: fc.constantFrom(undefined, undefined, 10, 100),
    // Single peaks stray by some per cent of the P99 that is promised over many.
    headroom: fc.constantFrom(undefined, 1.15),
  })
  .map(({ platform, latencySeconds, lagSeconds, headroom, batchSize, hot, ...rest }) => ({
    platform,
    ...(batchSize !== undefined && { batchSize }),
    workload: {
      ...rest,
      peakSeconds: 180,
      ...(rest.keys !== undefined && hot > 1 / rest.keys && { hottestKeyRatio: hot }),
    },
    objective: {
      latencySeconds,
      maxLag: Math.max(100, rest.peakPerSecond * lagSeconds),
      ...(headroom !== undefined && { headroom }),
    },
  }));

const growing = questions.map((question) => ({
  ...question,
  platform: 'kafka-keda' as const,
  batchSize: undefined,
  workload: { ...question.workload, steadyPerSecond: Math.min(5, question.workload.steadyPerSecond) },
  objective: { ...question.objective, latencySeconds: 60 + question.objective.latencySeconds, maxLag: undefined },
}));

test.each([
  ['whatever the keys, the batch and the variation', questions, 0],
  ['also while the group grows', growing, 2],
] as const)(
  'what is feasible keeps its promise in the simulation, %s',
  (_, asked: fc.Arbitrary<StreamQuestion>, least) => {
    let [kept, scaled] = [0, 0];
    const broken: string[] = [];
    fc.assert(
      fc.property(asked, fc.integer({ min: 1, max: 1e6 }), (question, seed) => {
        let solved: ReturnType<typeof solveStream>;
        try {
          solved = solveStream('Stream', question);
        } catch (error) {
          if (error instanceof CapacityError || error instanceof InvalidInputError) return;
          throw error;
        }
        const run = runStream(question, solved.sizing, seed);
        kept += 1;
        if (solved.plan.predictions.reactionSeconds > 0) scaled += 1;
        expect(run.missing).toBe(0);
        expect(run.records).toBeGreaterThan(140 * question.workload.peakPerSecond!);
        if (
          run.latency.quantile(0.99) > question.objective.latencySeconds ||
          run.peakLag > (question.objective.maxLag ?? Number.POSITIVE_INFINITY)
        ) {
          broken.push(
            JSON.stringify({ question, seed, ...solved.sizing, p99: run.latency.quantile(0.99), lag: run.peakLag }),
          );
        }
      }),
      { numRuns: process.env.LONG ? 1000 : 25 },
    );
    expect(broken).toEqual([]);
    expect(kept).toBeGreaterThan(10);
    expect(scaled).toBeGreaterThanOrEqual(least);
  },
);

test('what had not come before the peak comes at its rate, however rare records are outside it', () => {
  const { records } = simulateStream({ ...one, steadyPerSecond: 1e-6, peakPerSecond: 100, peakSeconds: 240 });
  expect(Math.abs(records / 24_000 - 1)).toBeLessThan(0.03);
});
