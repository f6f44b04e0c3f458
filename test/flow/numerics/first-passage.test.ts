import fc from 'fast-check';
import { departureVariation } from '../../../lib/flow/numerics/departures';
import { expectedMaximum, firstPassage, outOfReach } from '../../../lib/flow/numerics/first-passage';
import { normalTail, overflowShare, reflectedLevels, reflectedTail } from '../../../lib/flow/numerics/reflected';

const stage = {
  arrivalsPerSecond: 0.5,
  serviceSeconds: 1,
  serviceVariation: 1,
  slots: 1,
  startItems: 0,
  seconds: 1000,
};

describe('first passage of M/M/1', () => {
  test('mean time to the first item, and from 0 to 2 of them', () => {
    const means: number[] = [];
    firstPassage(stage, 0, (level, mean) => {
      means.push(mean);
      return level < 2;
    });
    // 1/λ, then 1/λ + μ/λ².
    expect(means[0]).toBeCloseTo(2, 12);
    expect(means[1]).toBeCloseTo(2 + 2 + 4, 12);
  });

  test('a single exponential step has the variance of an exponential', () => {
    firstPassage(stage, 0, (_, mean, variance) => {
      expect(variance).toBeCloseTo(mean * mean, 12);
      return false;
    });
  });
});

describe('mean maximum', () => {
  test('grows with the logarithm of the time when stable', () => {
    const growth = expectedMaximum({ ...stage, seconds: 1e5 }) - expectedMaximum({ ...stage, seconds: 1e4 });
    expect(growth / (Math.log(10) / Math.log(2))).toBeCloseTo(1, 1);
  });

  test('grows with the square root of the time at capacity: the maximum of |B|, √(π/2)·σ√t', () => {
    const critical = { ...stage, arrivalsPerSecond: 1, startItems: 1, seconds: 1e4 };
    // Two moments stand for the law of the time here, which costs up to a tenth.
    const exact = Math.sqrt(Math.PI / 2) * Math.sqrt(2e4);
    expect(Math.abs(expectedMaximum(critical) / exact - 1)).toBeLessThan(0.1);
  });

  test('grows with the time above capacity', () => {
    const over = { ...stage, arrivalsPerSecond: 2, startItems: 1, seconds: 500 };
    expect(expectedMaximum(over) / 500).toBeCloseTo(1, 1);
  });

  test('a line that is taken for out of reach is one at which the walk level by level would have been given up', () => {
    let taken = 0;
    const stages = fc.record({
      load: fc.double({ min: 0.05, max: 0.99, noNaN: true }),
      slots: fc.integer({ min: 1, max: 40 }),
      serviceVariation: fc.double({ min: 0, max: 3, noNaN: true }),
      seconds: fc.double({ min: 1, max: 1e4, noNaN: true }),
      line: fc.integer({ min: 1, max: 400 }),
    });
    fc.assert(
      fc.property(stages, ({ load, line, ...rest }) => {
        const loaded = { ...stage, ...rest, arrivalsPerSecond: load * rest.slots };
        if (!outOfReach(loaded, line)) return;
        taken += 1;
        let reached = 0;
        firstPassage(loaded, 0, (level, mean) => {
          reached = mean;
          return level < rest.slots + line && mean < 1000 * rest.seconds;
        });
        expect(reached).toBeGreaterThanOrEqual(1000 * rest.seconds);
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(50);
  });

  test('is at least the floor', () => expect(expectedMaximum(stage, 50)).toBeCloseTo(50, 1));
});

describe('what two walls turn away varies', () => {
  test('far above capacity as what comes and goes, at it a third of that, far below not at all', () => {
    expect(overflowShare(10, 1, 10)).toBeCloseTo(1, 9);
    expect(overflowShare(0, 1, 10)).toBeCloseTo(1 / 3, 9);
    expect(overflowShare(-10, 1, 10)).toBeCloseTo(0, 9);
  });

  test('near capacity the formula meets its limit from both sides', () => {
    for (const drift of [-2e-3, 2e-3]) expect(overflowShare(drift, 2, 1)).toBeCloseTo(1 / 3, 3);
  });

  test('it grows with the drift', () => {
    const shares = [-3, -1, -0.3, -0.01, 0, 0.01, 0.3, 1, 3].map((drift) => overflowShare(drift, 2, 1));
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
  });
});

describe('reflected Brownian motion', () => {
  test('normal tail at 0, 1.96 and far out', () => {
    expect(normalTail(0)).toBeCloseTo(0.5, 6);
    expect(normalTail(1.959964)).toBeCloseTo(0.025, 6);
    expect(normalTail(-1.959964)).toBeCloseTo(0.975, 6);
  });

  test('settles to an exponential when the drift is down', () => {
    expect(reflectedTail(3, -1, 4, 1e6)).toBeCloseTo(Math.exp(-1.5), 5);
  });

  test('is |B| without a drift', () => expect(reflectedTail(2, 0, 1, 4)).toBeCloseTo(2 * normalTail(1), 6));

  test('is what the drift brings when it is strong', () => {
    expect(reflectedLevels([0.5], 10, 1, 100)[0]).toBeCloseTo(1000, -1);
    expect(reflectedTail(5, 1, 1, 0)).toBe(0);
  });

  test('the level is where the tail says', () => {
    for (const drift of [-1, 0, 1])
      expect(reflectedTail(reflectedLevels([0.1], drift, 3, 20)[0], drift, 3, 20)).toBeCloseTo(0.1, 2);
  });

  test('levels that are looked for together are those that are looked for alone', () => {
    const rate = fc.double({ min: -50, max: 50, noNaN: true });
    const positive = fc.double({ min: 1e-3, max: 1e4, noNaN: true });
    const levels = [0.999, 0.95, 0.5, 0.1, 0.1, 0.01, 0.001];
    fc.assert(
      fc.property(rate, positive, positive, (drift, variance, seconds) => {
        const alone = levels.map((level) => reflectedLevels([level], drift, variance, seconds)[0]);
        expect(reflectedLevels(levels, drift, variance, seconds)).toEqual(alone);
      }),
    );
  });
});

test('departures: Poisson over short times, the variation of the services over long ones', () => {
  expect(departureVariation(0, 1, 0)).toBe(1);
  expect(departureVariation(1000, 1, 0)).toBeCloseTo(0, 5);
  expect(departureVariation(1000, 1, 2)).toBeCloseTo(4, 4);
  expect(departureVariation(0.3, 1, 1)).toBe(1);
});
