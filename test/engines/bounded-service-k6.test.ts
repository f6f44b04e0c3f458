/**
 * The script for k6 that BoundedService makes, run by k6 as it is, against the shipped gate in front of a real HTTP server: half,
 * all, twice and five times the capacity. k6 fails where a threshold of the plan is missed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { boundedForecast } from '../../lib/flow/services/bounded';
import { BoundedService } from '../../lib/k8s/services/bounded-service';
import { emptyChart, every, type Manifest, one, written } from '../support/manifest';
import { about, atMost, prove } from '../support/proof';
import { endGated, startGated } from './services/gated';

/** As `install` builds it. */
const K6 = join(homedir(), '.cache', 'backpressure', 'k6', 'k6');
const WORK = { serviceSeconds: 0.4, serviceVariation: 0.5 };
const LATENCY_SECONDS = 1.6;
const SLOTS = 12;

const CLAIM = {
  case: 12,
  construct: 'k8s.BoundedService',
  engine: 'k6 1.3, Node.js HTTP server behind the shipped gate',
  how: `the ConfigMap of loadTest as it is, constant arrival rates for 60 s each; one instance of ${SLOTS} slots, requests of ${WORK.serviceSeconds} s (gamma, coefficient of variation 0.5).`,
  scaledBy: '543/s on instances of 30 slots and 0.4 s by one instance of 12 slots, 30/s and 1.6 s.',
};

afterAll(endGated);

const isThere = existsSync(K6);
test(`k6: ${isThere ? 'there' : 'not built (K6=1 test/engines/install); the runs below are skipped'}`, () => {});

(isThere ? describe : describe.skip)('the script that is shipped', () => {
  const chart = emptyChart();
  const { plan } = new BoundedService(chart, 'Api', {
    workload: { peakPerSecond: 20, ...WORK },
    objective: { latencySeconds: LATENCY_SECONDS, errorRatio: 0.05 },
    slotsPerInstance: SLOTS,
    minReplicas: 1,
    maxReplicas: 1,
    image: 'shop/api:1',
    loadTest: true,
  });
  const made = written(chart);
  const [gate]: Manifest[] = one(made, 'Deployment').spec.template.spec.initContainers;
  const variables: Record<string, string> = Object.fromEntries(
    gate.env.map(({ name, value }: Manifest) => [name, value]),
  );
  const [{ data }] = every(made, 'ConfigMap').filter((map) => map.data['load-test.js'] !== undefined);
  const folder = mkdtempSync(join(tmpdir(), 'k6-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  interface Summary {
    readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
  }
  let summary: Summary;
  let code: number | null;
  beforeAll(async () => {
    const { port } = await startGated(variables, WORK.serviceSeconds);
    const script = join(folder, 'load-test.js');
    const out = join(folder, 'summary.json');
    writeFileSync(script, data['load-test.js']);
    const args = [
      'run',
      '--quiet',
      '--no-usage-report',
      '--summary-export',
      out,
      // What it exports has no 99th percentile unless it is asked for.
      '--summary-trend-stats',
      'avg,max,p(99)',
      '-e',
      `TARGET=http://127.0.0.1:${port}/`,
      script,
    ];
    const k6 = spawn(K6, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    [code] = (await once(k6, 'exit')) as [number | null];
    summary = JSON.parse(readFileSync(out, 'utf8'));
  }, 500_000);

  test('no threshold of the plan is missed', () => {
    expect(code).toBe(0);
  });

  test.each([
    [2, 'load_2'],
    [5, 'load_5'],
  ])('at %d times the capacity as much is refused as predicted, and the rest is in time', (times, name) => {
    const { shedRatio, latencySeconds } = boundedForecast(
      {
        arrivalsPerSecond: (times * SLOTS) / WORK.serviceSeconds,
        ...WORK,
        slots: SLOTS,
        queueBound: plan.value('queueBound'),
        waitSeconds: plan.value('waitSeconds'),
        deadlineSeconds: plan.value('serverDeadlineSeconds'),
      },
      0.99,
    );
    prove(
      {
        ...CLAIM,
        metric: `share that is refused at ${times} times the capacity`,
        unit: 'ratio',
        predicted: shedRatio,
        measured: summary.metrics[`shed{scenario:${name}}`].value,
        tolerance: about(0.05),
      },
      {
        ...CLAIM,
        metric: `P99 of accepted requests at ${times} times the capacity, at most the promise`,
        unit: 's',
        predicted: LATENCY_SECONDS,
        measured: summary.metrics[`accepted_ms{scenario:${name}}`]['p(99)'] / 1000,
        tolerance: atMost((0.85 * latencySeconds) / LATENCY_SECONDS),
      },
    );
  });
});
