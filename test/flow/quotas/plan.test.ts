import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planQuotas } from '../../../lib/flow/quotas/plan';
import { producerProperties } from '../../../lib/flow/quotas/producer-settings';
import type { KafkaCapacity, KafkaTenant } from '../../../lib/flow/quotas/workload';
import { runs } from '../../support/property';

const MIB = 2 ** 20;
const cluster: KafkaCapacity = { brokers: 3, brokerBytesPerSecond: 60 * MIB };
const tenant = (name: string, steady: number, more: Partial<KafkaTenant> = {}): KafkaTenant => ({
  name,
  steadyBytesPerSecond: steady * MIB,
  ...more,
});

describe('a quota holds for each broker by itself', () => {
  test('the rate is the share of the cluster ÷ brokers that lead, reckoned with one broker away', () => {
    const plan = planQuotas('Shared', { capacity: cluster, tenants: [tenant('orders', 12)] });
    expect(plan.tenant('orders').producerByteRate).toBe(6 * MIB);
    expect(plan.tenant('orders').producerBytesPerSecond).toBe(12 * MIB);
    expect(plan.value('brokersReckonedWith')).toBe(2);
    const all = planQuotas('Shared', { capacity: { ...cluster, spareBrokers: 0 }, tenants: [tenant('orders', 12)] });
    expect(all.tenant('orders').producerByteRate).toBe(4 * MIB);
  });

  test.each<[number, number]>([
    // One partition has one leader: it gets all of the traffic.
    [1, 12],
    [2, 6],
    // Two brokers are left for three partitions: one of them leads two.
    [3, 8],
    [4, 6],
    [5, 7.2],
  ])('%d partitions: the busiest broker is written %d of 12 MiB/s', (partitions, rate) => {
    const plan = planQuotas('Shared', { capacity: cluster, tenants: [tenant('orders', 12, { partitions })] });
    expect(plan.tenant('orders').producerByteRate).toBe(Math.floor(rate * MIB));
    expect(plan.tenant('orders').producerBytesPerSecond).toBeGreaterThan(12 * MIB - 3);
  });

  test('a broker takes in every byte as often as it is copied, and sends copies before it serves readers', () => {
    const plan = planQuotas('Shared', { capacity: cluster, tenants: [tenant('orders', 12)] });
    expect(plan.value('producerCapacityPerBroker')).toBe(20 * MIB);
    expect(plan.value('consumerCapacityPerBroker')).toBe(60 * MIB - 2 * 6 * MIB);
    const copies = planQuotas('Shared', {
      capacity: { ...cluster, replicationFactor: 1 },
      tenants: [tenant('orders', 12)],
    });
    expect(copies.value('producerCapacityPerBroker')).toBe(60 * MIB);
    expect(copies.value('consumerCapacityPerBroker')).toBe(60 * MIB);
  });

  test('one tenant on one broker, one copy: 1 MiB/s is 1,048,576, as the engine test holds it', () => {
    const one = { brokers: 1, brokerBytesPerSecond: 16 * MIB };
    const plan = planQuotas('One', { capacity: one, tenants: [tenant('alpha', 0.5, { producerBytesPerSecond: MIB })] });
    expect(plan.tenant('alpha').producerByteRate).toBe(1_048_576);
    expect(plan.knob('producerByteRate.alpha').formula).toMatch(/^given/);
  });
});

