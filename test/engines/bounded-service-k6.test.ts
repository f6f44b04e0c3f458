/**
 * The script for k6 that BoundedService makes, run by k6 as it is, against the shipped gate in front of a real HTTP server: all,
 * twice, five times and half of the capacity. k6 fails where a threshold of the plan is missed: on a program whose queue has no bound, and
 * on a wrong address.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { boundedForecast } from '../../lib/flow/services/bounded';
import { boundedDeviation } from '../../lib/flow/services/deviation';
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
  how: `the ConfigMap of loadTest as it is, Poisson arrivals for 60 s each; one instance of ${SLOTS} slots, requests of ${WORK.serviceSeconds} s (gamma, coefficient of variation 0.5).`,
  scaledBy: '543/s on instances of 30 slots and 0.4 s by one instance of 12 slots, 30/s and 1.6 s.',
};

/**
 * A program with as many slots and a queue without a bound, as in the case. It works on what comes in turn, whether its caller is
 * still there or not. Of another address it knows nothing.
 */
const UNBOUNDED = `
const { createServer } = require('node:http');
const queue = [];
let working = 0;
const uniform = () => 1 - Math.random();
const millis = () => 1000 * ${WORK.serviceSeconds} * -0.25 * Math.log(uniform() * uniform() * uniform() * uniform());
function work() {
  while (working < ${SLOTS} && queue.length > 0) {
    const response = queue.shift();
    working += 1;
    setTimeout(() => { working -= 1; response.end('ok'); work(); }, millis());
  }
}
createServer((request, response) => {
  if (request.url === '/most') return response.end('0');
  if (request.url !== '/') return response.writeHead(404).end();
  queue.push(response);
  work();
}).listen(Number(process.argv[1]), '127.0.0.1');
`;
/** k6: some thresholds have failed. */
const THRESHOLDS_FAILED = 99;

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
    readonly metrics: Readonly<
      Record<string, Readonly<Record<string, number>> & { readonly thresholds?: Readonly<Record<string, boolean>> }>
    >;
  }
  interface Run {
    readonly code: number | null;
    readonly summary: Summary;
  }
  /** Runs the script as it is. */
  async function k6(name: string, target: string): Promise<Run> {
    const script = join(folder, 'load-test.js');
    const out = join(folder, `${name}.json`);
    writeFileSync(script, data['load-test.js']);
    // A warning for each request that fails, which is most of them in two of the runs.
    const log = join(folder, `${name}.log`);
    const args = [
      'run',
      '--quiet',
      '--log-output',
      `file=${log}`,
      '--no-usage-report',
      // Several run at once.
      '--address',
      '127.0.0.1:0',
      '--summary-export',
      out,
      // What it exports has no 99th percentile unless it is asked for.
      '--summary-trend-stats',
      'avg,max,p(99)',
      '-e',
      `TARGET=${target}`,
      script,
    ];
    const run = spawn(K6, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = (await once(run, 'exit')) as [number | null];
    if (!existsSync(out)) throw new Error(`k6 ended with ${code}: ${readFileSync(log, 'utf8').slice(-2000)}`);
    return { code, summary: JSON.parse(readFileSync(out, 'utf8')) };
  }

  let bounded: Run;
  let unbounded: Run;
  let elsewhere: Run;
  // All at once: together they are a load of 450 requests a second.
  beforeAll(async () => {
    const gated = await startGated(variables, WORK.serviceSeconds);
    // The program itself, without its gate.
    const alone = await startGated(variables, WORK.serviceSeconds, UNBOUNDED);
    [bounded, unbounded, elsewhere] = await Promise.all([
      k6('bounded', `http://127.0.0.1:${gated.port}/`),
      k6('unbounded', `http://127.0.0.1:${alone.target}/`),
      k6('elsewhere', `http://127.0.0.1:${alone.target}/nowhere`),
    ]);
  }, 500_000);

  const ofLoad = ({ summary }: Run, metric: string, name: string) => summary.metrics[`${metric}{scenario:${name}}`];

  test('no threshold of the plan is missed', () => {
    // In the export `true` is a threshold that was crossed.
    const crossed = Object.entries(bounded.summary.metrics).flatMap(([metric, { thresholds = {}, ...values }]) =>
      Object.entries(thresholds)
        .filter(([, isCrossed]) => isCrossed)
        .map(([limit]) => `${metric} ${limit}: ${JSON.stringify(values)}`),
    );
    expect(crossed).toEqual([]);
    expect(bounded.code).toBe(0);
  });

  test('a queue without a bound fails the run: almost nothing is served in time, and nothing is refused', () => {
    expect(unbounded.code).toBe(THRESHOLDS_FAILED);
    expect(ofLoad(unbounded, 'failed', 'load_2').value).toBeGreaterThan(0.5);
    expect(ofLoad(unbounded, 'shed', 'load_2').value).toBe(0);
  });

  test('a wrong address fails the run, however quick its answers are', () => {
    expect(elsewhere.code).toBe(THRESHOLDS_FAILED);
    expect(ofLoad(elsewhere, 'failed', 'load_0_5').value).toBe(1);
  });

  test.each([
    [2, 'load_2'],
    [5, 'load_5'],
  ])('at %d times the capacity as much is refused as predicted, and the rest is in time', (times, name) => {
    const stage = {
      arrivalsPerSecond: (times * SLOTS) / WORK.serviceSeconds,
      ...WORK,
      slots: SLOTS,
      queueBound: plan.value('queueBound'),
      waitSeconds: plan.value('waitSeconds'),
      deadlineSeconds: plan.value('serverDeadlineSeconds'),
    };
    const forecast = boundedForecast(stage, 0.99);
    const { shedRatio, latencySeconds } = forecast;
    const takenIn = plan.value('concurrencyLimit') / (stage.arrivalsPerSecond * plan.value('loadTestStageSeconds'));
    const chance = boundedDeviation(stage, forecast, plan.value('loadTestStageSeconds'), 1);
    prove(
      {
        ...CLAIM,
        metric: `share that is refused at ${times} times the capacity`,
        unit: 'ratio',
        predicted: shedRatio,
        measured: ofLoad(bounded, 'shed', name).value,
        // What the empty queue takes in at first, and three standard deviations.
        tolerance: about((takenIn + 3 * chance.shedRatio) / shedRatio),
      },
      {
        ...CLAIM,
        metric: `P99 of accepted requests at ${times} times the capacity, at most the promise`,
        unit: 's',
        predicted: LATENCY_SECONDS,
        measured: ofLoad(bounded, 'accepted_ms', name)['p(99)'] / 1000,
        tolerance: atMost((0.85 * latencySeconds) / LATENCY_SECONDS),
      },
    );
  });
});
