import fc from 'fast-check';
import { planCompaction } from '../../../lib/flow/compaction/plan';
import { type DayShape, simulateCompaction } from '../../../lib/flow/compaction/simulation';
import {
  CompactedTableKind,
  type CompactionPlan,
  type CompactionQuestion,
} from '../../../lib/flow/compaction/workload';
import { CapacityError } from '../../../lib/flow/errors';
import { optional, runs, spread } from '../../support/property';

const HOUR = 3600;
const question: CompactionQuestion = {
  workload: { filesPerDay: 40_000, fileBytes: 2e6, openPartitions: 4, bytesPerSecond: 35.4e6 },
  objective: { longestRunSeconds: 1800, smallFiles: 15_000 },
  table: CompactedTableKind.DELTA_RS,
};

function run(asked: CompactionQuestion, shape: DayShape = 'even', changed: object = {}) {
  const plan = planCompaction('Table', asked);
  const started = {
    intervalSeconds: plan.value('intervalSeconds'),
    startFiles: plan.value('startFiles'),
    minInputFiles: plan.value('minInputFiles'),
    runBudgetSeconds: plan.value('runBudgetSeconds'),
    ...changed,
  };
  return { plan, ...simulateCompaction(asked, started, { weeks: 2, shape, seed: 1 }) };
}

/** Tables of which one law or another decides. */
const TABLES: readonly [string, CompactionQuestion][] = [
  ['delta-rs, files of 128 MB', question],
  ['Spark, files of 512 MB', { ...question, table: CompactedTableKind.DELTA_SPARK, targetBytes: 512e6 }],
  [
    'delta-rs, files that several runs fill',
    { ...question, targetBytes: 8e9, objective: { ...question.objective, writeAmplification: 1.6 } },
  ],
  [
    'a partition an hour, closed before it is rewritten',
    { ...question, quietSeconds: 1200, workload: { ...question.workload, openPartitions: 1, partitionSeconds: HOUR } },
  ],
  [
    'two workers',
    {
      ...question,
      workers: 2,
      workload: { ...question.workload, filesPerDay: 80_000 },
      objective: { ...question.objective, smallFiles: 30_000 },
    },
  ],
];

describe('what is predicted is what is simulated', () => {
  test.each(TABLES)('%s', (_name, asked) => {
    const { plan, ...measured } = run(asked);
    const { predictions } = plan;
    expect(measured.runsPerWeek).toBeCloseTo(predictions.runsPerWeek, 6);
    // Poisson's noise: the largest of 56 intervals has 2.5 standard deviations more.
    expect(measured.longestRunSeconds / predictions.longestRunSeconds).toBeLessThan(1.04);
    expect(measured.longestRunSeconds / predictions.longestRunSeconds).toBeGreaterThan(0.9);
    expect(measured.weeklyWorkSeconds / predictions.weeklyWorkSeconds).toBeCloseTo(1, 1);
    expect(Math.abs(measured.writeAmplification / predictions.writeAmplification - 1)).toBeLessThan(0.05);
    expect(measured.mostSmallFiles).toBeLessThan(1.02 * predictions.mostSmallFiles);
    expect(measured.mostSmallFiles).toBeGreaterThan(0.9 * predictions.mostSmallFiles);
    expect(measured.mostSmallFiles).toBeLessThan(asked.objective.smallFiles);
    expect(measured.longestRunSeconds).toBeLessThan(asked.objective.longestRunSeconds);
  });
});

test('one clean-up a week takes 6 h', () => {
  const weekly = run(question, 'even', { intervalSeconds: 604_800, startFiles: 1, runBudgetSeconds: 1e9 });
  expect(weekly.runsPerWeek).toBe(1);
  expect(weekly.longestRunSeconds / 21_600).toBeCloseTo(1, 2);
  expect(weekly.mostSmallFiles).toBeGreaterThan(250_000);
});

test("with a day's sine the clock still starts 28 runs a week; a plan for the busiest hours keeps the small files too", () => {
  const sine = run(question, 'sine');
  expect(sine.runsPerWeek).toBe(28);
  expect(sine.mostSmallFiles).toBeGreaterThan(question.objective.smallFiles);
  // 1.9 times the mean in the six hours around noon.
  const { plan, ...told } = run({ ...question, workload: { ...question.workload, peakRatio: 2 } }, 'sine');
  expect(plan.value('intervalSeconds')).toBe(3 * HOUR);
  expect(told.mostSmallFiles).toBeLessThan(question.objective.smallFiles);
});

