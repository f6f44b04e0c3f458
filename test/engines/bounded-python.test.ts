/**
 * What a program in Python takes the plan with: anyio's limiter with the slots, the queue and the wait of the plan under load, the
 * attempts of stamina, and the breaker of pybreaker. The class is that of the page of the construct.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { boundedForecast } from '../../lib/flow/services/bounded';
import { planService } from '../../lib/flow/services/plan';
import { about, EXACT, prove } from '../support/proof';
import { pythonMissing, pythonWith } from './venv';

const execute = promisify(execFile);
const FOLDER = join(__dirname, 'services');
const WORK = { serviceSeconds: 0.4, serviceVariation: 0.5 };
const SLOTS = 12;
const LATENCY_SECONDS = 1.6;
const SECONDS = 60;
const CAPACITY = SLOTS / WORK.serviceSeconds;

const plan = planService('Api', {
  platform: 'kubernetes',
  workload: { peakPerSecond: 20, ...WORK },
  objective: { latencySeconds: LATENCY_SECONDS, errorRatio: 0.05 },
  slotsPerInstance: SLOTS,
  downstreams: [{ name: 'stock', latencySeconds: 0.1 }],
});
const value = (name: string) => plan.value(name);
const BOUND = value('queueBound');

const CLAIM = {
  case: 12,
  construct: 'k8s.BoundedService',
  engine: 'CapacityLimiter, anyio 4.16',
  how: `${SLOTS} slots, the queue and the wait of the plan in the class of the page, Poisson arrivals for ${SECONDS} s, work of ${WORK.serviceSeconds} s in threads (gamma, coefficient of variation 0.5).`,
  scaledBy: '543/s on 50 threads and 0.1 s by 12 threads and 0.4 s, at the same load for each thread.',
};

interface Measured {
  readonly requests: number;
  readonly refused: number;
  readonly p99: number;
  readonly most: number;
}

/** Queue, load: 8 % above the capacity as in the case, and twice. */
const RUNS: readonly (readonly [string, number, number])[] = [
  ['the queue of the plan at 1.086 times the capacity', BOUND, 1.086],
  ['the queue of the plan at twice the capacity', BOUND, 2],
];

const missing = pythonMissing();
test(`Python: ${missing ?? 'there'}${missing === undefined ? '' : '; the runs below are skipped'}`, () => {});

(missing === undefined ? describe : describe.skip)('a program in Python', () => {
  let measured: Measured[];
  let calls: Readonly<Record<string, number>>;
  beforeAll(async () => {
    const python = await pythonWith('clients');
    const run = async (file: string, args: readonly number[]) =>
      JSON.parse((await execute(python, ['-B', join(FOLDER, file), ...args.map(String)])).stdout);
    const { serviceSeconds } = WORK;
    [calls, ...measured] = await Promise.all([
      run('calls.py', [
        1 + value('retryAttempts'),
        value('breakerMinimumCalls'),
        0.5,
        value('breakerHalfOpenCalls'),
        value('retryWaitSeconds'),
      ]),
      ...RUNS.map(([, queue, times], index) =>
        run('pool.py', [SLOTS, queue, value('waitSeconds'), times * CAPACITY, SECONDS, serviceSeconds, index + 1]),
      ),
    ]);
  }, 300_000);

  test.each(RUNS.map(([name], index) => [name, index] as const))('%s', (name, index) => {
    const [, queueBound, times] = RUNS[index];
    const forecast = boundedForecast(
      { arrivalsPerSecond: times * CAPACITY, ...WORK, slots: SLOTS, queueBound, waitSeconds: value('waitSeconds') },
      value('alarmLatencyQuantile'),
    );
    const { requests, refused, p99, most } = measured[index];
    prove(
      {
        ...CLAIM,
        metric: `P99 of accepted requests, ${name}`,
        unit: 's',
        predicted: forecast.latencySeconds,
        measured: p99,
        tolerance: about(0.1),
      },
      {
        ...CLAIM,
        metric: `requests in work at once, at most, ${name}`,
        unit: 'requests',
        predicted: SLOTS,
        measured: most,
        tolerance: EXACT,
      },
    );
    expect(p99).toBeLessThanOrEqual(LATENCY_SECONDS * 1.05);
    expect(Math.abs(refused / requests - forecast.shedRatio)).toBeLessThan(0.04);
  });

  test('stamina makes as many attempts as planned, and waits no longer between them', () => {
    expect(calls.of_one).toBe(1 + value('retryAttempts'));
    expect(calls.longest_wait).toBeGreaterThanOrEqual(value('retryWaitSeconds') / 2);
    expect(calls.longest_wait).toBeLessThanOrEqual(value('retryWaitSeconds'));
  });

  test('the breaker of pybreaker opens after so many failures in a row, and closes after so many that succeed', () => {
    expect(calls.until_open).toBe(value('breakerMinimumCalls'));
    expect(calls.closed_after).toBe(value('breakerHalfOpenCalls'));
  });
});

test('the class is that of the page', () => {
  const page = readFileSync(join(__dirname, '..', '..', 'docs', 'constructs', 'k8s-bounded-service.md'), 'utf8');
  expect(page).toContain(`\`\`\`python\n${readFileSync(join(FOLDER, 'bounded.py'), 'utf8')}\`\`\``);
});
