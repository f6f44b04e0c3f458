/** Every way out of a refusal leads to a plan: it is followed by its words, on every platform and from every broker. */
import { CapacityError } from '../../../lib/flow/errors';
import { Random } from '../../../lib/flow/numerics/random';
import { planQueue } from '../../../lib/flow/queue/plan';
import type { QueueQuestion } from '../../../lib/flow/queue/question';
import { ADVICE, followed } from './follow';
import { PAIRS, tightQuestion } from './random-questions';

const DRAWS = process.env.LONG ? 200 : 3;

function refusal(question: QueueQuestion): CapacityError | undefined {
  try {
    planQueue('Orders', question);
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
  return undefined;
}

/** The error that a question meets, in a line. */
function outcome(question: QueueQuestion): string {
  try {
    planQueue('Orders', question);
  } catch (error) {
    return String(error);
  }
  return 'planned';
}

/** What is wrong with the ways out of a refusal. */
function deadEnds(question: QueueQuestion, { waysOut }: CapacityError): string[] {
  return waysOut
    .filter((way) => !ADVICE.includes(way))
    .flatMap((way) => {
      const changed = followed(question, way);
      if (changed === undefined) return [`${way} cannot be followed`];
      const end = outcome(changed);
      return end === 'planned' ? [] : [`${way} of ${JSON.stringify(question)}: ${end}`];
    });
}

/** Ways that a refusal names and that can be followed. */
function followable(question: QueueQuestion): string[] {
  return (refusal(question)?.waysOut ?? []).filter((way) => !ADVICE.includes(way));
}

test.each(PAIRS)('$platform from $broker: every way out that is named leads out', (pair) => {
  const random = new Random(7);
  let refused = 0;
  let helped = 0;
  for (let drawn = 0; drawn < DRAWS; drawn += 1) {
    const question = tightQuestion(random, pair);
    const error = refusal(question);
    if (error === undefined) continue;
    refused += 1;
    expect(deadEnds(question, error)).toEqual([]);
    if (error.waysOut.some((way) => !ADVICE.includes(way))) helped += 1;
  }
  expect(refused).toBeGreaterThan(0);
  // Of a promise that breaks three bounds at once no one or two changes keep all; that is an exception.
  expect(helped).toBeGreaterThanOrEqual(refused / 2);
});

const peak = { steadyPerSecond: 4, peakPerSecond: 40, peakSeconds: 600, serviceSeconds: 1 };

test.each<[string, QueueQuestion, RegExp]>([
  [
    'a job per item bounded by hand',
    { platform: 'keda-job', workload: peak, objective: { latencySeconds: 100 }, consumer: { maxInstances: 200 } },
    /^allow \d+ instances$/,
  ],
  [
    'a worker that sleeps longer than the promise, with items that take too long for it awake, too',
    {
      platform: 'keda',
      broker: 'rabbitmq',
      workload: { ...peak, serviceSeconds: 5 },
      objective: { latencySeconds: 6 },
      scaleToZero: true,
    },
    /^promise at least \d+ s$/,
  ],
  [
    'a worker that wakes up in time, but not with its backlog',
    {
      platform: 'fargate',
      workload: { ...peak, serviceSeconds: 5 },
      objective: { latencySeconds: 100 },
      scaleToZero: true,
    },
    /^promise at least \d+ s$/,
  ],
  [
    'a longer attempt than SQS hides a message for, with a batch window',
    {
      platform: 'lambda',
      workload: { steadyPerSecond: 0.001, serviceSeconds: 20_000, serviceVariation: 0.3 },
      objective: { latencySeconds: 900_000 },
      batchWindowSeconds: 100,
    },
    /^[\d,.]+ s per item$/,
  ],
  [
    'a longer attempt than the longest deadline of Pub/Sub',
    {
      platform: 'cloud-run',
      workload: { steadyPerSecond: 0.001, serviceSeconds: 20_000, serviceVariation: 0.7 },
      objective: { latencySeconds: 900_000 },
    },
    /^[\d,.]+ s per item$/,
  ],
  [
    'ninety thousand busy functions',
    {
      platform: 'lambda',
      workload: { steadyPerSecond: 90_000, serviceSeconds: 1 },
      objective: { latencySeconds: 600 },
    },
    /^\d+ queues with 1\/\d+ of it each$/,
  ],
  [
    'provisioned pollers over a ceiling of the cost',
    {
      platform: 'lambda-provisioned',
      workload: peak,
      objective: { latencySeconds: 60, monthlyCost: 400 },
      consumer: { instanceHourCost: 0.05 },
    },
    /^[\d,]+ USD a month$/,
  ],
  [
    'fewer partitions than consumers are needed',
    { platform: 'keda', broker: 'kafka', workload: peak, objective: { latencySeconds: 20 }, partitions: 10 },
    /^\d+ partitions$/,
  ],
])('%s: the way out is named and leads out', (_what, question, way) => {
  const error = refusal(question);
  expect(error?.waysOut).toContainEqual(expect.stringMatching(way));
  expect(deadEnds(question, error!)).toEqual([]);
});

test('nothing is offered beyond a limit that cannot be raised', () => {
  const instances = { platform: 'cloud-run', objective: { latencySeconds: 20 } } as const;
  const workload = { steadyPerSecond: 900, peakPerSecond: 2000, peakSeconds: 600, serviceSeconds: 1 };
  const ways = followable({ ...instances, workload, consumer: { maxInstances: 900 } });
  expect(ways.filter((way) => /instances/.test(way))).toEqual([]);
  expect(ways.length).toBeGreaterThan(0);
});

test('a function of 15 minutes is not offered for items that no function can finish', () => {
  const ways = followable({
    platform: 'lambda',
    workload: { steadyPerSecond: 0.001, serviceSeconds: 2000 },
    objective: { latencySeconds: 400_000 },
  });
  expect(ways.join()).not.toContain('functionTimeout');
});

test('where no single change is enough, two that are enough together are named', () => {
  const question: QueueQuestion = {
    platform: 'keda-job',
    broker: 'rabbitmq',
    workload: { steadyPerSecond: 1, peakPerSecond: 10, peakSeconds: 600, serviceSeconds: 10 },
    objective: { latencySeconds: 20 },
    consumer: { maxInstances: 20 },
  };
  const ways = followable(question);
  expect(ways).toContainEqual(expect.stringContaining(' together with '));
  expect(deadEnds(question, refusal(question)!)).toEqual([]);
});
