/** Webhooks on Kafka: the numbers of the receiver, the topic and the consumers, each with a known answer. */
import * as fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planStream } from '../../../lib/flow/streams/plan';
import { runStream } from '../../../lib/flow/streams/run';
import { BODY_BYTES } from '../../../lib/flow/webhooks/checks';
import { planWebhooks, solveWebhooks } from '../../../lib/flow/webhooks/plan';
import { ATTRIBUTE_BYTES } from '../../../lib/flow/webhooks/stream';
import type { WebhookQuestion } from '../../../lib/flow/webhooks/workload';
import { deadLetter } from '../../../lib/runtime/stream-worker/dead-letter';
import { ATTRIBUTES } from '../../../lib/runtime/webhook-receiver/contract';
import { runs } from '../../support/property';

const DAY = 86_400;
const shop: WebhookQuestion = {
  workload: { steadyPerSecond: 20, peakPerSecond: 80, peakSeconds: 600, serviceSeconds: 0.07, itemBytes: 4096 },
  objective: { latencySeconds: 60 },
};
const plan = planWebhooks('Hooks', shop);
const message = (change: Partial<WebhookQuestion>): string => {
  try {
    planWebhooks('Hooks', { ...shop, ...change });
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was refused';
};

test.each<[string, number, string]>([
  ['receiverConcurrency', 80, 'assumed'],
  ['receiverReplicas', 2, 'max(2, ⌈2 × 80/s × 0.1 s ÷ 80⌉ = 1, ⌈2 × 80/s × 0.002 s ÷ 0.6⌉ = 1)'],
  ['receiverMaxReplicas', 4, 'twice as many'],
  ['receiverMemoryMiB', 512, '256 + 80 × 3 × 1,040,384 bytes, in steps of 128'],
  ['producerByteRate', 4 * 80 * 4596, '4 × 80/s × 4,596 bytes'],
  ['publishTimeoutSeconds', 8, '10 s of GitHub less 2'],
  ['maxBodyBytes', 1_040_384, '1 MiB − 8 KiB'],
  ['instances', 8, '80/s × 70 ms = 5.6, and the busiest is busy 85 % of its time at most'],
  ['partitions', 24, 'twice the consumers, a number with many divisors'],
  ['retryAttempts', 5, 'a record at a time'],
  ['replicas', 3, ''],
  ['minInsyncReplicas', 2, ''],
  ['retentionSeconds', 7 * DAY, 'a week'],
  [
    'segmentSeconds',
    60_480,
    'a tenth of the week, and not the 7 days of Kafka, with which deliveries would be kept for two',
  ],
  ['keptSeconds', 7 * DAY + 60_480 + 360, 'until a segment of deliveries is deleted'],
  [
    'topicBytes',
    3 * 4596 * (20 * (7 * DAY + 60_840) + 60 * 600 * 8),
    'arrivals of that age, 600 s of each of eight days at 80/s, × 4,596 bytes × 3',
  ],
  ['idempotencySeconds', 14 * DAY, 'two weeks, longer than deliveries are kept'],
  ['maxMessageBytes', 1_048_588, 'of both topics'],
  ['batchBytes', 1_048_588, 'of the receiver: as much as the topic takes'],
  ['leavingSeconds', 5, ''],
  ['terminationGracePeriodSeconds', 15, '5 + 9 + 1'],
])('%s is %d (%s)', (name, value) => {
  expect(plan.value(name)).toBe(value);
});

// Kafka mutes a connection for (bytes ÷ 10 s − quota) ÷ quota × 10 s: at 6,096 bytes/s one body of 1 MB for 160 s.
test.each<[string, WebhookQuestion['receiver'], number]>([
  ['of the usual size: 4 × (1,040,384 + 500) ÷ 10', {}, 416_354],
  ['of 100 kB: 4 × (100,000 + 500) ÷ 10', { maxBodyBytes: 100_000 }, 40_200],
  ['of 4 kB: 4 × 1/s × 1,524 is more', { maxBodyBytes: 4000 }, 6096],
])('at a peak of 1/s the quota lets four largest bodies through, %s', (_, receiver, bytesPerSecond) => {
  const quiet = { steadyPerSecond: 1, peakPerSecond: 1, peakSeconds: 600, serviceSeconds: 0.07 };
  const { value, inputs } = planWebhooks('Hooks', { ...shop, workload: quiet, receiver }).knob('producerByteRate');
  expect(value).toBe(bytesPerSecond);
  expect(inputs.windowSeconds).toBe(10);
});

test('the flood of case 15 needs four receivers for their processors', () => {
  const flood = { steadyPerSecond: 50, peakPerSecond: 506.5, peakSeconds: 3600, serviceSeconds: 0.1 };
  // 2 × 506.5 × 0.002 ÷ 0.6 = 3.4; 2 × 506.5 × 0.1 ÷ 80 = 1.3.
  expect(planWebhooks('Hooks', { ...shop, workload: flood }).value('receiverReplicas')).toBe(4);
});

describe('what waits for the brokers goes together, in a batch that the topic takes', () => {
  const busy = { steadyPerSecond: 500, serviceSeconds: 0.01 };
  const podsOf = (change: Partial<WebhookQuestion>) =>
    planWebhooks('Hooks', { ...shop, receiver: { cpuSeconds: 0.0001 }, ...change }).value('receiverReplicas');

  test('bodies of which fewer fit into one than are in work need more pods', () => {
    // 2 × 500/s × 0.1 s = 100 at once: 80 small ones in a pod, and of 100 kB ⌊1,048,588 ÷ 100,500⌋ = 10.
    expect(podsOf({ workload: { ...busy, itemBytes: 1000 } })).toBe(2);
    expect(podsOf({ workload: { ...busy, itemBytes: 100_000 } })).toBe(10);
  });

  test('of a topic that is there only the largest body and its headers are certain', () => {
    const there: Partial<WebhookQuestion> = { existingTopic: true, receiver: { maxBodyBytes: 10_000 } };
    expect(planWebhooks('Hooks', { ...shop, ...there }).value('batchBytes')).toBe(18_192);
    const receiver = { maxBodyBytes: 10_000, cpuSeconds: 0.0001 };
    // ⌊18,192 ÷ 1,500⌋ = 12.
    expect(podsOf({ ...there, receiver, workload: { ...busy, itemBytes: 1000 } })).toBe(9);
  });
});

test('the topic and its consumers are those of the stream plan that the inner construct asks', () => {
  const { plan: solved, stream } = solveWebhooks('Hooks', shop);
  for (const { name, value } of planStream('Stream', stream).knobs)
    expect([name, solved.value(name)]).toEqual([name, value]);
  expect(stream.workload.recordBytes).toBe(4096 + ATTRIBUTE_BYTES);
});

test('tenants in order are keys: the busiest consumer has more than its even share', () => {
  const ordered = planWebhooks('Hooks', { ...shop, order: { tenants: 200 } });
  expect(ordered.predictions.keySkew).toBeGreaterThan(1.2);
  expect(ordered.value('busiestShare')).toBeGreaterThan(1 / ordered.value('instances'));
});

test('an outage longer than half a week has a longer retention', () => {
  const long = planWebhooks('Hooks', { ...shop, outageSeconds: 5 * DAY });
  expect(long.value('retentionSeconds')).toBeGreaterThan(2 * 5 * DAY);
  expect(long.value('idempotencySeconds')).toBe(Math.max(14 * DAY, long.value('keptSeconds')));
  expect(planWebhooks('Hooks', { ...shop, retentionSeconds: 30 * DAY }).value('idempotencySeconds')).toBe(
    33 * DAY + 360,
  );
});

describe('headers', () => {
  const key = 'a'.repeat(64);
  const attributes = (source: string, tenant: string, id: string, event: string): Record<string, string> => ({
    [ATTRIBUTES.source]: source,
    [ATTRIBUTES.claimedTenant]: tenant,
    [ATTRIBUTES.tenant]: tenant,
    [ATTRIBUTES.deliveryId]: id,
    [ATTRIBUTES.event]: event,
    [ATTRIBUTES.idempotencyKey]: key,
    [ATTRIBUTES.receivedAt]: '1790000000000',
  });
  const bytesOf = (headers: Record<string, string>) =>
    Object.entries(headers).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);

  test('of a usual delivery take what is planned', () => {
    const usual = bytesOf(
      attributes('standard-shop', 'tenant-of-usual-length', '3f2504e0-4f89-41d3-9a0c-0305e82c3301', 'pull_request'),
    );
    // The key of the record, and what Kafka writes of lengths and batch.
    expect(usual + key.length + 100).toBeLessThan(ATTRIBUTE_BYTES);
  });

  // One that the broker refuses is never set aside, and holds up its partition for good.
  test('of the largest dead letter fit beside the largest body', () => {
    const letter = deadLetter(
      't'.repeat(249),
      {
        topic: 't'.repeat(249),
        partition: 3999,
        offset: 2n ** 62n,
        value: '',
        bytes: Buffer.alloc(BODY_BYTES.most),
        headers: attributes('s'.repeat(32), 't'.repeat(128), 'i'.repeat(1024), 'e'.repeat(128)),
        sentAtMillis: 0,
      },
      new Error('\u{1F4A5}'.repeat(1000)),
    );
    expect(BODY_BYTES.most + bytesOf(letter.headers) + key.length + 200).toBeLessThan(1_048_588);
  });
});

