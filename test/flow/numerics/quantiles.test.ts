import fc from 'fast-check';
import { Quantiles } from '../../../lib/flow/numerics/quantiles';

test('every quantile is within 0.5 % of the value at its rank, from microseconds to days', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 400 }),
      fc.double({ min: 0.001, max: 1, noNaN: true }),
      (values, q) => {
        const quantiles = new Quantiles();
        for (const value of values) quantiles.record(value);
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(q * values.length)) - 1];
        expect(Math.abs(quantiles.quantile(q) / exact - 1)).toBeLessThanOrEqual(0.005);
      },
    ),
    { numRuns: 300 },
  );
});

test('merged histograms are the histogram of all', () => {
  const [odd, even, all] = [new Quantiles(), new Quantiles(), new Quantiles()];
  for (let i = 1; i <= 1000; i += 1) {
    (i % 2 === 1 ? odd : even).record(i / 7);
    all.record(i / 7);
  }
  odd.merge(even);
  for (const q of [0.01, 0.5, 0.99, 1]) expect(odd.quantile(q)).toBe(all.quantile(q));
  expect([odd.count, odd.mean]).toEqual([1000, expect.closeTo(all.mean, 9)]);
});

test('zero, nothing at all, and what is out of range', () => {
  const quantiles = new Quantiles();
  expect([quantiles.quantile(0.5), quantiles.mean]).toEqual([0, 0]);
  quantiles.record(0);
  expect(quantiles.quantile(0.99)).toBe(0);
  quantiles.record(1e300);
  expect(quantiles.quantile(1)).toBeGreaterThan(1e12);
});
