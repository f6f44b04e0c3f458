/** Amazon MQ for RabbitMQ: what the reaction of 300 s costs, and what a broker's disk and connections allow. */
import fc from 'fast-check';
import { ORDERS } from '../../../lib/cases/case-02-order-peak';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { AMAZON_MQ_HOSTS, AMAZON_MQ_LIMITS } from '../../../lib/flow/queue/brokers/amazon-mq-hosts';
import { planQueue } from '../../../lib/flow/queue/plan';
import { PLATFORM_FACTS } from '../../../lib/flow/queue/platforms/facts';
import type { QueueQuestion } from '../../../lib/flow/queue/question';
import { runs } from '../../support/property';
import { refusalOf } from '../../support/refused';

const QUESTION: QueueQuestion = { workload: ORDERS.workload, ...ORDERS.on.aws };
const plan = (more: Partial<QueueQuestion> = {}) => planQueue('Orders', { ...QUESTION, ...more });
const refusal = (more: Partial<QueueQuestion>) => {
  try {
    plan(more);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was planned');
};

describe('case 2, known answers', () => {
  test('a task helps after 60 + 180 + 60 s', () => {
    const { pollSeconds, decideSeconds, startSeconds } = PLATFORM_FACTS.fargate;
    expect([pollSeconds, decideSeconds, startSeconds]).toEqual([60, 180, 60]);
    expect(plan().predictions.reactionSeconds).toBe(300);
  });

  test.each([
    // (111 − 0.85 × 5,000 ÷ R) × 0.05 s: 2.72 busy slots of 5.55 at R = 75, 4.84 at R = 300.
    ['R = 75', { pollSeconds: 15, decideSeconds: 0, startSeconds: 60 }, 2.72, 2],
    ['R = 300', { pollSeconds: 60, decideSeconds: 180, startSeconds: 60 }, 4.84, 3],
  ])('with next to no head-room, %s keeps enough tasks of 2 for 5,000 waiting orders', (_, times, busySlots, least) => {
    const reaction = Object.values(times).reduce((sum, seconds) => sum + seconds, 0);
    expect((111 - (0.85 * 5000) / reaction) * 0.05).toBeCloseTo(busySlots, 1);
    const made = plan({
      objective: { ...QUESTION.objective, headroom: 1.001 },
      consumer: { slotsPerInstance: 2, ...times },
    });
    expect(made.value('minInstances')).toBe(least);
    expect(made.predictions.peakBacklog).toBeLessThan(5000);
  });

  test('with head-room for a quarter more, Kubernetes keeps 2 of 4 pods and Amazon MQ 4 of 4 tasks', () => {
    const onK8s = planQueue('Orders', { workload: ORDERS.workload, ...ORDERS.on.k8s });
    const crew = (made: typeof onK8s) => [made.value('minInstances'), made.value('maxInstances')];
    expect([crew(onK8s), crew(plan())]).toEqual([
      [2, 4],
      [4, 4],
    ]);
  });

  test('the knobs of the queue', () => {
    const made = plan({ brokerConnections: 1500 });
    const value = (name: string) => made.value(name);
    // 111 × 1,800 + 20 × 1,800 in an outage of an hour.
    expect(value('maxLength')).toBe(235_800);
    expect(value('prefetch')).toBe(3);
    expect(value('deliveryLimit')).toBe(4);
    expect(value('peakQueueBytes')).toBe(235_800 * 2048);
    expect(value('deadLetterMaxBytes')).toBe(2e9);
    expect(value('connections')).toBe(8);
    expect(value('alarmConnections')).toBe(1200);
    expect(value('policyPriority')).toBeGreaterThan(1);
  });
});

test('a plan has an alarm on connections only where it is known how many a broker accepts', () => {
  expect(plan().knobs.some(({ name }) => name === 'alarmConnections')).toBe(false);
});

test('a consumer time-out only where an item may take longer than half an hour', () => {
  const slow = { steadyPerSecond: 0.01, serviceSeconds: 1200 };
  const made = planQueue('Render', { ...QUESTION, workload: slow, objective: { latencySeconds: 86_400 } });
  expect(made.value('consumerTimeoutSeconds')).toBeGreaterThan(1800);
  expect(plan().knobs.some(({ name }) => name === 'consumerTimeoutSeconds')).toBe(false);
});

describe('refused, with ways out that were each solved', () => {
  test('too few tasks for the reaction', () => {
    const error = refusal({ consumer: { slotsPerInstance: 2, minInstances: 2 } });
    expect(error).toBeInstanceOf(CapacityError);
    expect(error.message).toMatch(/keep \d instances running/);
    const [, least] = /keep (\d) instances running/.exec(error.message)!;
    expect(() => plan({ consumer: { slotsPerInstance: 2, minInstances: Number(least) } })).not.toThrow();
  });

  test('a full queue above half of the disk', () => {
    const workload = { ...ORDERS.workload, itemBytes: 100_000 };
    const { message } = refusal({ workload });
    const [, gigabytes] = /; (\d+) GB of storage/.exec(message)!;
    const [, outage] = /a consumerOutage of (\d+) s/.exec(message)!;
    expect(() => plan({ workload, brokerStorageBytes: Number(gigabytes) * 1e9 })).not.toThrow();
    expect(() => plan({ workload, brokerStorageBytes: (Number(gigabytes) - 1) * 1e9 })).toThrow();
    expect(() => plan({ workload, consumerOutageSeconds: Number(outage) })).not.toThrow();
  });

  test('more connections than a node accepts', () => {
    const { message } = refusal({ brokerConnections: 7 });
    expect(message).toBe(
      'Orders: 4 instances have 8 connections while a deployment replaces them, the broker accepts 7; a broker that accepts 8 connections, or 3 slots an instance',
    );
    expect(() => plan({ brokerConnections: 8 })).not.toThrow();
    expect(() => plan({ brokerConnections: 7, consumer: { slotsPerInstance: 3 } })).not.toThrow();
  });

  test('one instance, and nobody may wait until it is replaced', () => {
    expect(refusal({ failoverSeconds: 300 }).message).toContain('a cluster of three nodes, or 300 s of latency');
    expect(() =>
      plan({ failoverSeconds: 300, objective: { ...QUESTION.objective, latencySeconds: 300 } }),
    ).not.toThrow();
  });

  test.each([
    ['itemBytes must be at most 524288', { workload: { ...ORDERS.workload, itemBytes: 524_289 } }],
    ['brokerConnections must be a whole number', { brokerConnections: 0.5 }],
    ['brokerStorageBytes must be', { brokerStorageBytes: 1 }],
    ['failoverSeconds must be', { failoverSeconds: -1 }],
  ])('%s', (message, more) => {
    const error = refusalOf(() => plan(more));
    expect(String(error)).toContain(message);
    expect(refusal(more)).toBeInstanceOf(InvalidInputError);
  });
});

test('the sizes of brokers grow, and the smallest storage is the default', () => {
  const connections = Object.values(AMAZON_MQ_HOSTS).map((host) => host.connections);
  expect([...connections].sort((a, b) => a - b)).toEqual(connections);
  expect(plan().value('brokerStorageBytes')).toBe(AMAZON_MQ_LIMITS.storageBytes);
});

test('more load never needs fewer bytes, connections or tasks', () => {
  const names = ['minInstances', 'maxInstances', 'maxLength', 'peakQueueBytes', 'connections'];
  fc.assert(
    fc.property(
      fc.double({ min: 1, max: 40, noNaN: true }),
      fc.double({ min: 1, max: 2, noNaN: true }),
      (steady, times) => {
        const made = (by: number) =>
          planQueue('Orders', {
            ...QUESTION,
            objective: { latencySeconds: 90 },
            workload: {
              steadyPerSecond: steady * by,
              peakPerSecond: 4 * steady * by,
              peakSeconds: 600,
              serviceSeconds: 0.05,
            },
          });
        const [less, more] = [made(1), made(times)];
        for (const name of names) expect(more.value(name)).toBeGreaterThanOrEqual(less.value(name));
      },
    ),
    { numRuns: Math.min(runs, 50) },
  );
});
