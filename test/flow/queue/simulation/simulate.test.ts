import { erlangC, sojournQuantile } from '../../../../lib/flow/numerics/erlang';
import { Quantiles } from '../../../../lib/flow/numerics/quantiles';
import { CONSUMER_DEFAULTS, type ResolvedConsumer } from '../../../../lib/flow/queue/resolve';
import { type SimulationResult, simulate } from '../../../../lib/flow/queue/simulation/simulate';

const fixed: ResolvedConsumer = {
  ...CONSUMER_DEFAULTS,
  slotsPerInstance: 20,
  minInstances: 1,
  maxInstances: 1,
  backlogPerInstance: 1e9,
};
const scaling: ResolvedConsumer = {
  ...CONSUMER_DEFAULTS,
  slotsPerInstance: 4,
  startSeconds: 60,
  minInstances: 1,
  maxInstances: 6,
  backlogPerInstance: 1000,
};
const peak = { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 300, serviceSeconds: 0.05 };

/** Everything of a result that can be compared. */
function figures({ latency, quantile: _, ...rest }: SimulationResult) {
  return { ...rest, mean: latency.mean, p10: latency.quantile(0.1) };
}

describe('a run', () => {
  const options = {
    workload: { ...peak, failureRatio: 0.05, poisonRatio: 0.01 },
    consumer: scaling,
    faults: [{ seconds: 100 }],
  };

  test('repeats bit for bit with the same seed, and with no other', () => {
    expect(figures(simulate({ ...options, seed: 5 }))).toEqual(figures(simulate({ ...options, seed: 5 })));
    expect(figures(simulate({ ...options, seed: 5 }))).not.toEqual(figures(simulate({ ...options, seed: 6 })));
  });

  test('loses nothing, whatever fails, is poison or dies', () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const { processed, poisoned, lost } = simulate({ ...options, seed });
      expect(lost).toBe(0);
      expect(poisoned / (processed + poisoned)).toBeCloseTo(0.01, 2);
    }
  });

  test('ends with an empty line, and its timeline starts at the peak and is bounded', () => {
    const { timeline, peakBacklog } = simulate({ ...options, seed: 1, timelinePoints: 64 });
    expect(timeline.length).toBeLessThanOrEqual(64);
    expect(timeline.length).toBeGreaterThan(31);
    expect(timeline[0].seconds).toBe(0);
    expect(Math.max(...timeline.map(({ backlog }) => backlog)) / peakBacklog).toBeGreaterThan(0.9);
    for (const [i, point] of timeline.slice(1).entries()) expect(point.seconds).toBeGreaterThan(timeline[i].seconds);
  });
});

test('M/M/20 at 95 %: P99 0.318 s and the mean number waiting, as Erlang C says', () => {
  const latency = new Quantiles();
  // Twenty hours of it: at 95 % neighbouring items share their fate, and a single hour strays by several per cent.
  for (let seed = 1; seed <= 4; seed += 1) {
    latency.merge(
      simulate({
        workload: { steadyPerSecond: 380, serviceSeconds: 0.05 },
        consumer: fixed,
        seed,
        horizonSeconds: 2600,
      }).latency,
    );
  }
  const p99 = sojournQuantile({ arrivalsPerSecond: 380, serviceSeconds: 0.05, slots: 20, quantile: 0.99 });
  expect(Math.abs(latency.quantile(0.99) / p99 - 1)).toBeLessThan(0.04);
  expect(Math.abs(latency.mean / (0.05 + erlangC(20, 19) / 20) - 1)).toBeLessThan(0.03);
});

test('M/D/1 waits half as long as M/M/1 (Pollaczek–Khinchine)', () => {
  const wait = (serviceVariation: number) => {
    const workload = { steadyPerSecond: 7, serviceSeconds: 0.1, serviceVariation };
    const consumer = { ...fixed, slotsPerInstance: 1 };
    return simulate({ workload, consumer, seed: 1, horizonSeconds: 60_000 }).latency.mean - 0.1;
  };
  expect(wait(1) / ((0.7 * 0.1) / 0.3)).toBeCloseTo(1, 1);
  expect(wait(0) / wait(1)).toBeCloseTo(0.5, 1);
});

