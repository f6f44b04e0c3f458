import fc from 'fast-check';
import { serviceQuantile } from '../../../lib/flow/numerics/gamma';
import { boundedForecast, shedRatio } from '../../../lib/flow/services/bounded';
import { runBoundedServer } from '../../../lib/flow/services/simulation';
import { boundWithin } from '../../../lib/flow/services/sizing';
import type { BoundedStage } from '../../../lib/flow/services/waits';
import { runs } from '../../support/property';

/** Share that a queue of M/M/c refuses, from its birth-and-death equations, state by state. */
function refusedByStates({ arrivalsPerSecond, serviceSeconds, slots, queueBound }: BoundedStage): number {
  const load = arrivalsPerSecond * serviceSeconds;
  let [state, total] = [1, 1];
  for (let k = 1; k <= slots + queueBound; k += 1) {
    state *= load / Math.min(k, slots);
    total += state;
  }
  return state / total;
}

const stage: BoundedStage = {
  arrivalsPerSecond: 543,
  serviceSeconds: 0.1,
  serviceVariation: 0.5,
  slots: 50,
  queueBound: 74,
};

describe('refused', () => {
  test('with exponential work it is the exact share, below, at and above a full load', () => {
    fc.assert(
      fc.property(
        fc.record({
          arrivalsPerSecond: fc.double({ min: 0.1, max: 60, noNaN: true }),
          slots: fc.integer({ min: 1, max: 30 }),
          queueBound: fc.integer({ min: 0, max: 40 }),
        }),
        (drawn) => {
          const one = { ...drawn, serviceSeconds: 1, serviceVariation: 1 };
          const exact = refusedByStates(one);
          expect(Math.abs(shedRatio(one) - exact)).toBeLessThanOrEqual(1e-6 + 1e-6 * exact);
          const full = { ...one, arrivalsPerSecond: one.slots };
          expect(Math.abs(shedRatio(full) - refusedByStates(full))).toBeLessThanOrEqual(1e-6);
        },
      ),
      { numRuns: runs },
    );
  });

  test('beyond what is served it is the rest: 1 − 500 ÷ 543 whatever the bound', () => {
    for (const queueBound of [74, 150, 200]) expect(shedRatio({ ...stage, queueBound })).toBeCloseTo(0.0792, 4);
  });

  test('a long queue in a deep overload overflows no exponent', () => {
    expect(shedRatio({ ...stage, arrivalsPerSecond: 5e6, queueBound: 1e6 })).toBeCloseTo(1 - 500 / 5e6, 9);
    // 100,000 departures at 500 a second vary by 0.32 s, and the P99 is 2.3 of them later, and the work.
    expect(boundedForecast({ ...stage, arrivalsPerSecond: 5000, queueBound: 1e5 }, 0.99).latencySeconds).toBeCloseTo(
      200.85,
      1,
    );
  });
});

/** Slots, queue, requests a second: from half a load to five times of it. */
const LOADS: readonly [number, number, number][] = [
  [50, 200, 543],
  [50, 150, 543],
  [50, 74, 543],
  [60, 74, 543],
  [50, 74, 250],
  [50, 74, 500],
  [50, 74, 1000],
  [50, 74, 2500],
  [30, 44, 271],
  [4, 5, 60],
];

/** Slots, variation, work, deadline, times the capacity. */
const BOUNDED: readonly [number, number, number, number, number][] = [
  [12, 0.5, 0.4, 1.6, 0.8],
  [12, 0.5, 0.4, 1.6, 1],
  [12, 0.5, 0.4, 1.6, 2],
  [12, 0.5, 0.4, 1.6, 5],
  [30, 0.5, 0.1, 0.4, 2],
  [50, 0.5, 0.1, 0.4, 1.2],
  [30, 1, 0.1, 1, 5],
  [10, 1, 0.1, 0.8, 2],
  [8, 2, 0.1, 1.5, 2],
  [30, 0, 0.1, 0.3, 2],
];