describe('given by hand', () => {
  test.each<[string, Partial<WebhookQuestion>, number]>([
    ['receiverReplicas', { receiver: { replicas: 5 } }, 5],
    ['receiverMaxReplicas', { receiver: { maxReplicas: 3 } }, 3],
    ['receiverConcurrency', { receiver: { concurrency: 20 } }, 20],
    ['maxBodyBytes', { receiver: { maxBodyBytes: 100_000 } }, 100_000],
    ['partitions', { partitions: 16 }, 16],
    ['instances', { instances: 12 }, 12],
    ['retentionSeconds', { retentionSeconds: 2 * DAY }, 2 * DAY],
  ])('%s', (name, change, value) => {
    const knob = planWebhooks('Hooks', { ...shop, ...change }).knob(name);
    expect([knob.value, knob.formula]).toEqual([value, 'given']);
  });

  test('the patience of a sender is less than the usual', () => {
    expect(planWebhooks('Hooks', { ...shop, receiver: { senderSeconds: 3 } }).value('publishTimeoutSeconds')).toBe(1);
  });
});

test.each<[Partial<WebhookQuestion>, RegExp]>([
  [{ replicas: 2 }, /replicas must be a whole number, between 3 and 100, got 2/],
  [{ receiver: { senderSeconds: 2 } }, /receiver\.senderSeconds must be a whole number, between 3 and 10, got 2/],
  [{ receiver: { maxBodyBytes: 1_048_588 } }, /receiver\.maxBodyBytes must be a whole number, between 1 and 1040396/],
  [{ receiver: { replicas: 1 } }, /receiver\.replicas must be a whole number, between 2 and 1000, got 1/],
  [
    { receiver: { replicas: 5, maxReplicas: 4 } },
    /receiver\.replicas must be at most receiver\.maxReplicas \(4\), got 5/,
  ],
  [{ workload: { ...shop.workload, failureRatio: 0.1 } }, /failureRatio must be left out on Kafka.*got 0\.1/],
  [
    { workload: { ...shop.workload, itemBytes: 2e6 } },
    /itemBytes must be at most the largest body, 1040384, got 2000000/,
  ],
  [{ workload: { ...shop.workload, serviceSeconds: 4000 } }, /serviceSeconds must be at most 3600 on Kafka/],
  [{ objective: { latencySeconds: 60, latencyQuantile: 0.9 } }, /latencyQuantile must be 0\.99 on Kafka, got 0\.9/],
  [{ objective: { latencySeconds: 60, monthlyCost: 10 } }, /monthlyCost must be left out/],
  [
    { retentionSeconds: 3600 },
    /retention must be at least an outage of 4 h and what makes up for it, 17,455 s, got 3,600 s/,
  ],
  [
    { idempotencySeconds: 7 * DAY },
    /idempotencySeconds must be at least the greatest age of a delivery on the topic, 665640 s, got 604800 s/,
  ],
  // The segments of a topic that is there are not known: a week, Kafka's own.
  [{ existingTopic: true, retentionSeconds: 7 * DAY, idempotencySeconds: 14 * DAY }, /on the topic, 1209960 s/],
  [{ partitions: 4, instances: 5 }, /instances must be at most 4/],
  [{ order: { tenants: 4, busiestRatio: 0.1 } }, /order\.busiestRatio must be at least 1 ÷ tenants \(4\), got 0\.1/],
])('%j is refused by name', (change, expected) => {
  expect(message(change)).toMatch(expected);
});

