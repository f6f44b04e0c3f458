import { caseOf } from '../../lib/cases/catalogue';
import { runScenario, type ScenarioResult } from '../../lib/cases/run-scenario';
import type { Numbers } from '../../lib/cases/scenario';
import { KINDS } from '../../lib/cases/scenarios/kinds';

const known = new Map<number, readonly ScenarioResult[]>();
/** Three seeds of a case, each run once for the whole file. */
const results = (number: number): readonly ScenarioResult[] => {
  const runs = known.get(number) ?? [1, 2, 3].map((seed) => runScenario(caseOf(number), seed));
  known.set(number, runs);
  return runs;
};

/** Case, number, tolerance as a share of the prediction, and why it is no smaller; the mean of three seeds. */
const ROWS: readonly [number, keyof Numbers, number, string][] = [
  [1, 'outageDrainSeconds', 0.05, 'the longest wait of a chunk is predicted, and few wait so long'],
  [2, 'peakBacklog', 0.05, 'a seed strays by 5 %'],
  [2, 'latencyP99Seconds', 0.05, 'a seed strays by 4 %'],
  [2, 'setAside', 0.05, '200 of them: a seed strays by 6 %'],
  [3, 'newestRecordSeconds', 0.001, 'nothing is random but the moment of the kill'],
  [3, 'oldestRecordSeconds', 0.001, 'noon is flat for the length of a batch'],
  [4, 'cpuRatio', 0.01, 'a seed strays by 0.5 %'],
  [4, 'latencyP95Seconds', 0.05, 'a seed strays by 3 %'],
  [5, 'latencyP99Seconds', 0.05, 'the keys of three consumers are not dealt out evenly, and a seed strays by 2 %'],
  [7, 'failedRatio', 0.001, 'the dead addresses are of the list, and nothing is refused'],
  [7, 'drainSeconds', 0.001, 'nothing is random but the slot'],
  [9, 'worstDelaySeconds', 0.05, 'the fullest of three shards is three standard deviations above the mean'],
  [9, 'mergeRatio', 0.01, 'the first cycles are shorter than those that follow'],
  [10, 'latencyP99Seconds', 0.05, 'a seed strays by 3 %'],
  [11, 'monthlyCost', 0.1, 'the plan knows only the mean size of an object'],
  [12, 'latencyP99Seconds', 0.02, 'a seed strays by 1 %'],
  [13, 'waitP95Seconds', 0.12, 'hours with more pushes wait, and none waits less than a start'],
  [15, 'latencyP99Seconds', 0.05, 'an instance dies, which the plan leaves out'],
  [16, 'collectionBytes', 0.001, 'hundreds of millions of documents'],
  [16, 'settledSeconds', 0.001, 'deletion lags behind the noon'],
  [17, 'longestRunSeconds', 0.03, 'the fullest of 112 intervals has two standard deviations more'],
  [17, 'runsPerWeek', 0.001, 'counted'],
  [17, 'smallFiles', 0.03, 'the same'],
  [17, 'writeAmplification', 0.01, 'what comes in the last interval is rewritten later'],
  [17, 'weeklyWorkSeconds', 0.005, 'weeks of files'],
  [18, 'leastServedRatio', 0.001, 'nothing is left to chance'],
  [19, 'activeSeries', 0.02, 'pods are replaced at random: a seed strays by 0.5 %'],
  [20, 'othersOnTimeRatio', 0.001, 'they borrow too, which the plan leaves out'],
  [20, 'floodOnTimeRatio', 0.05, 'evicted jobs are run twice, which the plan leaves out'],
];
/** Case, number that is predicted for the worst case, which no single run is, and the least share of it in any run. */
const BOUNDS: readonly [number, keyof Numbers, number][] = [
  [1, 'diskRatio', 0.75],
  // The prediction has room for each file to end just behind a step.
  [1, 'taskDiskRatio', 0.97],
  // The driver is killed in the middle of a batch, the prediction is for the end of one.
  [3, 'oldestAfterOutageSeconds', 0.85],
  [3, 'catchUpSeconds', 0.75],
  // The load is that of the plan, and the bound is for a quarter more.
  [8, 'lagSeconds', 0.7],
  [8, 'bulkDelaySeconds', 0.4],
  // The lines of three consumers are not at their longest at the same time.
  [5, 'peakBacklog', 0.5],
];

describe('what is predicted is what is measured', () => {
  test.each(ROWS)('case %d: %s, within %d of it (%s)', (number, by, tolerance) => {
    const runs = results(number);
    const measured = runs.reduce((sum, { after }) => sum + after.measured[by]!, 0) / runs.length;
    expect(Math.abs(measured / runs[0].after.predicted[by]! - 1)).toBeLessThan(tolerance);
  });

  test.each(BOUNDS)('case %d: %s, never above it and never below %d of it', (number, by, share) => {
    for (const { measured, predicted } of results(number).map(({ after }) => after)) {
      expect(measured[by]).toBeLessThan(predicted[by]!);
      expect(measured[by]).toBeGreaterThan(share * predicted[by]!);
    }
  });

  test('every kind of scenario has a row', () => {
    const held = [...ROWS, ...BOUNDS].map(([number]) => caseOf(number).scenario?.kind);
    const missing = (Object.keys(KINDS) as (keyof typeof KINDS)[]).filter((kind) => !held.includes(kind));
    expect(missing.map((kind) => `test/cases/agreement.test.ts: no row for a scenario of the kind ${kind}`)).toEqual(
      [],
    );
  });
});
