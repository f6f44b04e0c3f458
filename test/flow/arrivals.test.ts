import {
  arrivalsChecks,
  bytesArriving,
  itemsDuringOutage,
  itemsWithDailyPeaks,
  resolveArrivals,
} from '../../lib/flow/arrivals';
import { planLogs } from '../../lib/flow/logs/plan';
import { resolveWorkload } from '../../lib/flow/queue/resolve';
import { planQuotas } from '../../lib/flow/quotas/plan';

const MIB = 1024 ** 2;

describe('a peak without a length is no peak', () => {
  test.each([undefined, 0])('peakSeconds %p', (peakSeconds) => {
    const flat = { steadyPerSecond: 10, peakPerSecond: 10, peakSeconds: 0 };
    expect(resolveArrivals({ steadyPerSecond: 10, peakPerSecond: 100, peakSeconds })).toEqual(flat);
    expect(bytesArriving({ steadyBytesPerSecond: 10, peakBytesPerSecond: 100, peakSeconds })).toEqual(flat);
    expect(itemsDuringOutage({ steadyPerSecond: 10, peakPerSecond: 100, peakSeconds }, 60)).toBe(600);
    const workload = { steadyPerSecond: 10, peakPerSecond: 100, peakSeconds, serviceSeconds: 1 };
    expect(resolveWorkload(workload)).toMatchObject(flat);
  });

  test('nor to logs', () => {
    const objective = { diskBudgetBytes: 1e11, outageSeconds: 3600 };
    const logs = (peakBytesPerSecond?: number) =>
      planLogs('Node', { workload: { steadyBytesPerSecond: 1e5, peakBytesPerSecond, peakSeconds: 0 }, objective });
    expect(logs(5e6).knobs).toEqual(logs().knobs);
  });

  test('nor to a tenant of a Kafka cluster', () => {
    const tenant = { name: 'clicks', steadyBytesPerSecond: MIB, peakSeconds: 0 };
    const quotas = (peakBytesPerSecond?: number) =>
      planQuotas('Cluster', {
        capacity: { brokers: 3, brokerBytesPerSecond: 90 * MIB },
        tenants: [{ ...tenant, peakBytesPerSecond }],
      }).tenant('clicks');
    expect(quotas(8 * MIB)).toEqual(quotas());
  });
});

test('an outage begins with the peak, and goes on at the steady rate', () => {
  const arrivals = { steadyPerSecond: 10, peakPerSecond: 100, peakSeconds: 60 };
  expect([30, 60, 100].map((seconds) => itemsDuringOutage(arrivals, seconds))).toEqual([3000, 6000, 6400]);
});

describe('what is refused', () => {
  const refused = (...given: Parameters<typeof arrivalsChecks>) =>
    arrivalsChecks(...given).flatMap((check) => (check.refused ? [check.message] : []));

  test('nothing of a steady rate, or of a peak with a length', () => {
    expect(refused({ steadyPerSecond: 1 })).toEqual([]);
    expect(refused({ steadyPerSecond: 1, peakPerSecond: 2, peakSeconds: 1 })).toEqual([]);
  });

  test('a peak whose length was forgotten', () => {
    expect(refused({ steadyPerSecond: 1, peakPerSecond: 2 })).toEqual([
      'peakSeconds must be given with a peakPerSecond (2) above steadyPerSecond (1)',
    ]);
  });

  test('a peak below the steady rate, by the names that bytes have', () => {
    const given = { steadyPerSecond: 2, peakPerSecond: 1, peakSeconds: 1e-6 };
    expect(refused(given, { unit: 'Bytes', most: 1e15 })).toEqual([
      'peakBytesPerSecond must be at least 2, got 1',
      'peakSeconds must be at least 0.001, got 0.000001',
    ]);
  });
});

test('a long time has one peak a day, and begins with one', () => {
  const arrivals = { steadyPerSecond: 1, peakPerSecond: 11, peakSeconds: 600 };
  const day = 86_400 + 6000;
  expect([300, 86_400, 86_400 + 300, 7 * 86_400].map((seconds) => itemsWithDailyPeaks(arrivals, seconds))).toEqual([
    3300,
    day,
    day + 3300,
    7 * day,
  ]);
  // A peak of more than a day is the rate.
  expect(itemsWithDailyPeaks({ ...arrivals, peakSeconds: 100_000 }, 2 * 86_400)).toBe(2 * 86_400 * 11);
});