test('runs that have no time for what comes leave partitions behind, and small files pass the number of the alarm', () => {
  // Of 191 s a partition only three are begun: 573 s of work a run, of 765 that come.
  const short = run(question, 'even', { runBudgetSeconds: 500 });
  expect(short.longestRunSeconds).toBeLessThan(1800);
  expect(short.mostSmallFiles).toBeGreaterThan(short.plan.value('alarmSmallFiles'));
});

test('below its start a run does nothing: a quiet table is not rewritten again and again', () => {
  const quiet = { ...question, workload: { ...question.workload, filesPerDay: 400 } };
  const started = { intervalSeconds: HOUR, startFiles: 908, minInputFiles: 5, runBudgetSeconds: 1560 };
  const { runsPerWeek } = simulateCompaction(quiet, started, { weeks: 4, shape: 'even', seed: 1 });
  expect(runsPerWeek).toBeGreaterThan(2);
  expect(runsPerWeek).toBeLessThan(3.5);
  const seedless = simulateCompaction(
    quiet,
    { ...started, startFiles: 1, minInputFiles: 1 },
    { weeks: 4, shape: 'even', seed: 1 },
  );
  expect(seedless.runsPerWeek).toBe(168);
});

/** Questions over the orders of magnitude, partitions of any length among them. */
const anyQuestion = fc.record({
  workload: fc.record({
    filesPerDay: spread(100, 2e5),
    fileBytes: spread(1e4, 5e7),
    openPartitions: optional(fc.integer({ min: 1, max: 20 })),
    partitionSeconds: optional(fc.constantFrom(1, 3, 4, 5, 7, 10, 24, 72).map((hours) => hours * HOUR)),
    bytesPerSecond: spread(1e7, 1e9),
    fileSeconds: optional(spread(1e-3, 0.05)),
    runFixedSeconds: optional(fc.integer({ min: 0, max: 300 })),
  }),
  objective: fc.record({
    longestRunSeconds: spread(300, 20_000),
    smallFiles: spread(300, 1e6),
    writeAmplification: optional(spread(1.05, 3)),
    headroom: optional(fc.constantFrom(1, 1.25)),
  }),
  table: fc.constantFrom(CompactedTableKind.DELTA_RS, CompactedTableKind.DELTA_SPARK),
  workers: optional(fc.integer({ min: 1, max: 8 })),
  quietSeconds: optional(fc.constantFrom(0, 1200, 7200)),
}) as fc.Arbitrary<CompactionQuestion>;

test('over random questions: what is planned keeps its promises in the simulation', () => {
  let plans = 0;
  fc.assert(
    fc.property(anyQuestion, fc.integer({ min: 1, max: 1000 }), (asked, seed) => {
      let plan: CompactionPlan;
      try {
        plan = planCompaction('T', asked);
      } catch (error) {
        if (error instanceof CapacityError) return;
        throw error;
      }
      plans += 1;
      const started = {
        intervalSeconds: plan.value('intervalSeconds'),
        startFiles: plan.value('startFiles'),
        minInputFiles: plan.value('minInputFiles'),
        runBudgetSeconds: plan.value('runBudgetSeconds'),
      };
      const measured = simulateCompaction(asked, started, { weeks: 1, shape: 'even', seed });
      const { longestRunSeconds, smallFiles, writeAmplification = 1.2 } = asked.objective;
      expect(measured.longestRunSeconds).toBeLessThanOrEqual(longestRunSeconds);
      expect(measured.mostSmallFiles).toBeLessThanOrEqual(smallFiles);
      // A week ends within a partition: what is left of it is rewritten in the next one, what was left in this.
      expect(measured.writeAmplification).toBeLessThan(1.25 * writeAmplification);
      expect(measured.rewrittenBytesAtMost).toBeLessThanOrEqual(plan.value('alarmRewrittenBytes'));
    }),
    { numRuns: runs },
  );
  expect(plans).toBeGreaterThan(30);
});