test('all that is wrong is said together', () => {
  const failures = message({
    replicas: 1,
    receiver: { concurrency: 0 },
    partitions: 0,
    objective: { latencySeconds: -1 },
  });
  for (const name of ['replicas', 'receiver.concurrency', 'partitions', 'latencySeconds'])
    expect(failures).toContain(name);
});

describe('too few receivers are a capacity error, whose ways out hold', () => {
  const flood = { ...shop.workload, peakPerSecond: 2000, itemBytes: 2000 };
  const asked: WebhookQuestion = {
    ...shop,
    workload: flood,
    receiver: { maxReplicas: 3, seconds: 0.2, cpuSeconds: 0.0004 },
  };

  test('each by itself', () => {
    expect(message(asked)).toMatch(
      /needs 10 pods for twice 2,000 deliveries\/s, 3 are allowed.*receiver\.replicas of 10.*receiver\.concurrency of 267.*600 deliveries\/s/s,
    );
    for (const receiver of [{ replicas: 10, maxReplicas: 10 }, { concurrency: 267 }])
      expect(message({ ...asked, receiver: { ...asked.receiver, ...receiver } })).toBe('nothing was refused');
    expect(message({ ...asked, workload: { ...flood, peakPerSecond: 600 } })).toBe('nothing was refused');
    expect(message({ ...asked, workload: { ...flood, peakPerSecond: 601 } })).toContain('needs 4 pods');
  });

  test('no concurrency of which fewer fit into one batch', () => {
    // ⌊1,048,588 ÷ 4,596⌋ = 228.
    expect(message({ ...asked, workload: { ...flood, itemBytes: 4096 } })).not.toContain('receiver.concurrency');
  });
});

