import {
  type MetricFamily,
  MetricKind,
  type MetricRecording,
  type MetricSource,
  type MetricsObjective,
  type MetricsWorkload,
  type MetricUse,
} from '../flow/metrics/workload';
import { Case } from './case';

/** Twelve buckets, as an HTTP library has them. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** One pod: 86 histogram label sets of 15 series, 501 counters and gauges that are queried, 204 series that are not. */
const POD: MetricFamily[] = [
  { name: 'http_request_duration_seconds', kind: MetricKind.HISTOGRAM, labelSets: 60, buckets: BUCKETS },
  { name: 'db_query_duration_seconds', kind: MetricKind.HISTOGRAM, labelSets: 26, buckets: BUCKETS },
  { name: 'http_requests_total', kind: MetricKind.COUNTER, labelSets: 300 },
  { name: 'db_queries_total', kind: MetricKind.COUNTER, labelSets: 200 },
  { name: 'process_resident_memory_bytes', kind: MetricKind.GAUGE },
  { name: 'http_client_connections', kind: MetricKind.GAUGE, labelSets: 120 },
  { name: 'rpc_client_messages_total', kind: MetricKind.COUNTER, labelSets: 80 },
  { name: 'runtime_build_info', kind: MetricKind.GAUGE, labelSets: 4 },
];

/**
 * 8,000 pods of 2,000 series each: 1,995 of the program, five of the scrape. 1,000 are replaced in an hour, by deployments and
 * autoscaling, so that 10,000 have series.
 */
export const PODS: MetricSource = { name: 'pods', targets: 8000, churnPerHour: 0.125, families: POD };

/** What dashboards and alerts have, as it was read from their files. */
export const PODS_USES: MetricUse[] = [
  {
    file: 'dashboards/requests.json',
    expression: 'histogram_quantile(0.99, sum(rate(http_request_duration_seconds{namespace="$namespace"}[5m])))',
  },
  {
    file: 'dashboards/requests.json',
    expression: 'sum by (code) (rate(http_requests_total{namespace="$namespace"}[$__rate_interval]))',
  },
  {
    file: 'dashboards/database.json',
    expression: 'histogram_quantile(0.95, sum by (statement) (rate(db_query_duration_seconds[5m])))',
  },
  { file: 'dashboards/database.json', expression: 'sum by (statement) (rate(db_queries_total[5m]))' },
  {
    file: 'alerts/errors.yaml',
    expression: 'sum(rate(http_requests_total{code=~"5.."}[2m])) / sum(rate(http_requests_total[2m])) > 0.01',
  },
  { file: 'alerts/memory.yaml', expression: 'process_resident_memory_bytes > 2e9' },
];

/** What dashboards of everybody show. */
export const PODS_RECORDINGS: MetricRecording[] = [
  { metric: 'http_requests_total', by: ['job', 'code'], labelSets: 60 },
];

/** The budget: 8 million series, with what is exposed and what is needed. */
export const TOO_MANY_METRICS: {
  workload: MetricsWorkload;
  objective: MetricsObjective;
  uses: MetricUse[];
  recordings: MetricRecording[];
} = {
  workload: { sources: [PODS] },
  objective: { activeSeries: 8e6 },
  uses: PODS_USES,
  recordings: PODS_RECORDINGS,
};

/**
 * The same in Amazon Managed Service for Prometheus, which takes no converted histograms: here the programs expose native ones
 * beside the classic.
 */
export const TOO_MANY_METRICS_ON_AWS: typeof TOO_MANY_METRICS = {
  ...TOO_MANY_METRICS,
  workload: { sources: [{ ...PODS, exposesNative: true }] },
};

export const tooManyMetrics: Case = {
  number: 19,
  slug: 'too-many-metrics',
  title: 'Too many metrics',
  summary:
    'Every target reports every second with labels that never repeat, and the time-series database pays for each combination in memory, on disk and in every query. Most of it is never queried. Fewer series have to be scraped, and sums for dashboards have to be recorded in advance.',
  levers: ['merge', 'throttle'],
  difficulty: 'beginner',
  domains: ['performance', 'diagnosis'],
  dependsOn: [],
  headline: {
    text: '20 M → 8 M series',
    changes: [
      {
        measure: 'active series',
        unit: 'series',
        before: { relation: 'is', value: 20e6 },
        after: { relation: 'at most', value: 8e6 },
      },
    ],
  },
  constructs: [
    {
      name: 'MetricsSampling',
      engines: ['k8s'],
      form: 'monitors with limits and relabelling, recording rules',
      available: true,
      deployed: 'observability/Metrics',
    },
    {
      name: 'MetricsSampling',
      engines: ['aws'],
      form: 'Amazon Managed Prometheus with limits, rule groups',
      available: true,
      deployed: 'Observability/Metrics',
    },
  ],
  trap: 'Dropping temporary pods after the scrape removes real counters from the sums and saves no scrape. A scrape interval above two minutes breaks the five-minute look-back.',
  scenario: {
    kind: 'metrics',
    calibration:
      'Before: 8,000 pods with 2,000 series each, of which 1,000 are replaced in an hour and leave their series for two more: as many as 10,000 pods have. 12.9 million are buckets, sums and counts of classic histograms, 15 for each label set; 5 million are counters and gauges that dashboards and alerts query; 2 million nobody queries. After: Prometheus 3 stores a histogram as one series with the same buckets, which leaves 7.96 million with every counter and every bucket. Head-room of 1.25 wants 6.4 million, so the families that no file queries go as well, the largest first. The two levers that are named most often do little: a scrape every 30 s instead of every second changes samples, not series, and dropping temporary pods after the scrape removes their counters from every sum. On Prometheus 2 the headline is missed: with 4 of 12 buckets the same queries need 11 million series. Amazon Managed Service for Prometheus takes no converted histograms; there the programs have to expose native ones.',
    answers: [{ measure: 'active series', by: 'activeSeries' }],
    on: { k8s: TOO_MANY_METRICS, aws: TOO_MANY_METRICS_ON_AWS },
  },
};
