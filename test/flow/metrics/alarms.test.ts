/** The numbers of alarms and of money, each against the same measure as the metric that it is compared with. */
import { workspaceCost } from '../../../lib/flow/metrics/costs';
import { planMetrics } from '../../../lib/flow/metrics/plan';
import type { MetricsQuestion } from '../../../lib/flow/metrics/workload';
import { small, use } from '../../support/metrics';

const plan = (changed: Partial<MetricsQuestion> = {}) => planMetrics('M', small(changed));
const recordings = [{ metric: 'idle', by: ['job'], labelSets: 120 }];

test('what is recorded is written once an evaluation: each interval in Prometheus, once a minute in a workspace', () => {
  // 10 × (4 × 8 + 7 + 9 + 5) = 530 of each scrape.
  expect(plan({ recordings, intervalSeconds: 60 }).value('samplesPerSecond')).toBeCloseTo(530 / 60 + 120 / 60, 9);
  expect(plan({ recordings, intervalSeconds: 20 }).value('samplesPerSecond')).toBeCloseTo(530 / 20 + 120 / 20, 9);
  const managed = plan({ platform: 'amp', recordings, intervalSeconds: 30 });
  expect(managed.value('samplesPerSecond')).toBeCloseTo(530 / 30 + 120 / 60, 9);
  expect(managed.value('ruleIntervalSeconds')).toBe(60);
});

test('a native histogram is one sample of the rate that the alarm sees, and is paid by its buckets', () => {
  const [api] = small().workload.sources;
  const question = small({
    platform: 'amp',
    workload: { sources: [{ ...api, exposesNative: true }] },
    uses: [use('histogram_count(wait_seconds)')],
  });
  const managed = planMetrics('M', question);
  // 4 native histograms, 7 + 9 others, 5 of the scrape, of 10 targets every 30 s.
  expect(managed.value('samplesPerSecond')).toBeCloseTo((10 * 25) / 30, 9);
  expect(managed.value('alarmSamplesPerSecond')).toBe(Math.ceil((1.25 * 250) / 30));
  // Each has 8 classic series, of which ¼ are metered: 2 for 1.
  expect(managed.value('meteredSamplesPerSecond')).toBeCloseTo((10 * 29) / 30, 9);
  expect(managed.predictions.monthlyCost).toBe(workspaceCost(question, managed.value('meteredSamplesPerSecond')));
});

describe('an alarm on a limit is between the plan and the limit', () => {
  test.each<[string, number, number | undefined, number]>([
    ['0.95 × the budget', 10_000, undefined, 9500],
    ['half-way, where the plan uses the budget up', 540, 1, 535],
  ])('%s', (_what, activeSeries, headroom, expected) => {
    const made = plan({ objective: { activeSeries, headroom } });
    expect(made.value('plannedSeries')).toBe(530);
    expect(made.value('alarmSeries')).toBe(expected);
  });

  test('of each source in a workspace: 0.8 × its limit, at least half-way', () => {
    const managed = (activeSeries: number) => plan({ platform: 'amp', objective: { activeSeries } });
    expect(managed(10_000).value('maxSeries.api')).toBe(10_000);
    expect(managed(10_000).value('alarmSeries.api')).toBe(8000);
    // At a head-room of 1.25, 0.8 × the limit is the plan itself.
    expect(managed(663).value('alarmSeries.api')).toBe(Math.floor((530 + 663) / 2));
  });
});
