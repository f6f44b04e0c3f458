/** What a plan says of itself is true: one knob a name, the bound that decided, and the numbers that are deployed. */
import { Quantiles } from '../../../lib/flow/numerics/quantiles';
import { breakingMultiple, noticeablyBadPeak } from '../../../lib/flow/queue/expected';
import { planQueue, solveQueue } from '../../../lib/flow/queue/plan';
import type { QueueQuestion } from '../../../lib/flow/queue/question';
import { simulate } from '../../../lib/flow/queue/simulation/simulate';
import { PAIRS } from './random-questions';

const peak = { steadyPerSecond: 4, peakPerSecond: 40, peakSeconds: 600, serviceSeconds: 1 };
const steady = { steadyPerSecond: 10, serviceSeconds: 1 };

test.each(PAIRS)('$platform from $broker: every knob has a name of its own', (pair) => {
  const redrive = pair.broker === 'sqs' ? {} : undefined;
  const { knobs } = planQueue('Orders', { ...pair, workload: peak, objective: { latencySeconds: 600 }, redrive });
  const names = knobs.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

test.each([
  ['a queue with a redriver is watched where it is', {}, 'redrive-queue.md'],
  ['any other by its worker', undefined, 'k8s-queue-worker.md'],
])('%s', (_what, redrive, page) => {
  const question = { platform: 'keda', broker: 'sqs', workload: peak, objective: { latencySeconds: 600 } } as const;
  expect(planQueue('Orders', { ...question, redrive }).knob('alarmWindowSeconds').source).toContain(page);
});

test.each<[string, QueueQuestion, number]>([
  [
    'items of a minute, of which a pod waits for part of one',
    {
      platform: 'keda',
      broker: 'kafka',
      workload: { steadyPerSecond: 0.2, peakPerSecond: 2, peakSeconds: 900, serviceSeconds: 60, serviceVariation: 0.3 },
      objective: { latencySeconds: 160 },
    },
    1,
  ],
  [
    'a job for each item',
    {
      platform: 'keda-job',
      broker: 'rabbitmq',
      workload: { steadyPerSecond: 0.1, serviceSeconds: 60 },
      objective: { latencySeconds: 600 },
    },
    1,
  ],
])('%s: the target that is simulated is the one that is deployed', (_what, question, target) => {
  const { plan, sizing } = solveQueue('Orders', question);
  expect([sizing.consumer.backlogPerInstance, plan.value('targetPerReplica')]).toEqual([target, target]);
});

/** Where every item asks for an instance, the law follows chance: the mean alone would leave a crew at its capacity. */
test.each<[string, QueueQuestion['workload'], number]>([
  ['steady', { steadyPerSecond: 0.2, serviceSeconds: 32.25 }, 900],
  ['steady, near all jobs', { steadyPerSecond: 0.2, serviceSeconds: 39.1 }, 900],
  ['a peak', { steadyPerSecond: 0.05, peakPerSecond: 0.2, peakSeconds: 3600, serviceSeconds: 20 }, 400],
  ['a peak from none', { steadyPerSecond: 0.005, peakPerSecond: 0.2, peakSeconds: 3600, serviceSeconds: 20 }, 400],
])('a job for each item, %s: the prediction agrees with the simulation', (_what, workload, latencySeconds) => {
  const { plan, sizing } = solveQueue('Orders', {
    platform: 'keda-job',
    broker: 'rabbitmq',
    workload,
    objective: { latencySeconds },
    consumer: { maxInstances: 20 },
  });
  const all = new Quantiles();
  for (let seed = 1; seed <= 6; seed += 1) {
    all.merge(simulate({ workload: sizing.workload, consumer: sizing.consumer, seed, timelinePoints: 0 }).latency);
  }
  expect(Math.abs(plan.predictions.latencyP99Seconds / all.quantile(0.99) - 1)).toBeLessThan(0.15);
});

describe('the bound that decided on maxInstances is named', () => {
  const knob = (question: Partial<QueueQuestion>) =>
    planQueue('Orders', { platform: 'fargate', workload: steady, objective: { latencySeconds: 30 }, ...question }).knob(
      'maxInstances',
    );

  test.each<[string, Partial<QueueQuestion>, RegExp, object]>([
    ['the promise', {}, /fewest slots c/, { latencySeconds: 30 }],
    ['a minimum by hand', { consumer: { minInstances: 50 } }, /minInstances, given by hand/, { minInstances: 50 }],
    ['the backlog', { objective: { latencySeconds: 300, maxBacklog: 3 } }, /at most maxBacklog/, { maxBacklog: 3 }],
    ['a number by hand', { consumer: { maxInstances: 100 } }, /^given$/, {}],
  ])('%s', (_what, question, formula, inputs) => {
    expect(knob(question).formula).toMatch(formula);
    expect(knob(question).inputs).toMatchObject(inputs);
  });

  test('partitions', () => {
    const bounded = knob({ platform: 'keda', broker: 'kafka', partitions: 12, consumer: { minInstances: 12 } });
    expect(bounded).toMatchObject({ value: 12, inputs: { instanceLimit: 12 }, source: 'instanceLimit' });
  });
});

test('a crew that was given was not sized for head-room, and none is stated', () => {
  const made = planQueue('Orders', {
    platform: 'fargate',
    workload: steady,
    objective: { latencySeconds: 30 },
    consumer: { minInstances: 100, maxInstances: 100 },
  });
  expect(made.knobs.map(({ name }) => name)).not.toContain('headroom');
  expect(made.explain()).not.toContain('is usual');
});

test('jobs start from none, which no formula of a crew explains, and the start of a job is in the work of an item', () => {
  const made = planQueue('Orders', {
    platform: 'keda-job',
    broker: 'rabbitmq',
    workload: { steadyPerSecond: 0.1, serviceSeconds: 60 },
    objective: { latencySeconds: 600 },
  });
  expect(made.knob('minInstances')).toMatchObject({ value: 0, formula: expect.stringContaining('a job starts') });
  expect(made.knob('maxInstances')).toMatchObject({
    formula: expect.stringContaining('the start of its job'),
    inputs: { workSeconds: 90, startSeconds: 30 },
  });
});

test('the age of the depth that SQS publishes is named as an assumption', () => {
  const { BROKER_FACTS } = require('../../../lib/flow/queue/brokers/facts');
  expect(BROKER_FACTS.sqs.source).toMatch(/assumption.*at least a minute after producers stop/);
});

test('a drain is stated after a peak, and not without one', () => {
  const text = (workload: QueueQuestion['workload']) =>
    planQueue('Orders', { workload, objective: { latencySeconds: 60 } }).explain();
  expect(text(peak)).toMatch(/drained/);
  expect(text(steady)).not.toMatch(/drained|the end of the peak/);
});

test('a bad peak is worth a line from a tenth of the P99 on; a promise that no multiple breaks says so', () => {
  const bad = (badPeakP99Seconds: number | undefined) =>
    noticeablyBadPeak({ badPeakP99Seconds, latencyP99Seconds: 10 });
  expect([bad(undefined), bad(10.9), bad(11.1), bad(8.9)]).toEqual([undefined, undefined, 11.1, 8.9]);
  expect([breakingMultiple(1.2345), breakingMultiple(), breakingMultiple(Number.POSITIVE_INFINITY)]).toEqual([
    '1.23 ×',
    'no multiple of',
    'no multiple of',
  ]);
});
