import { caseOf } from '../../lib/cases/catalogue';
import { runScenario } from '../../lib/cases/run-scenario';
import type { Numbers } from '../../lib/cases/scenario';

const results = (number: number) => [1, 2, 3].map((seed) => runScenario(caseOf(number), seed));

describe('what is predicted is what is measured', () => {
  test.each<[number, keyof Numbers, number, string]>([
    // number, tolerance as a share of the prediction, and why it is no smaller; the mean of three seeds
    [2, 'peakBacklog', 0.05, 'a seed strays by 5 %'],
    [2, 'latencyP99Seconds', 0.05, 'a seed strays by 4 %'],
    [2, 'setAside', 0.05, '200 of them: a seed strays by 6 %'],
    [16, 'collectionBytes', 0.001, 'hundreds of millions of documents'],
    [16, 'settledSeconds', 0.001, 'deletion lags behind the noon'],
    [18, 'leastServedRatio', 0.001, 'nothing is left to chance'],
    [20, 'othersOnTimeRatio', 0.001, 'they borrow too, which the plan leaves out'],
    [20, 'floodOnTimeRatio', 0.05, 'evicted jobs are run twice, which the plan leaves out'],
  ])('case %d: %s, within %d of it (%s)', (number, by, tolerance) => {
    const runs = results(number);
    const measured = runs.reduce((sum, { after }) => sum + after.measured[by]!, 0) / runs.length;
    expect(Math.abs(measured / runs[0].after.predicted[by]! - 1)).toBeLessThan(tolerance);
  });

  // A promise for the worst case, which no single run is.
  test('case 1: the disk is never fuller than predicted, nor much emptier', () => {
    for (const { measured, predicted } of results(1).map(({ after }) => after)) {
      expect(measured.diskRatio).toBeLessThan(predicted.diskRatio!);
      expect(measured.diskRatio).toBeGreaterThan(0.75 * predicted.diskRatio!);
    }
  });
});
