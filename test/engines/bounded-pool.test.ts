/**
 * A ThreadPoolExecutor with the threads and the queue of the plan, and with queues that are too long, under the same load: P99 and
 * what is refused are those of the plan.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { boundedForecast } from '../../lib/flow/services/bounded';
import { planService } from '../../lib/flow/services/plan';
import { about, prove } from '../support/proof';
import { compiled } from './jvm/jdks';

const WORK = { serviceSeconds: 0.4, serviceVariation: 0.5 };
const THREADS = 12;
const LATENCY_SECONDS = 1.6;
const SECONDS = 100;
const CAPACITY = THREADS / WORK.serviceSeconds;

const plan = planService('Api', {
  platform: 'kubernetes',
  workload: { peakPerSecond: 20, ...WORK },
  objective: { latencySeconds: LATENCY_SECONDS, errorRatio: 0.05 },
  slotsPerInstance: THREADS,
});
const BOUND = plan.value('queueBound');

const CLAIM = {
  case: 12,
  construct: 'k8s.BoundedService',
  engine: 'ThreadPoolExecutor, OpenJDK 17',
  how: `${THREADS} threads and an ArrayBlockingQueue, Poisson arrivals for ${SECONDS} s, work of ${WORK.serviceSeconds} s (gamma, coefficient of variation 0.5).`,
  scaledBy: '543/s on 50 threads and 0.1 s by 12 threads and 0.4 s, at the same load for each thread.',
};

const classes = compiled(join(__dirname, 'services', 'Pool.java'));
afterAll(() => {
  if (classes !== undefined) rmSync(classes, { recursive: true });
});

interface Measured {
  readonly requests: number;
  readonly refused: number;
  readonly p99: number;
}

async function run(queue: number, times: number, seed: number): Promise<Measured> {
  const args = [THREADS, queue, times * CAPACITY, SECONDS, WORK.serviceSeconds, seed].map(String);
  const java = spawn('java', ['-Xmx64m', '-cp', classes!, 'Pool', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  java.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(java, 'close');
  return JSON.parse(text);
}

/** Queue, load: 8 % above the capacity as in the case, and twice. */
const RUNS: readonly (readonly [string, number, number])[] = [
  ['the queue of the plan at 1.086 times the capacity', BOUND, 1.086],
  ['the queue of the plan at twice the capacity', BOUND, 2],
  ['a queue of twice as many at twice the capacity', 2 * BOUND, 2],
];

test(`javac: ${classes === undefined ? 'none; the runs below are skipped' : 'there'}`, () => {});

(classes === undefined ? describe.skip : describe)('a pool of Java', () => {
  let measured: Measured[];
  beforeAll(async () => {
    measured = await Promise.all(RUNS.map(([, queue, times], index) => run(queue, times, index + 1)));
  }, 300_000);

  test.each(RUNS.map(([name], index) => [name, index] as const))('%s', (name, index) => {
    const [, queueBound, times] = RUNS[index];
    const forecast = boundedForecast(
      { arrivalsPerSecond: times * CAPACITY, ...WORK, slots: THREADS, queueBound },
      plan.value('alarmLatencyQuantile'),
    );
    const { requests, refused, p99 } = measured[index];
    prove({
      ...CLAIM,
      metric: `P99 of accepted requests, ${name}`,
      unit: 's',
      predicted: forecast.latencySeconds,
      measured: p99,
      tolerance: about(0.1),
    });
    expect(Math.abs(refused / requests - forecast.shedRatio)).toBeLessThan(0.03);
  });

  test('only the queue of the plan keeps the promise', () => {
    const [, planned, long] = measured;
    expect(planned.p99).toBeLessThanOrEqual(LATENCY_SECONDS * 1.05);
    expect(long.p99).toBeGreaterThan(LATENCY_SECONDS * 1.15);
  });
});
