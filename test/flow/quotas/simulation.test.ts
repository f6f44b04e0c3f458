import { NOISY_CAPACITY, NOISY_TENANTS, NOISY_TOPICS } from '../../../lib/cases/case-18-noisy-producer';
import { planQuotas } from '../../../lib/flow/quotas/plan';
import { resolveCapacity } from '../../../lib/flow/quotas/shares';
import { simulateBrokers } from '../../../lib/flow/quotas/simulation';

const UNLIMITED = Number.POSITIVE_INFINITY;
const one = resolveCapacity({ brokers: 1, brokerBytesPerSecond: 100 });

describe('brokers', () => {
  const tenants = [
    { name: 'quiet', steadyBytesPerSecond: 20 },
    { name: 'noisy', steadyBytesPerSecond: 10, peakBytesPerSecond: 60, peakSeconds: 600 },
  ];
  const watched = (factor: number, rates: number[], days = 3) =>
    simulateBrokers(one, tenants, { tenant: 'noisy', factor }, rates, days, 1);

  test('take everything while it fits', () => {
    expect(watched(1, [UNLIMITED, UNLIMITED])).toEqual({ incidents: 0, leastServedRatio: 1 });
  });

  test('cut everybody in proportion to what is sent beyond that', () => {
    const { incidents, leastServedRatio } = watched(10, [UNLIMITED, UNLIMITED]);
    // 100 of 16 to 20 + 600: at the worst the quiet one offers least and the noisy one most.
    expect(leastServedRatio).toBeGreaterThanOrEqual(100 / 620);
    expect(leastServedRatio).toBeLessThan(100 / 600);
    expect(incidents).toBe(3);
  });

  test('hold a tenant to its rate, and leave the others alone', () => {
    expect(watched(10, [UNLIMITED, 80])).toEqual({ incidents: 0, leastServedRatio: 1 });
    expect(watched(10, [UNLIMITED, 90]).incidents).toBeGreaterThan(0);
  });

  test('a tenant whose own quota is below what it offers is short all day, though nobody else is in the way', () => {
    expect(watched(1, [10, UNLIMITED])).toMatchObject({ incidents: 1 });
  });
});

describe('case 18', () => {
  const tenants = NOISY_TENANTS.map((tenant) => ({
    ...tenant,
    partitions: NOISY_TOPICS.find((topic) => topic.tenant === tenant.name)!.partitions,
  }));
  const rates = planQuotas('Quotas', { capacity: NOISY_CAPACITY.k8s, tenants }).tenants.map(
    ({ producerByteRate }) => producerByteRate,
  );
  const watched = (noisy: number) =>
    simulateBrokers(
      resolveCapacity(NOISY_CAPACITY.k8s),
      tenants,
      { tenant: 'clicks', factor: 4 },
      rates.map((rate, index) => (tenants[index].name === 'clicks' ? noisy * rate : rate)),
      2,
      1,
    ).incidents;

  test('the rate of the noisy tenant leaves nothing over: a tenth more, and its neighbours feel it with a broker away', () => {
    expect(watched(1)).toBe(0);
    expect(watched(1.1)).toBeGreaterThan(0);
  });
});
