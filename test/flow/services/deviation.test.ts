/** How far the counts of a minute stray, against a thousand simulated minutes. */
import { boundedForecast } from '../../../lib/flow/services/bounded';
import { boundedDeviation } from '../../../lib/flow/services/deviation';
import { runBoundedServer } from '../../../lib/flow/services/simulation';
import type { BoundedStage } from '../../../lib/flow/services/waits';

const SECONDS = 60;
const RUNS = 1000;

const deviationOf = (values: readonly number[]): number => {
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  return Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length);
};

/** Minutes that begin with an empty queue. */
function minutesOf(stage: BoundedStage) {
  return Array.from({ length: RUNS }, (_, seed) => {
    const { requests, refused, expired, latencies } = runBoundedServer(
      { ...stage, requestsPerSecond: stage.arrivalsPerSecond, patienceSeconds: stage.waitSeconds! },
      SECONDS,
      seed + 1,
    );
    return { shedRatio: (refused + expired) / requests, served: latencies.count };
  });
}

const stageOf = (slots: number, queueBound: number, serviceVariation: number, times: number): BoundedStage => ({
  arrivalsPerSecond: (times * slots) / 0.4,
  serviceSeconds: 0.4,
  serviceVariation,
  slots,
  queueBound,
  waitSeconds: 0.6,
  deadlineSeconds: 1.6,
});

describe('one standard deviation is that of a thousand minutes', () => {
  test.each([
    // Slots, queue, variation of the work, times the capacity.
    [12, 17, 0.5, 0.9],
    [12, 17, 0.5, 1],
    [12, 17, 0.5, 2],
    [12, 17, 0.5, 5],
    [12, 3, 0.5, 1],
    [12, 0, 0.5, 2],
    [2, 3, 1, 0.5],
    [4, 6, 1, 1],
    [4, 6, 1, 2],
    [4, 6, 1, 5],
  ])(
    '%d slots, a queue of %d, cv %d, %d × the capacity: of what is refused within a quarter',
    (slots, queue, cv, times) => {
      const stage = stageOf(slots, queue, cv, times);
      const { shedRatio } = boundedDeviation(stage, boundedForecast(stage, 0.99), SECONDS, 1);
      const ratio = shedRatio / deviationOf(minutesOf(stage).map((minute) => minute.shedRatio));
      expect(ratio).toBeGreaterThan(0.8);
      expect(ratio).toBeLessThan(1.25);
    },
  );

  test.each([0.5, 1, 2, 5])('%d × the capacity: of what is served within a quarter', (times) => {
    const stage = stageOf(12, 17, 0.5, times);
    const { served } = boundedDeviation(stage, boundedForecast(stage, 0.99), SECONDS, 1);
    const ratio = served / deviationOf(minutesOf(stage).map((minute) => minute.served));
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.25);
  });
});

test('of four instances together, with four times the requests, a share strays half as far, and a count twice', () => {
  const stage = stageOf(12, 17, 0.5, 2);
  const forecast = boundedForecast(stage, 0.99);
  const [one, four] = [1, 4].map((instances) => boundedDeviation(stage, forecast, SECONDS, instances));
  expect(four.shedRatio).toBeCloseTo(one.shedRatio / 2, 9);
  expect(four.failedRatio).toBeCloseTo(one.failedRatio / 2, 9);
  expect(four.served).toBeCloseTo(one.served * 2, 6);
});

test('a queue that never fills turns nothing away, and its count varies as what arrives', () => {
  const stage = { ...stageOf(12, 1000, 0.5, 0.5), waitSeconds: 1000 };
  const { shedRatio, served } = boundedDeviation(stage, boundedForecast(stage, 0.99), SECONDS, 1);
  expect(shedRatio).toBeCloseTo(0, 9);
  expect(served).toBeCloseTo(Math.sqrt(15 * SECONDS), 6);
});
