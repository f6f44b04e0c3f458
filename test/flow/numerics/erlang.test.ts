import fc from 'fast-check';
import {
  erlangB,
  erlangC,
  fewestSlots,
  meanWait,
  slotsFor,
  sojournQuantile,
  squareRootStaffing,
  variationFactor,
  waitProbabilityBeyond,
  waitQuantile,
} from '../../../lib/flow/numerics/erlang';
import { zeroOr } from '../../support/property';

describe('Erlang C', () => {
  test('M/M/20 at 380/s of 20/s each: 75.54 % wait, P99 of the time in system is 0.3182 s', () => {
    expect(erlangC(20, 19)).toBeCloseTo(0.7554, 4);
    const p99 = sojournQuantile({ arrivalsPerSecond: 380, serviceSeconds: 0.05, slots: 20, quantile: 0.99 });
    expect(p99).toBeCloseTo(0.3182, 4);
  });

  // From the table in demands.md: the load that P(wait) ≤ 5 % allows.
  test.each([
    [1, 4, 0.25],
    [5, 10, 0.5],
    [20, 29, 0.69],
    [50, 64, 0.78],
    [200, 226, 0.885],
  ])(
    'an offered load of %d needs %d slots for P(wait) ≤ 5 %%, hence a utilisation of at most %d',
    (load, slots, rho) => {
      expect(fewestSlots(load, (_, waiting) => waiting <= 0.05)).toBe(slots);
      expect(load / slots).toBeCloseTo(rho, 2);
      expect(erlangC(slots - 1, load)).toBeGreaterThan(0.05);
    },
  );

  test('one slot: the probability of waiting is the utilisation', () => {
    for (const load of [0.01, 0.3, 0.99]) expect(erlangC(1, load)).toBeCloseTo(load, 12);
  });

  test('two slots: ρ²·2 ÷ (1 + ρ)', () => expect(erlangC(2, 1)).toBeCloseTo(1 / 3, 12));

  test('nothing offered, nothing waits; at and above capacity everything waits', () => {
    expect([erlangC(3, 0), erlangC(3, 3), erlangC(3, 7)]).toEqual([0, 1, 1]);
  });

  test('stable at 10⁵ slots: a number between 0 and 1, and the textbook limit 0.223 at β = 1', () => {
    const load = 1e5;
    const slots = squareRootStaffing(load, 1);
    expect(erlangC(slots, load)).toBeCloseTo(0.223, 2);
  });

  test('Erlang B: 5 lines offered 3 erlang turn away 11 %', () => expect(erlangB(5, 3)).toBeCloseTo(0.1101, 4));

  test('square-root staffing agrees with the exact count within 2 % at large loads, and is too low at small ones', () => {
    const exact = (load: number) => fewestSlots(load, (_, waiting) => waiting <= 0.05);
    expect(Math.abs(squareRootStaffing(2000, 1.761) - exact(2000)) / exact(2000)).toBeLessThan(0.02);
    expect(erlangC(squareRootStaffing(5, 1.761), 5)).toBeGreaterThan(0.05);
  });
});

describe('waiting', () => {
  const stage = { arrivalsPerSecond: 8, serviceSeconds: 0.1, slots: 1 };

  test('M/M/1: mean wait ρS ÷ (1 − ρ)', () => expect(meanWait(stage)).toBeCloseTo((0.8 * 0.1) / 0.2, 10));

  test('M/D/1 waits half as long as M/M/1, M/G/1 with variation 2 two and a half times (Pollaczek–Khinchine)', () => {
    expect(meanWait({ ...stage, serviceVariation: 0 }) / meanWait(stage)).toBeCloseTo(0.5, 10);
    expect(meanWait({ ...stage, serviceVariation: 2 }) / meanWait(stage)).toBeCloseTo(2.5, 10);
    expect(variationFactor()).toBe(1);
  });

  test('M/M/1: the time in system is exponential with rate μ − λ', () => {
    expect(sojournQuantile({ ...stage, quantile: 0.99 })).toBeCloseTo(Math.log(100) / 2, 3);
  });

  test('the quantile of the wait is exceeded with the probability that defines it, and 0 when few wait', () => {
    expect(waitProbabilityBeyond(stage, waitQuantile(stage, 0.99))).toBeCloseTo(0.01, 10);
    expect(waitQuantile(stage, 0.1)).toBe(0);
  });

  test('at capacity the wait has no end', () => {
    const full = { ...stage, arrivalsPerSecond: 10 };
    expect([meanWait(full), waitQuantile(full, 0.5), sojournQuantile({ ...full, quantile: 0.5 })]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
  });

  test('the branches of the sojourn tail meet: variation just beside 1 and just beside 0 changes next to nothing', () => {
    const at = (serviceVariation: number) => sojournQuantile({ ...stage, serviceVariation, quantile: 0.99 });
    expect(at(0.999) / at(1)).toBeCloseTo(1, 2);
    expect(at(1.001) / at(1)).toBeCloseTo(1, 2);
    expect(at(0.002) / at(0)).toBeCloseTo(1, 2);
  });
});

test('slotsFor: the smallest count that keeps the objective, stable, and more wait never costs more slots', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 500, noNaN: true }),
      fc.double({ min: 0.001, max: 2, noNaN: true }),
      zeroOr(0.001, 2),
      zeroOr(0.001, 10),
      (arrivalsPerSecond, serviceSeconds, serviceVariation, waitSeconds) => {
        const objective = { arrivalsPerSecond, serviceSeconds, serviceVariation, waitSeconds, quantile: 0.95 };
        const slots = slotsFor(objective);
        const beyond = (count: number) => waitProbabilityBeyond({ ...objective, slots: count }, waitSeconds);
        expect(slots).toBeGreaterThan(arrivalsPerSecond * serviceSeconds);
        expect(beyond(slots)).toBeLessThanOrEqual(0.05 + 1e-12);
        if (slots > 1) expect(beyond(slots - 1)).toBeGreaterThan(0.05 - 1e-12);
        expect(slotsFor({ ...objective, waitSeconds: waitSeconds * 2 })).toBeLessThanOrEqual(slots);
      },
    ),
    { numRuns: 300 },
  );
});

test('the recursion gives the same wherever it begins', () => {
  const fromZero = (slots: number, load: number) => {
    let blocking = 1;
    for (let k = 1; k <= slots; k += 1) blocking = (load * blocking) / (k + load * blocking);
    return blocking;
  };
  for (const load of [399, 401, 5000, 250_000]) {
    for (const slots of [0.5, 0.9, 0.99, 1, 1.01, 1.1].map((share) => Math.floor(share * load))) {
      expect(erlangB(slots, load) / fromZero(slots, load)).toBeCloseTo(1, 12);
    }
  }
});
