/** The script for k6: every outcome of a request is counted, and each has a threshold that fails where the plan is missed. */
import { runInNewContext } from 'node:vm';
import { OVERRUN_API } from '../../../lib/cases/case-12-unbounded-thread-pool';
import { Random } from '../../../lib/flow/numerics/random';
import { shedRatio } from '../../../lib/flow/services/bounded';
import { loadStages } from '../../../lib/flow/services/load-test';
import { planService } from '../../../lib/flow/services/plan';
import { type BoundedServer, runBoundedServer } from '../../../lib/flow/services/simulation';
import type { ServiceQuestion } from '../../../lib/flow/services/workload';
import { loadTestScript } from '../../../lib/k8s/services/load-test';
import type { Manifest } from '../../support/manifest';

const question: ServiceQuestion = { ...OVERRUN_API, platform: 'kubernetes' };
const SCALED = scriptOf(question);
const FIXED = scriptOf({ ...question, minInstances: 3, maxInstances: 3 });
/** One small instance: what comes in a minute strays most. */
const SMALL: ServiceQuestion = {
  ...question,
  workload: { peakPerSecond: 20, serviceSeconds: 0.4, serviceVariation: 0.5 },
  objective: { latencySeconds: 1.6, errorRatio: 0.05 },
  slotsPerInstance: 12,
  minInstances: 1,
  maxInstances: 1,
};

const seconds = (text: string) => Number.parseInt(text, 10);
const requestsPerSecond = ({ rate, env }: Manifest) => rate * Number(env.REQUESTS);

