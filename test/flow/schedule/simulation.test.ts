/** Online requests beside jobs: the law of their latency against the core that is run. */
import { Random } from '../../../lib/flow/numerics/random';
import { runSharedCore } from '../../../lib/flow/schedule/simulation';
import { onlineLatency } from '../../../lib/flow/schedule/spread';

const host = { cores: 16, onlineUtilisation: 0.45, onlineServiceSeconds: 0.0267 };

test.each([
  [0, 0.45],
  [2.4, 0.6],
  [4.8, 0.75],
  [7.2, 0.9],
])('jobs that take %d of 16 cores: P95 of M/M/1 at %d, within 6 %', (cores, ratio) => {
  const run = runSharedCore(host, new Float64Array(60).fill(cores), 200_000, new Random(7));
  const p95 = run.latencies[Math.ceil(0.95 * run.latencies.length) - 1];
  expect(run.cpuRatio).toBeCloseTo(ratio, 1);
  expect(Math.abs(p95 / onlineLatency(host.onlineServiceSeconds, ratio, 0.95) - 1)).toBeLessThan(0.06);
});

test('requests that arrive before a full minute ends are served through the next', () => {
  const load = new Float64Array(60);
  load[30] = 15.9;
  const { latencies } = runSharedCore(host, load, 5000, new Random(7));
  // What waits when the minute ends is served at full speed: nobody waits for much more than that minute.
  expect(Math.max(...latencies)).toBeLessThan(120);
  expect(Math.max(...latencies)).toBeGreaterThan(30);
});
