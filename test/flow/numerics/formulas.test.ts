/** Known answers and properties of the single formulas. */
import fc from 'fast-check';
import { capacityToDrain, drainSeconds } from '../../../lib/flow/numerics/drain';
import {
  erlangB,
  erlangC,
  meanWait,
  slotsFor,
  sojournQuantile,
  squareRootStaffing,
  waitProbabilityBeyond,
} from '../../../lib/flow/numerics/erlang';
import { Quantiles } from '../../../lib/flow/numerics/quantiles';
import { Random } from '../../../lib/flow/numerics/random';
import { TokenBucket } from '../../../lib/flow/numerics/token-bucket';
import { backoffBound, decorrelatedJitter, expectedDelay, fullJitter } from '../../../lib/flow/queue/backoff';
import { zeroOr } from '../../support/property';

const often = { numRuns: 300 };

describe('Erlang', () => {
  test('M/M/20 at 380/s and 20/s a slot: waiting probability 0.7554, P99 of the time in system 0.3182 s', () => {
    expect(erlangC(20, 19)).toBeCloseTo(0.7554, 4);
    const stage = { arrivalsPerSecond: 380, serviceSeconds: 1 / 20, slots: 20, quantile: 0.99 };
    expect(sojournQuantile(stage)).toBeCloseTo(0.3182, 4);
  });

  test.each([
    [1, 4, 0.25],
    [5, 10, 0.5],
    [20, 29, 0.69],
    [50, 64, 0.78],
    [200, 226, 0.885],
  ])('a wait of at most 5 %% at %d busy slots needs %d slots, a utilisation of %d', (load, slots, utilisation) => {
    const objective = { arrivalsPerSecond: load, serviceSeconds: 1, waitSeconds: 0, quantile: 0.95 };
    expect(slotsFor(objective)).toBe(slots);
    expect(load / slots).toBeCloseTo(utilisation, 2);
  });

  test('one slot: the wait has the closed form of M/M/1', () => {
    const stage = { arrivalsPerSecond: 0.8, serviceSeconds: 1, slots: 1 };
    expect(erlangC(1, 0.8)).toBeCloseTo(0.8, 12);
    expect(meanWait(stage)).toBeCloseTo(0.8 / (1 - 0.8), 12);
    expect(waitProbabilityBeyond(stage, 5)).toBeCloseTo(0.8 * Math.exp(-0.2 * 5), 12);
  });

  test('Pollaczek–Khinchine: at constant service time an item waits half as long', () => {
    const stage = { arrivalsPerSecond: 0.8, serviceSeconds: 1, slots: 1 };
    expect(meanWait({ ...stage, serviceVariation: 0 })).toBeCloseTo(meanWait(stage) / 2, 12);
  });

  test('no slots count overflows the recursion', () => {
    expect(erlangC(100_000, 99_000)).toBeGreaterThan(0);
    expect(erlangC(100_000, 99_000)).toBeLessThan(1);
    expect(erlangB(100_000, 150_000)).toBeCloseTo(1 / 3, 3);
  });

  test('square-root staffing agrees at a large load, and promises too much at a small one', () => {
    const exact = (load: number) =>
      slotsFor({ arrivalsPerSecond: load, serviceSeconds: 1, waitSeconds: 0, quantile: 0.95 });
    expect(Math.abs(squareRootStaffing(5000, 1.761) - exact(5000))).toBeLessThan(0.002 * 5000);
    expect(erlangC(squareRootStaffing(5, 1.761), 5)).toBeGreaterThan(0.05);
  });

  test('more load waits more, more slots wait less, and a probability stays one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.double({ min: 0.01, max: 0.98, noNaN: true }),
        (slots, share) => {
          const load = slots * share;
          const waiting = erlangC(slots, load);
          expect(waiting).toBeGreaterThanOrEqual(0);
          expect(waiting).toBeLessThanOrEqual(1);
          expect(erlangC(slots, load * 1.01)).toBeGreaterThanOrEqual(waiting);
          expect(erlangC(slots + 1, load)).toBeLessThanOrEqual(waiting);
        },
      ),
      often,
    );
  });

  test('the fewest slots are enough, and one fewer is not', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 300, noNaN: true }),
        zeroOr(0.001, 5),
        fc.constantFrom(0.9, 0.95, 0.99),
        (arrivalsPerSecond, waitSeconds, quantile) => {
          const slots = slotsFor({ arrivalsPerSecond, serviceSeconds: 1, waitSeconds, quantile });
          const beyond = (count: number) =>
            waitProbabilityBeyond({ arrivalsPerSecond, serviceSeconds: 1, slots: count }, waitSeconds);
          expect(slots).toBeGreaterThan(arrivalsPerSecond);
          expect(beyond(slots)).toBeLessThanOrEqual(1 - quantile + 1e-12);
          if (slots - 1 > arrivalsPerSecond) expect(beyond(slots - 1)).toBeGreaterThan(1 - quantile);
        },
      ),
      often,
    );
  });
});