/** The script, its options, and what it adds to its metrics for an answer. */
function scriptOf(asked: ServiceQuestion) {
  const plan = planService('Api', asked);
  const source = loadTestScript(plan, loadStages(plan, asked.workload));
  let answer: object = {};
  let added: Record<string, unknown[]> = {};
  const metric = class {
    constructor(private readonly name: string) {}
    public add(value: unknown): void {
      added[this.name] = [...(added[this.name] ?? []), value];
    }
  };
  const batches: unknown[][] = [];
  const draws: number[] = [];
  const random = new Random(1);
  const k6 = {
    http: {
      batch: (requests: unknown[]) => {
        batches.push(requests);
        return requests.map(() => answer);
      },
    },
    Math: { exp: Math.exp, random: () => draws.shift() ?? random.uniform() },
    Counter: metric,
    Rate: metric,
    Trend: metric,
    __ENV: { TARGET: 'http://api/', REQUESTS: '1' },
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
    // One request: the product of two draws is below 1 ÷ e.
    draws.push(0.9, 0.1);
    k6.module.run!();
    return added;
  };
  const setEnv = (name: string, value: string) => {
    (k6.__ENV as Record<string, string>)[name] = value;
  };
  const iteration = () => {
    added = {};
    k6.module.run!();
  };
  return {
    plan,
    source,
    options: JSON.parse(JSON.stringify(k6.module.options)) as Manifest,
    outcome,
    iteration,
    setEnv,
    batches,
  };
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
    // 2 points, three standard deviations of 108,000 and of 270,000 requests, and below what 3 pods take in at first.
    expect(of('shed', 'load_2')).toEqual(['rate<=0.5256', 'rate>=0.4724']);
    expect(of('shed', 'load_5')).toEqual(['rate<=0.8217', 'rate>=0.7774']);
    // At its capacity a queue is full now and then, that of the pod with more connections more often.
    expect(of('shed', 'load_1')).toEqual(['rate<=0.1006']);
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

test('all, twice and five times the capacity, one after another, and half of it at the end', () => {
  const stages = Object.entries<Manifest>(FIXED.options.scenarios);
  expect(stages.map(([name, stage]) => [name, requestsPerSecond(stage), stage.startTime, stage.duration])).toEqual([
    ['load_1', 900, '0s', '60s'],
    ['load_2', 1800, '75s', '60s'],
    ['load_5', 4500, '150s', '60s'],
    ['load_0_5', 450, '225s', '60s'],
  ]);
});

test('a service of 2.5 requests a second gets exactly its loads, by iterations that seldom send one', () => {
  const { options } = scriptOf({
    ...SMALL,
    workload: { peakPerSecond: 0.5, serviceSeconds: 0.4, serviceVariation: 0.5 },
    slotsPerInstance: 1,
  });
  const stages = Object.values<Manifest>(options.scenarios);
  for (const [index, rate] of [2.5, 5, 12.5, 1.25].entries())
    expect(requestsPerSecond(stages[index])).toBeCloseTo(rate, 9);
  // Twenty for each request, and a hundred at most.
  expect(stages.map(({ rate }) => rate)).toEqual([50, 100, 100, 25]);
});

describe('a slow service', () => {
  const slow = scriptOf({
    ...SMALL,
    workload: { peakPerSecond: 0.2, serviceSeconds: 50, serviceVariation: 0.5 },
    objective: { latencySeconds: 200, errorRatio: 0.05 },
    slotsPerInstance: 30,
    minInstances: 2,
    maxInstances: 4,
  });
  const { scenarios, thresholds } = slow.options;

  test('has stages so long that what empty queues take in is a twentieth, and an unbounded queue is found', () => {
    const taken =
      (4 * slow.plan.value('concurrencyLimit')) /
      (requestsPerSecond(scenarios.load_2) * seconds(scenarios.load_2.duration));
    expect(taken).toBeLessThanOrEqual(0.05);
    expect(taken).toBeGreaterThan(0.04);
    expect(thresholds['shed{scenario:load_2}']).toHaveLength(2);
  });

  test('has its last answers before the next stage, and keeps its pods until then', () => {
    const gap =
      seconds(scenarios.load_2.startTime) - seconds(scenarios.load_1.startTime) - seconds(scenarios.load_1.duration);
    expect(gap).toBeLessThan(slow.plan.value('scaleDownStabilizationSeconds'));
    expect(gap).toBeGreaterThanOrEqual(slow.plan.value('callerTimeoutSeconds'));
    expect(seconds(scenarios.load_0_5.gracefulStop)).toBeGreaterThanOrEqual(slow.plan.value('callerTimeoutSeconds'));
  });

  test('is refused where pods would go while answers are awaited, and one whose test takes days', () => {
    const of = (latencySeconds: number, peakPerSecond: number, serviceSeconds: number, maxInstances: number) => () =>
      scriptOf({
        ...SMALL,
        workload: { peakPerSecond, serviceSeconds, serviceVariation: 0.5 },
        objective: { latencySeconds, errorRatio: 0.05 },
        slotsPerInstance: 30,
        minInstances: 2,
        maxInstances,
      });
    expect(of(240, 0.2, 60, 4)).toThrow(
      'Api: its load test waits 4.4 min for answers between two loads, and pods are kept for 5 min; leave loadTest out, or test',
    );
    expect(of(3600, 0.01, 600, 4)).toThrow(
      /its load test takes 35.3 h, and 24 h are the most, and waits 66 min for answers between two loads/,
    );
    // Nothing is removed where the pods are fixed.
    expect(of(240, 0.2, 60, 2)).not.toThrow();
  });
});

test('a service that needs more users than one pod has ports for is refused', () => {
  const large = { ...question.workload, peakPerSecond: 180_000 };
  expect(() => scriptOf({ ...question, workload: large })).toThrow(
    /Api: its load test needs [\d,]+ users of k6, and one pod has ports for the connections of 5,646; leave loadTest out/,
  );
});

test('the warm-up lasts as many reactions as the full load takes, which may be more than the peak takes', () => {
  const { options, plan } = scriptOf({ ...question, minInstances: 3, maxInstances: 30 });
  const [reaction, growth] = [
    plan.value('reactionSeconds'),
    plan.value('concurrencyLimit') / plan.value('targetPerReplica'),
  ];
  expect(plan.value('reactions')).toBe(1);
  // 3 → 9 → all.
  expect(3 * growth).toBeLessThan(30);
  expect(3 * growth ** 2).toBeGreaterThan(30);
  expect(seconds(options.scenarios.warm_up.duration)).toBe(2 * reaction + 60);
});

test('connections of the warm-up end, so that those of the stages go to all pods', () => {
  const closed = Object.entries<Manifest>(SCALED.options.scenarios).filter(([, { env }]) => env.CONNECTION === 'close');
  expect(closed.map(([name]) => name)).toEqual(['warm_up']);
  const { outcome, setEnv, batches } = scriptOf(question);
  setEnv('CONNECTION', 'close');
  outcome(200);
  expect(batches.at(-1)).toMatchObject([{ params: { headers: { Connection: 'close' } } }]);
});

test('where pods are started for the load nothing is judged until they run, and half of the load comes when they may go', () => {
  const { options, plan } = SCALED;
  const { warm_up: warmUp, load_1: first, load_5: most, load_0_5: last } = options.scenarios;
  expect(requestsPerSecond(warmUp)).toBe(900);
  expect(seconds(warmUp.duration)).toBeGreaterThanOrEqual(plan.predictions.reactionSeconds);
  expect(seconds(first.startTime)).toBeGreaterThan(seconds(warmUp.duration));
  expect(seconds(last.startTime)).toBeGreaterThan(seconds(most.startTime));
  expect(Object.keys(options.thresholds).filter((name) => name.includes('warm_up'))).toEqual([]);
});

test('a request waits for as long as a caller does, and goes to the target', () => {
  FIXED.outcome(200);
  expect(FIXED.batches.at(-1)).toEqual([
    { method: 'GET', url: 'http://api/', params: { timeout: '440ms', headers: {} } },
  ]);
});

test('callers come by chance: the requests of an iteration are Poisson, one in the mean', () => {
  const script = scriptOf(question);
  const iterations = 10_000;
  for (let i = 0; i < iterations; i += 1) script.iteration();
  const share = (count: number) => script.batches.filter(({ length }) => length === count).length / iterations;
  // e⁻¹ ÷ n!, within four standard deviations.
  for (const [count, probability] of [0.3679, 0.3679, 0.1839, 0.0613, 0.0153].entries())
    expect(Math.abs(share(count) - probability)).toBeLessThan(4 * Math.sqrt(probability / iterations));
  const most = Math.max(...script.batches.map(({ length }) => length));
  expect(most).toBeGreaterThan(5);
  // All are sent at once: more than 6 to one host would wait for each other.
  expect(script.options.batchPerHost).toBeGreaterThan(most);
});

describe.each([
  ['12 slots', SMALL],
  [
    '2 slots, work that varies more',
    { ...SMALL, workload: { peakPerSecond: 2, serviceSeconds: 0.25 }, slotsPerInstance: 2 },
  ],
  [
    'a queue that takes longest to fill',
    {
      ...SMALL,
      workload: { peakPerSecond: 8, serviceSeconds: 0.2, serviceVariation: 2 },
      objective: { latencySeconds: 4, errorRatio: 0.05 },
    },
  ],
])('500 simulated runs of a small service: %s', (_name, asked) => {
  const { options, plan } = scriptOf(asked);
  const RUNS = 500;
  const crosses = (value: number, limit: string): boolean => {
    const [, sign, bound] = /^[a-z0-9()]+(<=|>=)([\d.]+)$/.exec(limit)!;
    return sign === '<=' ? value > Number(bound) : value < Number(bound);
  };
  /** Of the runs, the share that crosses a threshold of this load. */
  function missed(name: string, change: Partial<BoundedServer> = {}): number {
    const { serviceSeconds, serviceVariation = 1 } = asked.workload;
    const server: BoundedServer = {
      requestsPerSecond: requestsPerSecond(options.scenarios[name]),
      serviceSeconds,
      serviceVariation,
      slots: plan.value('slotsPerInstance'),
      queueBound: plan.value('queueBound'),
      patienceSeconds: plan.value('waitSeconds'),
      deadlineSeconds: plan.value('serverDeadlineSeconds'),
      ...change,
    };
    const runs = Array.from({ length: RUNS }, (_, seed) => {
      const { requests, refused, expired, overdue, latencies } = runBoundedServer(
        server,
        seconds(options.scenarios[name].duration),
        seed + 1,
      );
      const values: Record<string, number> = {
        accepted_ms: 1000 * latencies.quantile(0.99),
        served: latencies.count,
        shed: (refused + expired) / requests,
        failed: overdue / requests,
      };
      return Object.entries(values).some(([metric, value]) =>
        options.thresholds[`${metric}{scenario:${name}}`].some((limit: string) => crosses(value, limit)),
      );
    });
    return runs.filter(Boolean).length / RUNS;
  }

  test('one that does as planned passes, but for 1 in 100', () => {
    const all = ['load_1', 'load_2', 'load_5', 'load_0_5'].map((name) => missed(name));
    expect(all.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(0.01);
  });

  test.each([
    ['work takes twice as long', { serviceSeconds: 2 * asked.workload.serviceSeconds }],
    ['half of the slots are missing', { slots: plan.value('slotsPerInstance') / 2 }],
    ['a queue without a bound', { queueBound: 1e6, patienceSeconds: 1e6 }],
  ])('%s: at twice the capacity it fails', (_what, change) => {
    expect(missed('load_2', change)).toBeGreaterThan(0.99);
  });
});

test('of a large one less is overlooked: it fails where a slot in ten is missing', () => {
  const { options, plan } = FIXED;
  const runs = Array.from({ length: 20 }, (_, seed) => {
    const { requests, refused, expired } = runBoundedServer(
      {
        requestsPerSecond: requestsPerSecond(options.scenarios.load_2) / 3,
        serviceSeconds: question.workload.serviceSeconds,
        serviceVariation: question.workload.serviceVariation ?? 1,
        slots: 0.9 * plan.value('slotsPerInstance'),
        queueBound: plan.value('queueBound'),
        patienceSeconds: plan.value('waitSeconds'),
      },
      60,
      seed + 1,
    );
    return (refused + expired) / requests;
  });
  const [most] = options.thresholds['shed{scenario:load_2}'];
  expect(Math.min(...runs)).toBeGreaterThan(Number(most.slice('rate<='.length)));
});

test.each([2, 3, 4, 30])(
  '%d pods, to each of which go some of the connections: at full load one split in 100 refuses more than the limit',
  (instances) => {
    const { options, plan } = scriptOf({
      ...question,
      workload: { ...question.workload, peakPerSecond: 180 * instances },
      minInstances: instances,
      maxInstances: instances,
    });
    const [limit] = options.thresholds['shed{scenario:load_1}'];
    const stage = {
      serviceSeconds: question.workload.serviceSeconds,
      serviceVariation: question.workload.serviceVariation ?? 1,
      slots: plan.value('slotsPerInstance'),
      queueBound: plan.value('queueBound'),
    };
    const connections: number = options.scenarios.load_1.preAllocatedVUs;
    const random = new Random(7);
    const refusedBySplit = () => {
      const counts = Array.from({ length: instances }, () => 0);
      for (let one = 0; one < connections; one += 1) counts[Math.floor(instances * random.uniform())] += 1;
      return counts
        .map((count) => count / connections)
        .reduce(
          (sum, share) =>
            sum + share * shedRatio({ ...stage, arrivalsPerSecond: share * plan.predictions.capacityPerSecond }),
          0,
        );
    };
    const splits = Array.from({ length: 1000 }, refusedBySplit).sort((one, other) => one - other);
    const most = Number(limit.slice('rate<='.length));
    expect(splits[989]).toBeLessThan(most);
    // The limit is no wider than it has to be: two points, chance and the splits.
    expect(most).toBeLessThan(splits[989] + 0.04);
  },
);
