import {
  gammaTail,
  logGamma,
  residualQuantile,
  residualShare,
  serviceQuantile,
  serviceTail,
  solveTail,
} from '../../../lib/flow/numerics/gamma';

describe('the gamma law', () => {
  test('Γ: 4! = 24, Γ(½) = √π', () => {
    expect(Math.exp(logGamma(5))).toBeCloseTo(24, 9);
    expect(Math.exp(logGamma(0.5))).toBeCloseTo(Math.sqrt(Math.PI), 12);
    expect(logGamma(0.25)).toBeCloseTo(1.2880225246980774, 12);
  });

  test.each([
    ['exponential', 1, 2, Math.exp(-2)],
    ['Erlang-3', 3, 4, Math.exp(-4) * (1 + 4 + 8)],
    ['chi-square, 1 degree, 5 %', 0.5, 3.841458820694124 / 2, 0.05],
    ['chi-square, 200 degrees, 1 %', 100, 249.4451 / 2, 0.01],
  ])('%s', (_, shape, x, tail) => expect(gammaTail(shape, x)).toBeCloseTo(tail, 6));

  test('variation 1 is the exponential, variation 0 the constant', () => {
    expect(serviceQuantile(0.99, 2, 1)).toBeCloseTo(2 * Math.log(100), 12);
    expect(serviceQuantile(0.99, 2, 0)).toBe(2);
    expect([serviceTail(1.99, 2, 0), serviceTail(2.01, 2, 0)]).toEqual([1, 0]);
  });

  test.each([0.05, 0.3, 0.8, 1, 1.5, 2])('the quantile is where the tail says, at variation %d', (variation) => {
    for (const q of [0.5, 0.99, 0.999]) {
      expect(serviceTail(serviceQuantile(q, 3, variation), 3, variation) / (1 - q)).toBeCloseTo(1, 1);
    }
  });

  test('what is left of a service: exponential forgets, constant runs down evenly', () => {
    expect(residualShare(1, 1, 1)).toBeCloseTo(1 - Math.exp(-1), 12);
    expect(residualShare(0.3, 1, 0)).toBeCloseTo(0.3, 12);
    // Mean (1 + cv²) ÷ 2, by the sum over its tail.
    for (const variation of [0, 0.5, 1, 1.5]) {
      let mean = 0;
      for (let t = 0.005; t < 60; t += 0.01) mean += 0.01 * (1 - residualShare(t, 1, variation));
      expect(mean).toBeCloseTo((1 + variation ** 2) / 2, 2);
      expect(residualShare(residualQuantile(0.8, 1, variation), 1, variation)).toBeCloseTo(0.8, 3);
    }
  });

  test('a tail with a jump is solved at the jump', () =>
    expect(solveTail((t) => (t < 7 ? 1 : 0), 0.5, 1)).toBeCloseTo(7, 2));

  test.each([
    ['an exponential', (t: number) => Math.exp(-t / 3), 3 * Math.log(100)],
    ['a straight line that ends at nothing', (t: number) => Math.max(0, 1 - t / 40), 39.6],
    ['a line with a jump before it', (t: number) => (t < 1 ? 1 : Math.max(0, 0.5 - t / 80)), 39.2],
  ])('is found within 16 looks on %s: every plan pays for each of them', (_, law, expected) => {
    const tail = jest.fn(law);
    expect(solveTail(tail, 0.01, 50) / expected).toBeCloseTo(1, 3);
    expect(tail.mock.calls.length).toBeLessThanOrEqual(16);
  });
});