test('autoscaling: the added instances serve their first item poll + decide + start after the peak began', () => {
  const { timeline, peakBacklogAtSeconds, peakInstances } = simulate({ workload: peak, consumer: scaling, seed: 1 });
  expect(peakBacklogAtSeconds).toBeCloseTo(105, 0);
  expect(timeline.find(({ instances }) => instances > 1)?.seconds).toBeCloseTo(105, 0);
  expect(peakInstances).toBe(6);
});

test('retries cost what they cost: attempts per item 1 ÷ (1 − failure ratio)', () => {
  const workload = { steadyPerSecond: 100, serviceSeconds: 0.05, failureRatio: 0.2 };
  const { processed, retried, poisoned } = simulate({ workload, consumer: { ...fixed, maxAttempts: 50 }, seed: 1 });
  expect(poisoned).toBe(0);
  expect((processed + retried) / processed).toBeCloseTo(1.25, 1);
});

test('a poison item is tried as often as allowed, then set aside', () => {
  const workload = { steadyPerSecond: 50, serviceSeconds: 0.05, poisonRatio: 0.1 };
  const { poisoned, retried } = simulate({ workload, consumer: { ...fixed, maxAttempts: 7 }, seed: 1 });
  expect(retried).toBe(6 * poisoned);
});

test('a dead instance gives its items back after the visibility time-out, and another takes its place', () => {
  const workload = { steadyPerSecond: 10, serviceSeconds: 1 };
  const dead = { workload, consumer: { ...fixed, startSeconds: 5 }, seed: 1, faults: [{ seconds: 300 }] };
  const alive = simulate({ ...dead, faults: [] });
  const result = simulate({ ...dead, visibilityTimeoutSeconds: 60 });
  expect(result.lost).toBe(0);
  expect(result.retried).toBeGreaterThan(3);
  expect(result.retried).toBeLessThanOrEqual(20);
  expect(alive.retried).toBe(0);
  // Nobody serves for 5 s, and whoever was being served waits a minute.
  expect(result.peakBacklog).toBeGreaterThan(alive.peakBacklog + 20);
  expect(result.quantile(1)).toBeGreaterThan(60);
});

test('a consumer that sleeps wakes up, and what never drains says so', () => {
  const asleep = { ...scaling, minInstances: 0, backlogPerInstance: 10 };
  const rare = { steadyPerSecond: 0.005, peakPerSecond: 2, peakSeconds: 300, serviceSeconds: 0.5 };
  const woken = simulate({ workload: rare, consumer: asleep, seed: 1 });
  expect(woken.latencyP99Seconds).toBeGreaterThan(75);
  expect(woken.drainSeconds).toBeLessThan(60);
  const over = { steadyPerSecond: 1.2, peakPerSecond: 1.3, peakSeconds: 60, serviceSeconds: 1 };
  const never = simulate({ workload: over, consumer: { ...fixed, slotsPerInstance: 1 }, seed: 1 });
  expect([never.drainSeconds, never.lost]).toEqual([Number.POSITIVE_INFINITY, 0]);
});

test('a million items in bounded memory: no list grows with the items', () => {
  const run = (items: number) =>
    simulate({
      workload: { steadyPerSecond: 300, serviceSeconds: 0.05 },
      consumer: fixed,
      seed: 1,
      horizonSeconds: items / 300,
    });
  run(10_000);
  const before = process.memoryUsage();
  const { processed } = run(1_000_000);
  const after = process.memoryUsage();
  expect(processed).toBeGreaterThan(990_000);
  // A million sojourns would be 8 MB in the most compact list there is; the histogram is 80 KB. Heap in use also
  // counts what was not collected yet, array buffers only what the run itself holds.
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2e6);
});
