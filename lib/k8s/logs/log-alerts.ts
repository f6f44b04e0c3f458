/** The alerts and graphs of a log shipper: the disk, the queue, the destination. */
import { sizeText } from '../../flow/figures';
import type { LogsPlan } from '../../flow/logs/workload';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { aboutObject, matching } from '../promql';

/** The name of a shipper's DaemonSet, a label from the exporter, and its namespace, a label from the scrape. */
export interface ShipperName {
  readonly namespace?: string;
  readonly shipper: string;
}

/** The metrics of one shipper, a series a node. */
function metrics(plan: LogsPlan, { namespace, shipper }: ShipperName) {
  const window = `[${plan.value('alarmWindowSeconds')}s]`;
  const of = (name: string, range = '') => `log_shipping_${name}${matching({ namespace, shipper })}${range}`;
  return {
    disk: `(${of('log_bytes')} + ${of('queue_bytes')})`,
    // Lines in the queue ÷ lines a second that the destination accepts (Little's law): infinite when it accepts none.
    lag: `(${of('queued_events')} / rate(${of('acked_events_total', window)}))`,
    of,
    window,
  };
}

/** The alerts of a shipper; each names its node. */
export function logAlerts(plan: LogsPlan, name: ShipperName): Alert[] {
  const { disk, lag, of, window } = metrics(plan, name);
  const daemonset = { daemonset: name.shipper };
  const unavailable = aboutObject('kube_daemonset_status_number_unavailable', daemonset, name.namespace);
  const value = (name: string) => plan.value(name);
  const size = (name: string) => sizeText(value(name));
  return [
    {
      name: 'LogDiskAboveWatermark',
      expr: `${disk} > ${value('diskWatermarkBytes')}`,
      forSeconds: value('alarmSampleSeconds'),
      severity: 'critical',
      summary: `Logs and queue of {{ $labels.node }} are above ${size('diskWatermarkBytes')}; at ${sizeText(plan.predictions.peakDiskBytes)} the queue is full.`,
      runbook:
        'If LogQueueFilling fires too, the destination is down or too slow: repair it, and the queue drains on its own. If LogRotationStuck fires too, follow its runbook. Never delete a file that is not compressed: it may not have been shipped.',
    },
    {
      name: 'LogQueueFilling',
      expr: `${of('queue_bytes')} > ${value('queueAlarmBytes')}`,
      forSeconds: value('alarmSampleSeconds'),
      severity: 'critical',
      summary: `The queue of {{ $labels.node }} is above ${size('queueAlarmBytes')} of ${size('diskQueueBytes')}: the destination accepts less than is logged.`,
      runbook:
        "Find the output's error in Filebeat's log, then check the destination: network, credentials, in-sync replicas, disk. When the queue is full, lines wait in files instead and are lost once the files are compressed.",
    },
    {
      name: 'LogShippingLag',
      // An unknown lag counts as too long.
      expr: `${lag} > ${value('lagSeconds')} or (${of('up')} == 1 unless ${of('queued_events')})`,
      forSeconds: value('alarmWindowSeconds'),
      severity: 'warning',
      summary: `Lines of {{ $labels.node }} take more than ${value('lagSeconds')} s to ship, or their lag is unknown.`,
      runbook:
        'Compare the rate of acknowledged lines with the plan. If more is logged than planned, raise the workload numbers and deploy. If less is accepted, check the destination and the CPU limit of Filebeat. If log_shipping_queued_events is missing, the exporter does not know the queue format of this Filebeat version.',
    },
    {
      name: 'LogRotationStuck',
      expr: `${of('log_bytes')} > ${value('logFileBytes')}`,
      forSeconds: value('alarmRotationSeconds'),
      severity: 'critical',
      summary: `Log files of {{ $labels.node }} take more than ${size('logFileBytes')}, so rotation does not work.`,
      runbook:
        "Read the rotator's log. Either it failed (owner of the folder, state file), or more files are written than planned (logFiles), or a writer still writes to the renamed file: then repair its reopening, and do not compress that file before.",
    },
    {
      name: 'LogDiskPromised',
      // The rest of the logs' budget must be free, whatever else uses the disk.
      expr: `${of('free_bytes')} < ${value('alarmPromisedBytes')} - ${disk}`,
      forSeconds: value('alarmWindowSeconds'),
      severity: 'warning',
      summary: 'The disk of {{ $labels.node }} has less free space than the logs may still need: other data fills it.',
      runbook:
        'Use du to find what else grew on the disk of the logs, or lower diskBudgetBytes to the space that the logs really have.',
    },
    {
      name: 'LogLinesDropped',
      expr: `increase(${of('dropped_events_total', window)}) > ${value('alarmDroppedLines')}`,
      forSeconds: 0,
      severity: 'critical',
      summary: 'Filebeat on {{ $labels.node }} dropped lines: the destination refused them permanently.',
      runbook:
        "Filebeat's log has the cause: a line larger than the broker allows (message.max.bytes), or one that cannot be indexed while the dead-letter index is missing.",
    },
    {
      name: 'LogFilesUnreadable',
      expr: `${of('unreadable_files')} > ${value('alarmUnreadableFiles')}`,
      forSeconds: value('rotationSeconds'),
      severity: 'critical',
      summary:
        'Filebeat cannot read {{ $value }} log files of {{ $labels.node }}: they are deleted without being shipped.',
      runbook:
        'Run ls -ln in the log folder. Filebeat reads through the group of the files (fileGroup): let the writer create them with mode 0640 in a folder of mode 0750 or more, and run chmod g+r on the existing ones. If a file has another group, change it with chgrp.',
    },
    {
      name: 'LogShipperDown',
      // A missing metric counts as down: the network policy refuses a Prometheus in another namespace.
      expr: `${of('up')} == 0 or absent(${of('up')}) or (${unavailable}) > ${value('alarmUnavailablePods')}`,
      forSeconds: value('alarmDownSeconds'),
      severity: 'critical',
      summary: `Filebeat does not run on a node. After ${value('readableSeconds')} s at the peak, files are compressed that it has not read.`,
      runbook:
        'kubectl describe its pod: an image that cannot be pulled, a refused configuration, too little memory. If metrics of all nodes are missing, Prometheus does not scrape port 9479; monitoringNamespace must be its namespace.',
    },
  ];
}

/** The graphs of a shipper, a line a node. */
export function logGraphs(plan: LogsPlan, name: ShipperName): Graph[] {
  const { disk, lag, of, window } = metrics(plan, name);
  const flat = (knob: string) => `vector(${plan.value(knob)})`;
  const node = '{{node}}';
  return [
    {
      title: 'Logs and queue on disk',
      unit: 'bytes',
      lines: [
        { legend: node, expr: disk },
        { legend: 'watermark', expr: flat('diskWatermarkBytes') },
        { legend: 'budgeted', expr: `vector(${plan.predictions.peakDiskBytes})` },
      ],
    },
    {
      title: 'Queue',
      unit: 'bytes',
      lines: [
        { legend: node, expr: of('queue_bytes') },
        { legend: 'alarm', expr: flat('queueAlarmBytes') },
        { legend: 'full', expr: flat('diskQueueBytes') },
      ],
    },
    {
      title: 'Shipping lag',
      unit: 's',
      lines: [
        { legend: node, expr: lag },
        { legend: 'allowed', expr: flat('lagSeconds') },
      ],
    },
    {
      title: 'Lines acknowledged a second',
      unit: 'short',
      lines: [{ legend: node, expr: `rate(${of('acked_events_total', window)})` }],
    },
  ];
}