describe('who gets how much', () => {
  const busy = (name: string, more: Partial<KafkaTenant> = {}) =>
    tenant(name, 2, { peakBytesPerSecond: 100 * MIB, peakSeconds: 60, ...more });

  test('by weight when peaks are more than there is, and nobody more than its peak', () => {
    const plan = planQuotas('Shared', {
      capacity: cluster,
      tenants: [busy('a'), busy('b', { weight: 3 }), tenant('c', 8, { readers: 0 })],
    });
    // 20 MiB/s a broker: 4 for c, the other 16 as 1 : 3.
    expect(plan.tenants.map((one) => Math.round(one.producerByteRate / MIB))).toEqual([4, 12, 4]);
    expect(plan.remarks).toHaveLength(2);
    expect(plan.remarks[0]).toMatch(/^Shared: a is held to 8 MB\/s of its 100 MB\/s at the peak; .* waits 690 s$/);
  });

  test('a rate given by hand is taken out first', () => {
    const plan = planQuotas('Shared', {
      capacity: cluster,
      tenants: [busy('a'), busy('b', { producerBytesPerSecond: 10 * MIB })],
    });
    expect(plan.tenants.map((one) => Math.round(one.producerByteRate / MIB))).toEqual([15, 5]);
  });

  test('a reader may catch up at twice the peak, and each reader counts', () => {
    const plan = planQuotas('Shared', { capacity: cluster, tenants: [tenant('a', 2), tenant('b', 2, { readers: 3 })] });
    expect(plan.tenants.map((one) => one.consumerByteRate / MIB)).toEqual([2, 6]);
  });

  // An answer above the quota of ten seconds is emptied and asked for again: 1,048,588 bytes need 104,859 bytes/s.
  test('a tenant that writes little may still read the largest batch, four of them in ten seconds', () => {
    const quiet = planQuotas('Shared', {
      capacity: { brokers: 1, brokerBytesPerSecond: 100 * MIB },
      tenants: [{ name: 'quiet', steadyBytesPerSecond: 1000 }],
    });
    expect(quiet.tenant('quiet').consumerByteRate).toBe(419_435);
    expect(quiet.remarks).toEqual([]);
  });

  test('where its quota is less, the plan says which batch is never read', () => {
    const remarksOf = (tenant: { consumerBytesPerSecond?: number; readers?: number }) =>
      planQuotas('Shared', {
        capacity: { brokers: 1, brokerBytesPerSecond: 100 * MIB },
        tenants: [{ name: 'quiet', steadyBytesPerSecond: 1000, ...tenant }],
      }).remarks;
    expect(remarksOf({ consumerBytesPerSecond: 5000 })).toEqual([
      expect.stringMatching(/^Shared: a batch of records of quiet above 50,000 bytes is never read/),
    ]);
    expect(remarksOf({ consumerBytesPerSecond: 200_000 })).toEqual([]);
    // Nobody reads it.
    expect(remarksOf({ readers: 0 })).toEqual([]);
  });

  test("threads are shared by weight, out of a hundred percent each; without them there's no such quota", () => {
    const tenants = [tenant('a', 1), tenant('b', 1, { weight: 3 })];
    const plan = planQuotas('Shared', { capacity: { ...cluster, requestThreads: 13 }, tenants });
    expect(plan.tenants.map((one) => one.requestPercentage)).toEqual([325, 975]);
    expect(planQuotas('Shared', { capacity: cluster, tenants }).tenant('a').requestPercentage).toBeUndefined();
  });
});

describe('what no quota can cure is refused, with ways out', () => {
  test('a tenant that writes more on average than its share falls behind for ever', () => {
    const tenants = [tenant('a', 30), tenant('b', 30)];
    expect(() => planQuotas('Shared', { capacity: cluster, tenants })).toThrow(CapacityError);
    expect(() => planQuotas('Shared', { capacity: cluster, tenants })).toThrow(
      /^Shared: a writes 30 MB\/s on average and gets 20 MB\/s: .*; 5 brokers, or brokers of \d+ MB\/s, or \d+ % of the rates/,
    );
  });

  test('readers that could never catch up', () => {
    const tight = [tenant('a', 40, { readers: 1 })];
    expect(() => planQuotas('Shared', { capacity: cluster, tenants: tight })).toThrow(
      /readers of a need more than 40 MB\/s .* get 40 MB\/s/,
    );
  });

  test('rates given by hand that do not fit', () => {
    const given = [tenant('a', 1, { producerBytesPerSecond: 50 * MIB })];
    expect(() => planQuotas('Shared', { capacity: cluster, tenants: given })).toThrow(
      /rates given to producers need 25 MB\/s .* takes 20 MB\/s/,
    );
  });

  test('the brokers it names are enough, and one fewer is not', () => {
    const tenants = [tenant('a', 30), tenant('b', 30)];
    expect(() => planQuotas('Shared', { capacity: { ...cluster, brokers: 5 }, tenants })).not.toThrow();
    expect(() => planQuotas('Shared', { capacity: { ...cluster, brokers: 4 }, tenants })).toThrow(CapacityError);
  });

  test('all bad input at once, each with its limit', () => {
    const bad = [tenant('a b', 0, { weight: 0 }), tenant('x', 2, { peakBytesPerSecond: MIB, partitions: 1.5 })];
    const refused = () =>
      planQuotas('Shared', { capacity: { brokers: 2, brokerBytesPerSecond: 0, replicationFactor: 3 }, tenants: bad });
    expect(refused).toThrow(InvalidInputError);
    expect(refused).toThrow(
      /brokerBytesPerSecond must be above 0.*replicationFactor must be a whole number, between 1 and 2, got 3.*tenants.name .* 'a b'.*steadyBytesPerSecond of a b.*weight of a b.*peakBytesPerSecond of x must be between 2097152.*partitions of x/,
    );
    expect(() => planQuotas('Shared', { capacity: cluster, tenants: [] })).toThrow(
      /tenants must name at least one, got none/,
    );
    expect(() => planQuotas('Shared', { capacity: cluster, tenants: [tenant('a', 1), tenant('a', 1)] })).toThrow(
      /different names, got a, a/,
    );
  });
});