describe('over random workloads', () => {
  const questions = fc.record({
    workload: fc.record({
      steadyPerSecond: fc.double({ min: 0.1, max: 50, noNaN: true }),
      serviceSeconds: fc.double({ min: 0.001, max: 0.5, noNaN: true }),
      itemBytes: fc.integer({ min: 1, max: 100_000 }),
    }),
    objective: fc.record({ latencySeconds: fc.double({ min: 1, max: 600, noNaN: true }) }),
  });

  test('more load never needs fewer receivers, consumers or bytes; keys outlive deliveries', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const more = {
          ...question,
          workload: { ...question.workload, steadyPerSecond: 2 * question.workload.steadyPerSecond },
        };
        const [one, two] = [question, more].map((asked) => {
          try {
            return planWebhooks('Hooks', asked);
          } catch (error) {
            expect(error instanceof CapacityError || error instanceof InvalidInputError).toBe(true);
            return undefined;
          }
        });
        if (one === undefined || two === undefined) return;
        for (const name of ['receiverReplicas', 'instances', 'topicBytes'])
          expect(two.value(name)).toBeGreaterThanOrEqual(one.value(name));
        expect(one.value('idempotencySeconds')).toBeGreaterThanOrEqual(one.value('keptSeconds'));
        expect(one.value('partitions') % one.value('instances')).toBe(0);
      }),
      { numRuns: runs },
    );
  });

  test('what is planned keeps the promise in the simulation', () => {
    const { plan: solved, stream, sizing } = solveWebhooks('Hooks', shop);
    const run = runStream(stream, sizing, 1);
    expect(run.latency.quantile(0.99)).toBeLessThan(shop.objective.latencySeconds);
    expect(Math.abs(run.latency.quantile(0.99) / solved.predictions.latencyP99Seconds - 1)).toBeLessThan(0.15);
    expect(run.missing).toBe(0);
  });
});
