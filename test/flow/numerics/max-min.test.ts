import fc from 'fast-check';
import { InvalidInputError } from '../../../lib/flow/errors';
import { weightedMaxMin } from '../../../lib/flow/numerics/max-min';
import { runs, zeroOr } from '../../support/property';

describe('known answers', () => {
  const many = (value: number) => Array<number>(99).fill(value);

  test.each<[string, number, number[], number[], number[]]>([
    ['Bertsekas and Gallager: 2, 2.6, 4 and 5 ask for 10', 10, [2, 2.6, 4, 5], [1, 1, 1, 1], [2, 2.6, 2.7, 2.7]],
    ['Keshav: weights 2.5, 4, 0.5 and 1 of 16', 16, [4, 2, 10, 4], [2.5, 4, 0.5, 1], [4, 2, 6, 4]],
    ['enough for everybody', 10, [1, 2, 3], [1, 5, 1], [1, 2, 3]],
    ['by weight, when everybody wants all', 12, [100, 100, 100], [1, 2, 3], [2, 4, 6]],
    ['who wants as much as there is takes what is left', 10, [3, Number.POSITIVE_INFINITY], [1, 1], [3, 7]],
    // Taking 3.3 from the sum ninety-nine times leaves the last weight seven billionths too large, and its share too small.
    ['the last takes all that is left', 1e7, [...many(1), 1e9], [...many(3.3), 1e-6], [...many(1), 1e7 - 99]],
    ['nothing to share', 0, [1, 2], [1, 1], [0, 0]],
    ['nobody', 5, [], [], []],
  ])('%s', (_, capacity, demands, weights, shares) => {
    const got = weightedMaxMin(capacity, demands, weights);
    expect(got).toHaveLength(shares.length);
    for (const [index, share] of shares.entries()) expect(got[index]).toBeCloseTo(share, 12);
  });
});

const parties = fc.array(
  fc.record({
    demand: zeroOr(0.001, 1e6),
    weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
  }),
  { minLength: 1, maxLength: 20 },
);
const capacities = zeroOr(0.001, 1e7);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const split = (all: readonly { demand: number; weight: number }[]) =>
  [all.map((one) => one.demand), all.map((one) => one.weight)] as const;

function holds(
  name: string,
  claim: (capacity: number, demands: number[], weights: number[], shares: number[]) => void,
) {
  test(name, () => {
    fc.assert(
      fc.property(capacities, parties, (capacity, all) => {
        const [demands, weights] = split(all);
        claim(capacity, demands, weights, weightedMaxMin(capacity, demands, weights));
      }),
      { numRuns: runs },
    );
  });
}

holds('nobody gets more than it asks for, and all together no more than there is', (capacity, demands, _, shares) => {
  for (const [index, share] of shares.entries()) expect(share).toBeLessThanOrEqual(demands[index]);
  expect(sum(shares)).toBeLessThanOrEqual(capacity * (1 + 1e-12) + 1e-9);
});

holds('nothing is left over while somebody wants more', (capacity, demands, _, shares) => {
  expect(sum(shares)).toBeCloseTo(Math.min(capacity, sum(demands)), 5);
});

holds('whoever is not content has the largest share for its weight: max-min', (_, demands, weights, shares) => {
  const levels = shares.map((share, index) => share / weights[index]);
  for (const [index, share] of shares.entries()) {
    if (share < demands[index] * (1 - 1e-9)) {
      expect(levels[index]).toBeGreaterThanOrEqual(Math.max(...levels) * (1 - 1e-9) - 1e-9);
    }
  }
});

test('more weight never means less, and takes from nobody who was content', () => {
  fc.assert(
    fc.property(capacities, parties, fc.double({ min: 1, max: 50, noNaN: true }), (capacity, all, factor) => {
      const [demands, weights] = split(all);
      const before = weightedMaxMin(capacity, demands, weights);
      const after = weightedMaxMin(capacity, demands, [weights[0] * factor, ...weights.slice(1)]);
      // What is left for the last comes of subtractions, so rounding goes with the capacity and not with the share.
      const rounding = capacity * 1e-12;
      expect(after[0]).toBeGreaterThanOrEqual(before[0] * (1 - 1e-9) - rounding);
      for (const [index, share] of after.entries()) {
        if (index > 0) expect(share).toBeLessThanOrEqual(before[index] * (1 + 1e-9) + rounding);
      }
    }),
  );
});

test('names everything that is out of range', () => {
  expect(() => weightedMaxMin(-1, [1, Number.NaN], [0])).toThrow(InvalidInputError);
  expect(() => weightedMaxMin(-1, [1, Number.NaN], [0])).toThrow(
    /capacity must be at least 0, got -1; weights must be one for each demand, got 1 for 2; demands must be at least 0, got NaN; weights must be above 0, got 0/,
  );
});
