/** Readers event by event against what the plan predicts. */
import fc from 'fast-check';
import { CapacityError } from '../../../lib/flow/errors';
import { batchLimit, meanCycle } from '../../../lib/flow/merging/cycles';
import { loadOf } from '../../../lib/flow/merging/load';
import { keyGroups } from '../../../lib/flow/merging/occupancy';
import { planCoalescing, ratioWithReaders } from '../../../lib/flow/merging/plan';
import {
  eventStream,
  type Readers,
  ratioOfSharing,
  runMerging,
  runOneByOne,
} from '../../../lib/flow/merging/simulation';
import { TRANSPORTS } from '../../../lib/flow/merging/transports';
import type { MergingPlan, MergingQuestion } from '../../../lib/flow/merging/workload';
import { Random } from '../../../lib/flow/numerics/random';
import { runs, spread } from '../../support/property';

const workload = { steadyPerSecond: 10, peakPerSecond: 1667, peakSeconds: 120, distinctKeys: 1000, keySeconds: 0.0018 };
const storm: MergingQuestion = { workload, objective: { freshnessSeconds: 120 }, transport: 'redis-stream' };
const readers: Readers = {
  count: 1,
  byKey: true,
  windowSeconds: 1.8,
  fixedSeconds: 0,
  keySeconds: 0.0018,
  workers: 1,
  keysPerCall: 100,
  maxBatch: Number.POSITIVE_INFINITY,
};
const stream = (keys: number, skew = 0, seconds = 60, perSecond = 1667) =>
  eventStream({ perSecond, seconds, groups: keyGroups(keys, skew) }, new Random(7));
const off = (measured: number, predicted: number) => Math.abs(measured / predicted - 1);

test('without merging, the last of a million events waits for twenty minutes', () => {
  const { worstDelaySeconds } = runOneByOne(stream(1000, 0, 600), 0.0018);
  expect(worstDelaySeconds).toBeCloseTo((1667 - 1 / 0.0018) * 600 * 0.0018, 0);
  expect(worstDelaySeconds).toBeGreaterThan(1200);
});

test.each([
  // Window, keys, skew, readers that share the keys. Ten minutes: the first cycles are shorter than those that follow.
  [1.8, 1000, 0, 1],
  [3.6, 1000, 0, 1],
  [5, 1000, 0, 1],
  [5, 10_000, 1, 1],
  [3.6, 1000, 0, 4],
  [5, 1000, 0, 17],
])('a window of %d s, %d keys, skew %d, %d readers: the ratio within 3 %%', (windowSeconds, keys, skew, count) => {
  const question = { ...storm, workload: { ...workload, distinctKeys: keys, keySkew: skew } };
  const predicted = ratioWithReaders(
    { ...question, transport: 'kinesis' },
    { windowSeconds, shards: 1, workers: 1 },
    count,
  );
  const run = runMerging(stream(keys, skew, 600), { ...readers, windowSeconds, count, byKey: false }, new Random(1));
  expect(off(run.mergeRatio, predicted)).toBeLessThan(0.03);
  expect(run.acknowledged).toBe(run.events);
});

test.each([
  [3.6, 1],
  [1.8, 2],
  [3.6, 2],
  [3.6, 4],
  [5, 5],
])('readers that take all that waits, a window of %d s, %d of them: the ratio within 5 %%', (windowSeconds, count) => {
  const predicted = ratioWithReaders(storm, { windowSeconds, shards: 1, workers: 1 }, count);
  const sharing = { count, windowSeconds, keySeconds: 0.0018, fromSeconds: 30 };
  const ratios = [1, 2, 3, 4].map((seed) => ratioOfSharing(stream(1000, 0, 200), sharing, new Random(seed)));
  const mean = ratios.reduce((sum, one) => sum + one, 0) / ratios.length;
  expect(off(mean, predicted)).toBeLessThan(0.05);
});

test('the worst delay is a cycle and its work, and no event waits longer', () => {
  const cycle = meanCycle(loadOf(storm), { windowSeconds: 1.8, shards: 1, workers: 1 });
  const { worstDelaySeconds, meanCycleSeconds } = runMerging(stream(1000, 0, 200), readers, new Random(1));
  expect(off(worstDelaySeconds, cycle.worstDelaySeconds)).toBeLessThan(0.01);
  expect(off(meanCycleSeconds, cycle.seconds)).toBeLessThan(0.02);
});

