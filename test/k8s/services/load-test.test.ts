/** The script for k6: every outcome of a request is counted, and each has a threshold that fails where the plan is missed. */
import { runInNewContext } from 'node:vm';
import { OVERRUN_API } from '../../../lib/cases/case-12-unbounded-thread-pool';
import { planService } from '../../../lib/flow/services/plan';
import type { ServiceQuestion } from '../../../lib/flow/services/workload';
import { loadTestScript } from '../../../lib/k8s/services/load-test';
import type { Manifest } from '../../support/manifest';

const question: ServiceQuestion = { ...OVERRUN_API, platform: 'kubernetes' };
const SCALED = scriptOf(question);
const FIXED = scriptOf({ ...question, minInstances: 3, maxInstances: 3 });

/** The script, its options, and what it adds to its metrics for an answer. */
function scriptOf(asked: ServiceQuestion) {
  const plan = planService('Api', asked);
  const source = loadTestScript(plan, asked.workload);
  let answer: object = {};
  let added: Record<string, unknown[]> = {};
  const metric = class {
    constructor(private readonly name: string) {}
    public add(value: unknown): void {
      added[this.name] = [...(added[this.name] ?? []), value];
    }
  };
  const sent: unknown[][] = [];
  const k6 = {
    http: {
      get: (...args: unknown[]) => {
        sent.push(args);
        return answer;
      },
    },
    Counter: metric,
    Rate: metric,
    Trend: metric,
    __ENV: { TARGET: 'http://api/' },
    module: {} as { run?: () => void; options?: Manifest },
  };
  const script = source
    .replace(/^import .*$/gm, '')
    .replace('export const options =', 'const options = module.options =')
    .replace('export default function', 'module.run = function');
  runInNewContext(script, k6);
  const outcome = (status: number, headers: Record<string, string> = {}) => {
    answer = { status, headers, timings: { duration: 7 } };
    added = {};
    k6.module.run!();
    return added;
  };
  return { plan, source, options: JSON.parse(JSON.stringify(k6.module.options)) as Manifest, outcome, sent };
}

describe('each outcome is counted once', () => {
  const { outcome } = SCALED;

  test.each([200, 204, 302])('%d is served, and its time is the latency', (status) => {
    expect(outcome(status)).toEqual({ shed: [false], failed: [false], served: [1], accepted_ms: [7] });
  });

  test('a refusal has a Retry-After; one without is counted as such', () => {
    expect(outcome(503, { 'Retry-After': '1' })).toEqual({ shed: [true], failed: [false] });
    expect(outcome(503)).toEqual({ shed: [true], failed: [false], unmarked: [1] });
  });

  test.each([
    ['no answer in time', 0],
    ['a wrong address', 404],
    ['a handler that throws', 500],
    ['a program that dies', 502],
    ['an answer that takes too long', 504],
    ['a status that is no refusal here', 429],
  ])('%s failed', (_what, status) => {
    expect(outcome(status)).toEqual({ shed: [false], failed: [true] });
  });

  test('with another status of a refusal 503 is a failure', () => {
    const other = scriptOf({ ...question, shedStatus: 429 });
    expect(other.outcome(429, { 'Retry-After': '1' })).toEqual({ shed: [true], failed: [false] });
    expect(other.outcome(503)).toEqual({ shed: [false], failed: [true] });
  });
});

describe('the thresholds', () => {
  const { options, plan } = FIXED;
  const of = (metric: string, name: string): string[] => options.thresholds[`${metric}{scenario:${name}}`];
  const NAMES = ['load_0_5', 'load_1', 'load_2', 'load_5'];

  test('each outcome of each load has one, and so has what k6 could not send', () => {
    const metrics = ['accepted_ms', 'served', 'shed', 'failed', 'dropped_iterations'];
    const wanted = NAMES.flatMap((name) => metrics.map((metric) => `${metric}{scenario:${name}}`));
    expect(Object.keys(options.thresholds).sort()).toEqual([...wanted, 'unmarked'].sort());
    expect(options.thresholds.unmarked).toEqual(['count==0']);
  });

  test('in overload as much is refused as planned: neither more, which serves too few, nor less, which nothing bounds', () => {
    expect(of('shed', 'load_2')).toEqual(['rate<=0.52', 'rate>=0.48']);
    expect(of('shed', 'load_5')).toEqual(['rate<=0.82', 'rate>=0.78']);
    // At its capacity a queue is full now and then: what the plan says, and 2 points.
    expect(of('shed', 'load_1')).toEqual(['rate<=0.0328']);
    expect(of('shed', 'load_0_5')).toEqual(['rate<=0.02']);
  });

  test('nine tenths of what the plan serves are served: in overload almost the capacity', () => {
    const count = (name: string) => Number(/^count>=(\d+)$/.exec(of('served', name)[0])![1]);
    expect(count('load_0_5')).toBeGreaterThan(0.88 * 450 * 60);
    expect(count('load_0_5')).toBeLessThanOrEqual(0.9 * 450 * 60);
    for (const name of ['load_2', 'load_5']) {
      expect(count(name)).toBeGreaterThan(0.88 * plan.predictions.capacityPerSecond * 60);
      expect(count(name)).toBeLessThanOrEqual(0.9 * plan.predictions.capacityPerSecond * 60);
    }
  });

  test('no more than the late ones of the plan fail, and a point beside them', () => {
    for (const name of NAMES) {
      const most = Number(/^rate<=([\d.]+)$/.exec(of('failed', name)[0])![1]);
      expect(most).toBeGreaterThanOrEqual(0.01);
      expect(most).toBeLessThanOrEqual(0.02);
    }
  });

  test('a hundredth of a load may be dropped by k6: with more it was another load', () => {
    expect(of('dropped_iterations', 'load_5')).toEqual(['count<=2700']);
  });

  test('latency is the promise at its quantile', () => {
    expect(of('accepted_ms', 'load_2')).toEqual(['p(99)<=400']);
  });
});

test('half, all, twice and five times the capacity, one after another', () => {
  expect(Object.values(FIXED.options.scenarios).map(({ rate }: Manifest) => rate)).toEqual([450, 900, 1800, 4500]);
  expect(Object.values(FIXED.options.scenarios).map(({ startTime }: Manifest) => startTime)).toEqual([
    '0s',
    '75s',
    '150s',
    '225s',
  ]);
});

test('where pods are started for the load nothing is judged until they run', () => {
  const { options, plan } = SCALED;
  const { warm_up: warmUp, load_0_5: first } = options.scenarios;
  expect(warmUp.rate).toBe(900);
  expect(Number.parseInt(warmUp.duration, 10)).toBeGreaterThanOrEqual(plan.predictions.reactionSeconds);
  expect(Number.parseInt(first.startTime, 10)).toBeGreaterThan(Number.parseInt(warmUp.duration, 10));
  expect(Object.keys(options.thresholds).filter((name) => name.includes('warm_up'))).toEqual([]);
});

test('a request waits for as long as a caller does, and goes to the target', () => {
  FIXED.outcome(200);
  expect(FIXED.sent.at(-1)).toEqual(['http://api/', { timeout: '440ms' }]);
});
