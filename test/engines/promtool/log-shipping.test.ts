import { Testing } from 'cdk8s';
import { LogShippingChart } from '../../../charts/log-shipping';
import { testAlerts } from './rules';

const chart = new LogShippingChart(Testing.app(), 'log-shipping');
const { plan, daemonSet } = chart.logs;
const labels = `{namespace="log-shipping",shipper="${daemonSet.name}",node="n1",pod="p1"}`;
const of = (name: string) => `log_shipping_${name}${labels}`;
const at = (knob: string) => plan.value(knob);
const unavailable = `kube_daemonset_status_number_unavailable{namespace="log-shipping",daemonset="${daemonSet.name}"}`;

testAlerts('log-shipping', {
  manifests: Testing.synth(chart),
  neighbour: new LogShippingChart(Testing.app(), 'log-shipping', { namespace: 'other' }),
  cases: [
    {
      alert: 'LogDiskAboveWatermark',
      when: 'files and queue together are above the watermark, neither of them alone',
      series: { [of('log_bytes')]: `${at('logFileBytes')}x10`, [of('queue_bytes')]: `${at('queueAlarmBytes') + 1}x10` },
      atMinute: 5,
      fires: true,
    },
    {
      alert: 'LogDiskAboveWatermark',
      when: 'the files are at their worst and the queue is nearly at its alarm',
      series: { [of('log_bytes')]: `${at('logFileBytes')}x10`, [of('queue_bytes')]: `${at('queueAlarmBytes')}x10` },
      atMinute: 10,
      fires: false,
    },
    {
      alert: 'LogQueueFilling',
      when: 'the destination has been away for long',
      series: { [of('queue_bytes')]: `0+${Math.ceil(at('queueAlarmBytes') / 10)}x20` },
      atMinute: 15,
      fires: true,
    },
    {
      alert: 'LogQueueFilling',
      when: 'the queue was full for one look and drains',
      series: { [of('queue_bytes')]: `0x3 ${at('diskQueueBytes')} 0x10` },
      atMinute: 5,
      fires: false,
    },
    {
      alert: 'LogShippingLag',
      when: 'nothing is acknowledged at all: the lag is infinite, not missing',
      series: { [of('queued_events')]: '500x20', [of('acked_events_total')]: '1000x20' },
      atMinute: 15,
      fires: true,
    },
    {
      alert: 'LogShippingLag',
      when: 'nothing is logged and nothing waits',
      series: { [of('queued_events')]: '0x20', [of('acked_events_total')]: '1000x20' },
      atMinute: 15,
      fires: false,
    },
    {
      alert: 'LogShippingLag',
      when: 'much is under way and as much is acknowledged every second',
      series: { [of('queued_events')]: '5000x20', [of('acked_events_total')]: '0+600000x20' },
      atMinute: 15,
      fires: false,
    },
    {
      alert: 'LogShippingLag',
      when: 'Filebeat answers, and how much waits in its queue is not known',
      series: { [of('up')]: '1x20', [of('acked_events_total')]: '0+600000x20' },
      atMinute: 15,
      fires: true,
    },
    {
      alert: 'LogShippingLag',
      when: 'Filebeat answers, and nothing waits',
      series: { [of('up')]: '1x20', [of('queued_events')]: '0x20', [of('acked_events_total')]: '0+600000x20' },
      atMinute: 15,
      fires: false,
    },
    {
      alert: 'LogRotationStuck',
      when: 'the files take more than rotation lets them',
      series: { [of('log_bytes')]: `${at('logFileBytes') + 1}x10` },
      atMinute: 5,
      fires: true,
    },
    {
      alert: 'LogRotationStuck',
      when: 'they take as much as they may',
      series: { [of('log_bytes')]: `${at('logFileBytes')}x10` },
      atMinute: 10,
      fires: false,
    },
    {
      alert: 'LogDiskPromised',
      when: 'something else has taken the room of the queue',
      series: { [of('log_bytes')]: '1e9x20', [of('queue_bytes')]: '0x20', [of('free_bytes')]: '20e9x20' },
      atMinute: 10,
      fires: true,
    },
    {
      alert: 'LogDiskPromised',
      when: 'the room is there, or is taken by the logs themselves',
      series: {
        [of('log_bytes')]: `${at('logFileBytes')}x20`,
        [of('queue_bytes')]: `${at('diskQueueBytes')}x20`,
        [of('free_bytes')]: '1x20',
      },
      atMinute: 10,
      fires: false,
    },
    {
      alert: 'LogFilesUnreadable',
      when: 'a writer creates its files for itself alone',
      series: { [of('unreadable_files')]: '2x10' },
      atMinute: 5,
      fires: true,
    },
    {
      alert: 'LogFilesUnreadable',
      when: 'every file can be read',
      series: { [of('unreadable_files')]: '0x10' },
      atMinute: 5,
      fires: false,
    },
    {
      alert: 'LogLinesDropped',
      when: 'Filebeat gives up a line',
      series: { [of('dropped_events_total')]: '0x5 1x10' },
      atMinute: 8,
      fires: true,
    },
    {
      alert: 'LogLinesDropped',
      when: 'it gave one up yesterday',
      series: { [of('dropped_events_total')]: '1x30' },
      atMinute: 30,
      fires: false,
    },
    {
      alert: 'LogShipperDown',
      when: 'Filebeat does not answer its exporter',
      series: { [of('up')]: '0x20' },
      atMinute: 10,
      fires: true,
    },
    {
      alert: 'LogShipperDown',
      when: 'a node has no pod that is ready, and so no exporter either',
      series: { [unavailable]: '1x20' },
      atMinute: 10,
      fires: true,
    },
    {
      alert: 'LogShipperDown',
      when: 'another node has none, and the scrape renames the label',
      series: {
        [of('up')]: '1x20',
        [unavailable.replace('namespace=', 'namespace="monitoring",exported_namespace=')]: '1x20',
      },
      atMinute: 10,
      fires: true,
    },
    {
      alert: 'LogShipperDown',
      when: 'Prometheus is kept from every exporter',
      series: { [unavailable]: '0x20' },
      atMinute: 10,
      fires: true,
    },
    {
      alert: 'LogShipperDown',
      when: 'a new version takes a minute',
      series: { [of('up')]: '1x5 0 1x15', [unavailable]: '0x5 1 0x15' },
      atMinute: 7,
      fires: false,
    },
  ],
});
