/** A small question of a budget of series. */
import { MetricKind, type MetricsQuestion, type MetricUse } from '../../lib/flow/metrics/workload';

/** An expression of a dashboard. */
export const use = (expression: string, file = 'dashboards/x.json'): MetricUse => ({ file, expression });

/** One source with a histogram of `buckets`, a counter and a gauge. */
export const small = (changed: Partial<MetricsQuestion> = {}): MetricsQuestion => ({
  platform: 'prometheus',
  workload: {
    sources: [
      {
        name: 'api',
        targets: 10,
        families: [
          { name: 'wait_seconds', kind: MetricKind.HISTOGRAM, labelSets: 4, buckets: [0.1, 0.5, 1, 5, 10] },
          { name: 'work_total', kind: MetricKind.COUNTER, labelSets: 7 },
          { name: 'idle', kind: MetricKind.GAUGE, labelSets: 9 },
        ],
      },
    ],
  },
  objective: { activeSeries: 1e6 },
  ...changed,
});
