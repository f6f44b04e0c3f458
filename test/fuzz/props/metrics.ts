/** Props of a budget of series on every engine, one number in twenty out of range. */
import fc from 'fast-check';
import { MetricKind, type MetricRecording } from '../../../lib/flow/metrics/workload';
import { optional } from '../../support/property';

const flag = optional(fc.boolean());

/** By name, for `fc.record`. */
export const METRICS = {
  workload: fc.record({
    sources: fc.array(
      fc.record({
        name: fc.constantFrom('api', 'jobs', 'nodes'),
        targets: fc.integer({ min: 1, max: 10_000 }),
        churnPerHour: optional(fc.constantFrom(0, 0.1, 3)),
        otherSeries: optional(fc.integer({ min: 0, max: 1000 })),
        exposesNative: flag,
        families: fc.array(
          fc.oneof(
            fc.record({
              name: fc.constantFrom('wait_seconds', 'run_seconds'),
              kind: fc.constant(MetricKind.HISTOGRAM),
              labelSets: optional(fc.integer({ min: 1, max: 100 })),
              buckets: fc.constantFrom<number[]>([0.1, 0.5, 1, 5, 10], [1, 2], [1, 1]),
            }),
            fc.record({
              name: fc.constantFrom('work_total', 'idle', 'open'),
              kind: fc.constantFrom(MetricKind.COUNTER, MetricKind.GAUGE),
              labelSets: optional(fc.integer({ min: 0, max: 500 })),
            }),
          ),
          { minLength: 1, maxLength: 4 },
        ),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  }),
  objective: fc.record({
    activeSeries: fc.integer({ min: 1, max: 1e7 }),
    headroom: optional(fc.constantFrom(1, 1.5, 0.5)),
  }),
  uses: optional(
    fc.subarray(
      ['rate(wait_seconds[5m])', 'rate(wait_seconds_bucket[1m])', 'sum(work_total)', '{__name__=~"idle|open"}'].map(
        (expression) => ({ file: 'dashboards/a.json', expression }),
      ),
    ),
  ),
  dropped: optional(fc.subarray(['idle', 'open', 'nothing'])),
  kept: optional(fc.subarray(['idle', 'open'])),
  keptBuckets: optional(fc.integer({ min: 0, max: 5 })),
  recordings: optional(fc.constantFrom<MetricRecording[]>([{ metric: 'work_total', by: ['job'] }], [])),
  prometheusVersion: optional(fc.constantFrom(2, 3)),
  nativeHistograms: flag,
};