describe('draining', () => {
  test.each([
    [900, 100, 10, 10],
    [0, 100, 10, 0],
    [1, 10, 10, Number.POSITIVE_INFINITY],
    [1, 10, 20, Number.POSITIVE_INFINITY],
  ])(
    '%d items at %d/s against %d/s take %d s: never, not a negative time, when producers win',
    (items, capacity, arrivals, seconds) => {
      expect(drainSeconds(items, capacity, arrivals)).toBe(seconds);
    },
  );

  test('the capacity that drains in time does', () => {
    expect(drainSeconds(900, capacityToDrain(900, 30, 10), 10)).toBeCloseTo(30, 9);
  });
});

describe('backoff', () => {
  const backoff = { baseSeconds: 2, capSeconds: 60 };

  test('the bound doubles up to the cap', () => {
    expect([0, 1, 2, 3, 4, 5, 6].map((attempt) => backoffBound(attempt, backoff))).toEqual([2, 4, 8, 16, 32, 60, 60]);
  });

  test('full jitter is uniform between 0 and the bound, not around it', () => {
    expect(fullJitter(2, () => 0, backoff)).toBe(0);
    expect(fullJitter(2, () => 0.5, backoff)).toBe(4);
    expect(expectedDelay(4, backoff)).toBe((2 + 4 + 8) / 2);
  });

  test('decorrelated jitter stays between base and cap', () => {
    const random = new Random(1);
    let delay = backoff.baseSeconds;
    for (let attempt = 0; attempt < 1000; attempt++) {
      delay = decorrelatedJitter(delay, () => random.uniform(), backoff);
      expect(delay).toBeGreaterThanOrEqual(backoff.baseSeconds);
      expect(delay).toBeLessThanOrEqual(backoff.capSeconds);
    }
  });
});

describe('token bucket', () => {
  test('trap of case 7: after a pause it holds the burst, not the rate', () => {
    expect(new TokenBucket(100, 500).available(10)).toBe(500);
    const small = new TokenBucket(100, 10);
    small.take(0, 10);
    expect(small.available(60)).toBe(10);
  });

  test('trap of case 7: a rate below one a second still sends', () => {
    const bucket = new TokenBucket(0.25, 1);
    expect(bucket.take(0)).toBe(0);
    expect(bucket.take(0)).toBeCloseTo(4, 9);
  });

  test('in no window is more sent than burst + rate × window', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 50, noNaN: true }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(zeroOr(0.001, 2), { minLength: 5, maxLength: 60 }),
        (rate, burst, gaps) => {
          const bucket = new TokenBucket(rate, burst);
          let [now, sent] = [0, 0];
          for (const gap of gaps) {
            now += gap;
            if (bucket.available(now) >= 1 && bucket.take(now) === 0) sent++;
            expect(sent).toBeLessThanOrEqual(burst + rate * now + 1e-6);
          }
        },
      ),
      often,
    );
  });
});

describe('streaming quantiles', () => {
  test('are within half a percent of the exact ones, in bounded memory', () => {
    const random = new Random(7);
    const [stream, values] = [new Quantiles(), [] as number[]];
    for (let n = 0; n < 50_000; n++) {
      const value = random.exponential() ** 3;
      stream.record(value);
      values.push(value);
    }
    values.sort((a, b) => a - b);
    for (const q of [0.01, 0.25, 0.5, 0.9, 0.99, 0.999]) {
      const exact = values[Math.ceil(q * values.length) - 1];
      expect(Math.abs(stream.quantile(q) / exact - 1)).toBeLessThan(0.0051);
    }
  });

  test('two merged streams are the stream of both', () => {
    const [left, right, both] = [new Quantiles(), new Quantiles(), new Quantiles()];
    for (let n = 1; n <= 1000; n++) {
      (n % 3 === 0 ? left : right).record(n);
      both.record(n);
    }
    left.merge(right);
    expect([left.count, left.quantile(0.5), left.quantile(0.99)]).toEqual([
      1000,
      both.quantile(0.5),
      both.quantile(0.99),
    ]);
  });
});
