import { Testing } from 'cdk8s';
import { OrderProcessingChart } from '../../../charts/order-processing';
import type { Manifest } from '../../support/manifest';
import { testAlerts } from './rules';

const chart = new OrderProcessingChart(Testing.app(), 'order-processing');
const { plan, scaler } = chart.orders;
const manifests: Manifest[] = Testing.synth(chart);

/** The rules of the orders alone: the rendering jobs have alerts of the same names. */
const ofOrders = manifests.filter(({ kind, metadata }) => kind === 'PrometheusRule' && /-orders-/.test(metadata.name));
const ofRendering = manifests.filter(
  ({ kind, metadata }) => kind === 'PrometheusRule' && /-rendering-/.test(metadata.name),
);

/** Exporters scraped with honorLabels, as KEDA's own chart has it, and as Prometheus does by default. */
const SCRAPES = { honored: 'namespace="orders"', renamed: 'namespace="keda",exported_namespace="orders"' };
const kedaSays = (metric: string, scrape: keyof typeof SCRAPES) =>
  `keda_scaler_${metric}{${SCRAPES[scrape]},scaledObject="${scaler.name}",metric="s0-rabbitmq-orders"}`;
const depth = kedaSays('metrics_value', 'honored');
const depthRenamed = kedaSays('metrics_value', 'renamed');
const errors = kedaSays('detail_errors_total', 'honored');
const current = (scrape: keyof typeof SCRAPES) =>
  `kube_horizontalpodautoscaler_status_current_replicas{${SCRAPES[scrape]},horizontalpodautoscaler="keda-hpa-${scaler.name}"}`;
const replicas = current('honored');
const messages = (queue: string) =>
  `rabbitmq_detailed_queue_messages{namespace="rabbitmq",pod="orders-server-0",vhost="/",queue="${queue}"}`;
const alarm = plan.value('alarmBacklog');
const above = alarm + 10;
const full = Math.ceil(0.8 * plan.value('maxLength'));

testAlerts('order-processing, orders', {
  manifests: ofOrders,
  neighbour: new OrderProcessingChart(Testing.app(), 'order-processing', { namespace: 'other', vhost: 'other' }),
  cases: [
    {
      alert: 'QueueBacklog',
      when: 'more waits than foreseen',
      series: { [depth]: `${above}x20` },
      atMinute: 10,
      fires: true,
    },
    {
      alert: 'QueueBacklog',
      when: 'more waits than foreseen, and the scrape renames the label of KEDA',
      series: { [depthRenamed]: `${above}x20` },
      atMinute: 10,
      fires: true,
    },
    {
      alert: 'QueueBacklog',
      when: 'as much waits as the alarm allows',
      series: { [depth]: `${alarm}x20` },
      atMinute: 10,
      fires: false,
    },
    {
      alert: 'QueueBacklog',
      when: 'the planned peak waits, and every slot is busy',
      series: { [depth]: `${plan.value('peakOutstanding')}x20` },
      atMinute: 10,
      fires: false,
    },
    {
      alert: 'QueueNeverDrains',
      when: 'it stays at the planned peak',
      series: { [depth]: `${plan.value('peakOutstanding')}x60` },
      atMinute: 50,
      fires: false,
    },
    {
      alert: 'QueueNeverDrains',
      when: 'the backlog is above the predicted peak and grows',
      series: { [depth]: `${above}+100x60` },
      atMinute: 50,
      fires: true,
    },
    {
      alert: 'QueueNeverDrains',
      when: 'it is above the predicted peak and falls',
      series: { [depth]: `${above + 6000}-100x59` },
      atMinute: 50,
      fires: false,
    },
    {
      alert: 'QueueScalerBlind',
      when: 'KEDA fails at every look',
      series: { [errors]: '0+2x20' },
      atMinute: 15,
      fires: true,
    },
    {
      alert: 'QueueScalerBlind',
      when: 'it fails at every look, and the scrape renames the label',
      series: { [kedaSays('detail_errors_total', 'renamed')]: '0+2x20' },
      atMinute: 15,
      fires: true,
    },
    { alert: 'QueueScalerBlind', when: 'it failed once', series: { [errors]: '0x5 1x20' }, atMinute: 8, fires: false },
    {
      alert: 'QueueWorkerAtMaximum',
      when: 'all replicas run and the backlog is above its alarm',
      series: { [replicas]: `${plan.value('maxInstances')}x20`, [depth]: `${above}x20` },
      atMinute: 15,
      fires: true,
    },
    {
      alert: 'QueueWorkerAtMaximum',
      when: 'all replicas run, the backlog is above its alarm, and the scrapes rename the label',
      series: { [current('renamed')]: `${plan.value('maxInstances')}x20`, [depthRenamed]: `${above}x20` },
      atMinute: 15,
      fires: true,
    },
    {
      alert: 'QueueWorkerAtMaximum',
      when: 'all replicas run and keep up',
      series: { [replicas]: `${plan.value('maxInstances')}x20`, [depth]: '10x20' },
      atMinute: 15,
      fires: false,
    },
    {
      alert: 'DeadLetters',
      when: 'one message was set aside',
      series: { [messages('orders.dead')]: '0 1x5' },
      atMinute: 3,
      fires: true,
    },
    {
      alert: 'DeadLetters',
      when: 'none was, however many wait',
      series: { [messages('orders.dead')]: '0x5', [messages('orders')]: '9e9x5' },
      atMinute: 3,
      fires: false,
    },
    {
      alert: 'QueueNearlyFull',
      when: 'the queue is above 80 % of its bound',
      series: { [messages('orders')]: `${full + 1}x10` },
      atMinute: 5,
      fires: true,
    },
    {
      alert: 'QueueNearlyFull',
      when: 'it is at 80 %',
      series: { [messages('orders')]: `${full}x10` },
      atMinute: 5,
      fires: false,
    },
  ],
});

describe('order-processing, rendering', () => {
  test('has no alert that the orders do not have', () => {
    const names = (rules: Manifest[]): string[] =>
      rules.flatMap(({ spec }) =>
        spec.groups.flatMap((group: Manifest) => group.rules.map(({ alert }: Manifest) => alert)),
      );
    expect(names(ofOrders)).toEqual(expect.arrayContaining(names(ofRendering)));
    expect(names(ofRendering).length).toBeGreaterThan(3);
  });
});