describe('producer settings', () => {
  const held = tenant('a', 2, { peakBytesPerSecond: 80 * MIB, peakSeconds: 60, producerBytesPerSecond: 20 * MIB });

  test('trap: retries=5 bounds nothing: delivery.timeout.ms outlives linger, request and the wait at the quota', () => {
    const { producer, peakWaitSeconds } = planQuotas('Shared', { capacity: cluster, tenants: [held] }).tenant('a');
    expect(peakWaitSeconds).toBe(180);
    expect(producer.deliveryTimeoutMs).toBe(producer.lingerMs + producer.requestTimeoutMs + 180_000);
    const properties = producerProperties(producer);
    expect(Object.keys(properties)).not.toContain('retries');
    expect(properties).toMatchObject({ 'compression.type': 'zstd', acks: 'all', 'delivery.timeout.ms': '210020' });
  });

  test('a tenant that is never held back keeps the default of two minutes', () => {
    expect(
      planQuotas('Shared', { capacity: cluster, tenants: [tenant('a', 1)] }).tenant('a').producer.deliveryTimeoutMs,
    ).toBe(120_000);
  });

  test.each([
    [0.001, 512],
    [1, 16_384],
    [10, 131_072],
    [38, 524_288],
  ])('%d MiB/s: batches of %d bytes, never more than a second of the quota', (rate, batch) => {
    const { producer, producerByteRate } = planQuotas('Shared', {
      capacity: cluster,
      tenants: [tenant('a', rate)],
    }).tenant('a');
    expect(producer.batchSizeBytes).toBe(batch);
    expect(producer.batchSizeBytes).toBeLessThanOrEqual(producerByteRate);
  });
});

test('random clusters: no broker is ever asked for more than it has, and every tenant keeps its mean', () => {
  const rate = fc.double({ min: 1000, max: 50 * MIB, noNaN: true });
  const tenants = fc.uniqueArray(
    fc.record({
      name: fc.stringMatching(/^[a-z]{1,8}$/),
      steadyBytesPerSecond: rate,
      peakBytesPerSecond: rate,
      peakSeconds: fc.integer({ min: 0, max: 3600 }),
      weight: fc.double({ min: 0.1, max: 10, noNaN: true }),
      partitions: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
      readers: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 1, maxLength: 8, selector: (one) => one.name },
  );
  let [planned, refused] = [0, 0];
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.double({ min: MIB, max: 1000 * MIB, noNaN: true }),
      tenants,
      (brokers, brokerBytesPerSecond, all) => {
        const sorted = all.map((one) => ({
          ...one,
          peakBytesPerSecond: Math.max(one.steadyBytesPerSecond, one.peakBytesPerSecond),
        }));
        try {
          const plan = planQuotas('Any', { capacity: { brokers, brokerBytesPerSecond }, tenants: sorted });
          const copies = Math.min(3, brokers);
          const written = plan.tenants.reduce((sum, one) => sum + one.producerByteRate, 0);
          const read = plan.tenants.reduce((sum, one) => sum + one.consumerByteRate, 0);
          expect(written * copies).toBeLessThanOrEqual(brokerBytesPerSecond * (1 + 1e-9));
          // Tenants without readers still get a byte per second.
          expect(read + (copies - 1) * written).toBeLessThanOrEqual(brokerBytesPerSecond * (1 + 1e-9) + all.length);
          for (const [index, one] of plan.tenants.entries()) {
            expect(one.producerBytesPerSecond).toBeGreaterThan(sorted[index].steadyBytesPerSecond - 100);
            expect(one.producer.deliveryTimeoutMs).toBeGreaterThanOrEqual(
              one.producer.lingerMs + one.producer.requestTimeoutMs,
            );
          }
          for (const { value } of plan.knobs) expect(Number.isFinite(value)).toBe(true);
          planned += 1;
        } catch (error) {
          if (!(error instanceof CapacityError)) throw error;
          expect(error.waysOut.length).toBeGreaterThan(0);
          refused += 1;
        }
      },
    ),
    { numRuns: runs },
  );
  expect(Math.min(planned, refused)).toBeGreaterThan(20);
});