test('a reader that is killed in the middle of a flush works on its keys again, and loses nothing', () => {
  const kill = { afterSeconds: 20, restartSeconds: 10 };
  const whole = runMerging(stream(1000), readers, new Random(1));
  const killed = runMerging(stream(1000), readers, new Random(1), kill);
  expect(killed.acknowledged).toBe(killed.events);
  expect(killed.stale).toBe(0);
  // What came while it was away is merged all the better.
  expect(killed.worstDelaySeconds).toBeGreaterThan(10);
  expect(killed.worstDelaySeconds).toBeLessThan(10 + 2 * whole.worstDelaySeconds);
});

test('a reader that takes along what has come has no cycle of its own for it', () => {
  const kill = { afterSeconds: 20, restartSeconds: 10 };
  // The last events come while it is away.
  const events = stream(1000, 0, 25);
  const alone = runMerging(events, readers, new Random(1), kill);
  const along = runMerging(events, { ...readers, takesAlong: true }, new Random(1), kill);
  expect([along.acknowledged, along.stale]).toEqual([along.events, 0]);
  expect(along.flushes).toBe(alone.flushes - 1);
  expect(along.keysWorked).toBeLessThan(alone.keysWorked);
});

test('a batch that is too small for a cycle un-merges', () => {
  const whole = runMerging(stream(1000), readers, new Random(1));
  const cut = runMerging(stream(1000), { ...readers, maxBatch: 500 }, new Random(1));
  expect(cut.mergeRatio).toBeLessThan(whole.mergeRatio / 2);
});

function planned(question: MergingQuestion): MergingPlan | undefined {
  try {
    return planCoalescing('Merge', question);
  } catch (error) {
    if (error instanceof CapacityError) return undefined;
    throw error;
  }
}

test('any plan keeps its freshness, its ratio within 10 %, and leaves no key stale', () => {
  const questions = fc.record({
    workload: fc.record({
      steadyPerSecond: fc.constant(1),
      peakPerSecond: spread(200, 3000),
      peakSeconds: fc.constant(60),
      distinctKeys: spread(10, 20_000).map(Math.ceil),
      keySkew: fc.constantFrom(0, 0.8, 1.2),
      keySeconds: spread(1e-4, 1),
      flushSeconds: fc.constantFrom(0, 0.2, 1),
      callSeconds: fc.constantFrom(0, 0.05, 0.5),
    }),
    objective: fc.record({ freshnessSeconds: spread(2, 60) }),
    transport: fc.constantFrom('kinesis' as const, 'redis-stream' as const),
  });
  let plans = 0;
  fc.assert(
    fc.property(questions, fc.integer({ min: 1, max: 1e6 }), (question, seed) => {
      const plan = planned(question);
      if (plan === undefined) return;
      plans += 1;
      const { peakPerSecond, distinctKeys, keySkew, keySeconds, flushSeconds, callSeconds } = question.workload;
      const { cycleSeconds, mergeRatio, worstDelaySeconds } = plan.predictions;
      const run = runMerging(
        // As long as twelve cycles, so that the first and the last count for little.
        eventStream(
          { perSecond: peakPerSecond, seconds: 12 * cycleSeconds, groups: keyGroups(distinctKeys, keySkew) },
          new Random(seed),
        ),
        {
          count: plan.value('readers'),
          byKey: true,
          windowSeconds: plan.value('windowSeconds'),
          fixedSeconds: flushSeconds,
          keySeconds,
          callSeconds,
          workers: plan.value('workers'),
          keysPerCall: plan.value('keysPerCall'),
          pollSeconds: TRANSPORTS[question.transport].pollSeconds,
          maxBatch: batchLimit(loadOf(question), plan.value('maxBatch')),
        },
        new Random(seed + 1),
      );
      expect(run.stale).toBe(0);
      expect(run.acknowledged).toBe(run.events);
      expect(run.worstDelaySeconds).toBeLessThan(question.objective.freshnessSeconds * 1.001);
      expect(off(run.mergeRatio, mergeRatio)).toBeLessThan(0.1);
      expect(run.worstDelaySeconds).toBeLessThan(worstDelaySeconds * 1.05);
    }),
    { numRuns: runs / 2 },
  );
  expect(plans).toBeGreaterThan(runs / 10);
});
