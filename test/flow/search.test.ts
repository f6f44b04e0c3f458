import fc from 'fast-check';
import { bisect, firstIndex, largestBelow, lastWhole, smallestAbove } from '../../lib/flow/search';

describe('a search over whole numbers', () => {
  test('finds the first index that holds, wherever it is', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), (a, b) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        expect(firstIndex(last, (index) => index >= first)).toBe(first);
      }),
    );
  });

  test('ends with the last index when none holds', () => {
    expect(firstIndex(1000, () => false)).toBe(1000);
    expect(firstIndex(0, () => false)).toBe(0);
  });

  test('asks twice as often as the logarithm at most', () => {
    let asked = 0;
    const holds = (index: number) => {
      asked += 1;
      return index >= 700_000;
    };
    firstIndex(1_000_000, holds);
    expect(asked).toBeLessThanOrEqual(42);
  });

  test('goes upwards and downwards', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (change) => {
        expect(lastWhole(0, 10_001, (value) => value < change)).toBe(change - 1);
        expect(lastWhole(10_001, 0, (value) => value >= change)).toBe(change);
      }),
    );
  });

  test('ends where whole numbers are more than one apart', () => {
    expect(lastWhole(2 ** 60, 0, (value) => value > 2 ** 59)).toBeGreaterThan(2 ** 59);
  });
});

describe('a search over reals', () => {
  test('ends with both ends as close as asked, the change between them', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (change) => {
        const { holding, failing } = bisect(
          { holding: 0, failing: 2e3 },
          { steps: 100, relative: 1e-6 },
          (value) => value <= change,
        );
        expect(holding).toBeLessThanOrEqual(change);
        expect(failing).toBeGreaterThan(change);
        expect(failing - holding).toBeLessThanOrEqual(1e-6 * failing);
      }),
    );
  });

  test('ends after the steps allowed', () => {
    expect(bisect({ holding: 0, failing: 8 }, { steps: 3 }, (value) => value < 3)).toEqual({ holding: 2, failing: 3 });
  });

  test.each([
    { name: 'largestBelow', search: largestBelow, change: 37, holds: (value: number) => value <= 37 },
    { name: 'smallestAbove', search: smallestAbove, change: 3700, holds: (value: number) => value >= 3700 },
  ])('$name comes within a hundredth of the change, on the side that holds', ({ search, change, holds }) => {
    const found = search(1000, holds) ?? Number.NaN;
    expect(holds(found)).toBe(true);
    expect(Math.abs(found / change - 1)).toBeLessThan(0.01);
  });

  test('gives up where nothing holds within a factor of a billion', () => {
    expect(largestBelow(1, () => false)).toBeUndefined();
    expect(smallestAbove(1, () => false)).toBeUndefined();
  });
});
