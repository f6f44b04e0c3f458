import { Chart, Testing } from 'cdk8s';
import type { Construct } from 'constructs';
import { TOO_MANY_METRICS } from '../../../lib/cases/case-19-too-many-metrics';
import { MetricsSampling } from '../../../lib/k8s/metrics/metrics-sampling';
import { testAlerts } from './rules';

/** The environment with a hundred pods: promtool takes 10,000 samples in one query. */
class HundredPods extends Chart {
  public readonly metrics: MetricsSampling;

  constructor(scope: Construct, id: string, namespace: string) {
    super(scope, id, { namespace });
    const [pods] = TOO_MANY_METRICS.workload.sources;
    this.metrics = new MetricsSampling(this, 'Metrics', {
      ...TOO_MANY_METRICS,
      workload: { sources: [{ ...pods, targets: 100, churnPerHour: 0 }] },
      objective: { activeSeries: 80_000 },
      scrapes: { pods: { podLabels: { 'app.kubernetes.io/part-of': 'platform' } } },
    });
  }
}

const chart = new HundredPods(Testing.app(), 'observability', 'observability');
const { plan, recordings } = chart.metrics;
const at = (knob: string) => plan.value(knob);
const of = (metric: string, pod: string | number = 1, namespace = 'observability') =>
  `${metric}{job="pods",namespace="${namespace}",pod="p${pod}"}`;
const samples = (pod?: number) => of('scrape_samples_post_metric_relabeling', pod);
/** Minutes after which an alert that holds has fired. */
const held = Math.ceil(at('alarmHoldSeconds') / 60) + 5;
const many = (count: number, value: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, pod) => [of('up', pod), value]));
const recorded = (namespace: string) => `job_code:http_requests:rate5m{job="pods",code="200",namespace="${namespace}"}`;

testAlerts('observability', {
  // What is recorded is no alert, and is judged on a real Prometheus.
  manifests: Testing.synth(chart).filter(({ metadata }) => metadata.name !== recordings!.name),
  neighbour: new HundredPods(Testing.app(), 'observability', 'other'),
  cases: [
    {
      alert: 'MetricsSeriesAboveBudget',
      when: 'all targets together are above 95 % of the budget',
      series: { [samples(1)]: `${at('alarmSeries') - 10}x60`, [samples(2)]: '11x60' },
      atMinute: held,
      fires: true,
    },
    {
      alert: 'MetricsSeriesAboveBudget',
      when: 'the targets that are there are within it, and those that were replaced left as many series behind',
      series: { [samples(1)]: `${at('alarmSeries') / 2}x60`, [samples(2)]: `${at('alarmSeries') / 2}x5` },
      atMinute: held + 15,
      fires: true,
    },
    {
      alert: 'MetricsSeriesAboveBudget',
      when: 'recorded series bring the last of it',
      series: {
        [samples(1)]: `${at('alarmSeries') - at('ownSeriesPerTarget')}x60`,
        [recorded('observability')]: '1x60',
      },
      atMinute: held,
      fires: true,
    },
    {
      alert: 'MetricsSeriesAboveBudget',
      when: 'they are exactly at the alarm, with the series that Prometheus adds for a target',
      series: { [samples(1)]: `${at('alarmSeries') - at('ownSeriesPerTarget')}x60` },
      atMinute: held,
      fires: false,
    },
    {
      alert: 'MetricsSeriesAboveBudget',
      when: 'targets were replaced more than two hours ago',
      series: { [samples(1)]: `${at('alarmSeries') / 2}x180`, [samples(2)]: `${at('alarmSeries') / 2}x5` },
      atMinute: 150,
      fires: false,
    },
    {
      alert: 'MetricsSeriesAboveBudget',
      when: 'they have what was planned',
      series: { [samples(1)]: `${at('plannedSeries')}x60` },
      atMinute: held,
      fires: false,
    },
    {
      alert: 'MetricsTargetNearLimit',
      when: 'one target is above 80 % of its limit',
      series: { [samples(1)]: '10x60', [samples(2)]: `${Math.ceil(0.81 * at('sampleLimit.pods'))}x60` },
      atMinute: held,
      fires: true,
    },
    {
      alert: 'MetricsTargetNearLimit',
      when: 'each has the planned samples',
      series: { [samples(1)]: `${at('samplesPerTarget.pods')}x60` },
      atMinute: held,
      fires: false,
    },
    {
      alert: 'MetricsScrapeRejected',
      when: 'a target has more samples than its limit, and is called down',
      series: { [samples(1)]: `${at('sampleLimit.pods') + 1}x60`, [of('up')]: '0x60' },
      atMinute: 5,
      fires: true,
    },
    {
      alert: 'MetricsScrapeRejected',
      when: 'a target is down: it has no samples',
      series: { [samples(1)]: '0x60', [of('up')]: '0x60' },
      atMinute: 5,
      fires: false,
    },
    {
      alert: 'MetricsTargetsAbovePlan',
      when: 'there is one target more than planned with head-room',
      series: many(at('alarmTargets.pods') + 1, '1x25'),
      atMinute: held,
      fires: true,
    },
    {
      alert: 'MetricsTargetsAbovePlan',
      when: 'there are as many as planned',
      series: many(100, '1x25'),
      atMinute: held,
      fires: false,
    },
    {
      alert: 'MetricsChurnAbovePlan',
      when: 'two targets are gone, and none was to be replaced',
      series: { [of('up', 1)]: '1x5', [of('up', 2)]: '1x5', [of('up', 3)]: '1x60' },
      atMinute: held + 15,
      fires: true,
    },
    {
      alert: 'MetricsChurnAbovePlan',
      when: 'one is',
      series: { [of('up', 1)]: '1x5', [of('up', 3)]: '1x60' },
      atMinute: held + 15,
      fires: false,
    },
    {
      alert: 'MetricsSourceMissing',
      when: 'no target is found',
      series: { [of('up', 1, 'another')]: '1x60' },
      atMinute: 20,
      fires: true,
    },
    {
      alert: 'MetricsSourceMissing',
      when: 'one target is found, though it is down',
      series: { [of('up')]: '0x60' },
      atMinute: 20,
      fires: false,
    },
    {
      alert: 'MetricsRecordingMissing',
      when: "there is only another installation's",
      series: { [recorded('another')]: '1x60' },
      atMinute: 20,
      fires: true,
    },
    {
      alert: 'MetricsRecordingMissing',
      when: 'it is recorded, and nothing happens',
      series: { [recorded('observability')]: '0x60' },
      atMinute: 20,
      fires: false,
    },
  ],
});