describe('closed form and simulation', () => {
  test.each(LOADS)(
    '%d slots, a queue of %d, %d/s: P99 within 2 %% (3 %% of fewer than 10 slots), refused within 0.5 points',
    (slots, queueBound, rate) => {
      const one = { ...stage, slots, queueBound, arrivalsPerSecond: rate };
      const run = runBoundedServer(
        { ...one, requestsPerSecond: rate, patienceSeconds: Number.POSITIVE_INFINITY },
        600,
        1,
        10,
      );
      const { latencySeconds, shedRatio: refused, goodputPerSecond } = boundedForecast(one, 0.99);
      expect(Math.abs(run.latencies.quantile(0.99) / latencySeconds - 1)).toBeLessThan(slots < 10 ? 0.03 : 0.02);
      expect(Math.abs(run.refused / run.requests - refused)).toBeLessThan(0.005);
      expect(Math.abs(run.latencies.count / 590 / goodputPerSecond - 1)).toBeLessThan(0.015);
    },
  );

  test.each(BOUNDED)(
    '%d slots, cv %d, %d s of work in %d s, %d × the capacity, with deadlines: P99 within 3 %%, what is late and refused within a point',
    (slots, serviceVariation, serviceSeconds, deadlineSeconds, times) => {
      const waitSeconds = deadlineSeconds - serviceQuantile(0.99, serviceSeconds, serviceVariation);
      const queueBound = boundWithin(slots, serviceSeconds, waitSeconds);
      const arrivalsPerSecond = (times * slots) / serviceSeconds;
      const one = {
        arrivalsPerSecond,
        serviceSeconds,
        serviceVariation,
        slots,
        queueBound,
        waitSeconds,
        deadlineSeconds,
      };
      const seconds = 100_000 / arrivalsPerSecond;
      const run = runBoundedServer(
        { ...one, requestsPerSecond: arrivalsPerSecond, patienceSeconds: waitSeconds },
        seconds,
        1,
        seconds / 100,
      );
      const forecast = boundedForecast(one, 0.99);
      const begun = run.overdue + run.latencies.count;
      expect(Math.abs(run.latencies.quantile(0.99) / forecast.latencySeconds - 1)).toBeLessThan(0.03);
      expect(Math.abs(run.overdue / begun - forecast.overdueRatio)).toBeLessThan(0.002);
      expect(Math.abs((run.refused + run.expired) / run.requests - forecast.shedRatio)).toBeLessThan(0.012);
      expect(Math.abs(run.latencies.count / (0.99 * seconds) / forecast.goodputPerSecond - 1)).toBeLessThan(0.02);
    },
  );

  test('of what is answered in time none is counted that is not: without the deadline the P99 is 3 % later', () => {
    const { queueBound, waitSeconds } = { queueBound: 17, waitSeconds: 0.5955 };
    const one = { arrivalsPerSecond: 150, serviceSeconds: 0.4, serviceVariation: 0.5, slots: 12, queueBound };
    const p99 = (more: object) => boundedForecast({ ...one, ...more }, 0.99).latencySeconds;
    // What is measured on the gate at five times its capacity: test/engines/bounded-service.test.ts.
    expect(p99({ waitSeconds, deadlineSeconds: 1.6 })).toBeCloseTo(1.466, 2);
    expect(p99({ waitSeconds })).toBeCloseTo(1.53, 2);
    expect(p99({})).toBeGreaterThan(1.57);
  });

  test('of the queues that the case has had only 74 keep 0.4 s', () => {
    const p99 = (queueBound: number) => boundedForecast({ ...stage, queueBound }, 0.99).latencySeconds;
    expect(p99(200)).toBeCloseTo(0.64, 2);
    expect(p99(150)).toBeCloseTo(0.54, 2);
    expect(p99(74)).toBeLessThan(0.4);
  });
});
