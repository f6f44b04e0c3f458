/** What a log shipper is watched by: the disk, the queue, the way to the destination. */
import { sizeText } from '../../flow/figures';
import type { LogsPlan } from '../../flow/logs/workload';
import { type Alert, RATE_WINDOW_SECONDS } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { aboutObject, matching } from '../promql';

const WINDOW = `${RATE_WINDOW_SECONDS}s`;

/** A shipper that is away for longer is no new version any more: an assumption. */
const LONGEST_SILENCE_SECONDS = 900;

/** The name of a shipper's DaemonSet, by which the exporter calls it, and its namespace, which the scrape adds. */
export interface ShipperName {
  readonly namespace?: string;
  readonly shipper: string;
}

/** The metrics of one shipper, a series a node. */
function metrics({ namespace, shipper }: ShipperName) {
  const of = (name: string, window = '') => `log_shipping_${name}${matching({ namespace, shipper })}${window}`;
  return {
    disk: `(${of('log_bytes')} + ${of('queue_bytes')})`,
    // Lines in the queue ÷ lines a second that the destination takes (Little's law): infinite when it takes none.
    lag: `(${of('queued_events')} / rate(${of('acked_events_total', `[${WINDOW}]`)}))`,
    of,
  };
}

/** The alerts of a shipper; each names its node. */
export function logAlerts(plan: LogsPlan, name: ShipperName): Alert[] {
  const { disk, lag, of } = metrics(name);
  const daemonset = { daemonset: name.shipper };
  const unavailable = aboutObject('kube_daemonset_status_number_unavailable', daemonset, name.namespace);
  const value = (name: string) => plan.value(name);
  const size = (name: string) => sizeText(value(name));
  return [
    {
      name: 'LogDiskAboveWatermark',
      expr: `${disk} > ${value('diskWatermarkBytes')}`,
      forSeconds: 60,
      severity: 'critical',
      summary: `Logs and queue of {{ $labels.node }} are above ${size('diskWatermarkBytes')}; at ${sizeText(plan.predictions.peakDiskBytes)} the queue is full.`,
      runbook:
        'If LogQueueFilling fires too, the destination is away or too slow: repair it, the queue drains by itself. If LogRotationStuck fires too, see there. Never delete a file that is not compressed: it may not have been shipped.',
    },
    {
      name: 'LogQueueFilling',
      expr: `${of('queue_bytes')} > ${value('queueAlarmBytes')}`,
      forSeconds: 60,
      severity: 'critical',
      summary: `The queue of {{ $labels.node }} is above ${size('queueAlarmBytes')} of ${size('diskQueueBytes')}: the destination does not take what is logged.`,
      runbook:
        'Look at the log of Filebeat for the error of the output, then at the destination: reachable, credentials, in-sync replicas, disk. When the queue is full, files wait instead and are lost once they are compressed.',
    },
    {
      name: 'LogShippingLag',
      // A lag that cannot be known is none that is kept.
      expr: `${lag} > ${value('lagSeconds')} or (${of('up')} == 1 unless ${of('queued_events')})`,
      forSeconds: RATE_WINDOW_SECONDS,
      severity: 'warning',
      summary: `Lines of {{ $labels.node }} are under way for more than ${value('lagSeconds')} s, or nobody can tell.`,
      runbook:
        'Compare the rate of acknowledged lines with the plan. More is logged than planned: raise the workload numbers and deploy. Less is taken: look at the destination and the CPU limit of Filebeat. No log_shipping_queued_events at all: this version of Filebeat keeps its queue in a form that the exporter does not know.',
    },
    {
      name: 'LogRotationStuck',
      expr: `${of('log_bytes')} > ${value('logFileBytes')}`,
      forSeconds: 2 * value('rotationSeconds'),
      severity: 'critical',
      summary: `Log files of {{ $labels.node }} take more than ${size('logFileBytes')}, which rotation would not let happen.`,
      runbook:
        'Read the log of the rotator. It failed (owner of the folder, state file), more files are written than planned (logFiles), or a writer goes on in the renamed file: then its reopening does not work, and its file must not be compressed before it does.',
    },
    {
      name: 'LogDiskPromised',
      // What the plan may still take must be there, whoever else uses the disk.
      expr: `${of('free_bytes')} < ${plan.predictions.peakDiskBytes} - ${disk}`,
      forSeconds: RATE_WINDOW_SECONDS,
      severity: 'warning',
      summary: 'The disk of {{ $labels.node }} has less room than the logs may still need: something else fills it.',
      runbook:
        'Find with du what else grew on the disk of the logs, or lower diskBudgetBytes to what is really theirs.',
    },
    {
      name: 'LogLinesDropped',
      expr: `increase(${of('dropped_events_total', `[${WINDOW}]`)}) > 0`,
      forSeconds: 0,
      severity: 'critical',
      summary: 'Filebeat on {{ $labels.node }} gave lines up: the destination refused them for good.',
      runbook:
        'The log of Filebeat says why: larger than the broker allows (message.max.bytes), or not to be indexed and the dead-letter index is missing.',
    },
    {
      name: 'LogFilesUnreadable',
      expr: `${of('unreadable_files')} > 0`,
      forSeconds: value('rotationSeconds'),
      severity: 'critical',
      summary:
        '{{ $value }} log files of {{ $labels.node }} cannot be read by Filebeat: they are deleted without being shipped.',
      runbook:
        'ls -ln in the folder of the logs. Filebeat reads by the group of the files (fileGroup): let the writer create them with mode 0640 in a folder of mode 0750 or more, and chmod g+r those that are there. A file of another group needs its group changed.',
    },
    {
      name: 'LogShipperDown',
      // No figure at all is no good one: a Prometheus in another namespace is turned away by the network policy.
      expr: `${of('up')} == 0 or absent(${of('up')}) or (${unavailable}) > 0`,
      forSeconds: Math.min(LONGEST_SILENCE_SECONDS, Math.ceil(value('readableSeconds') / 2)),
      severity: 'critical',
      summary: `Filebeat does not run on a node. After ${value('readableSeconds')} s at the peak, files are compressed that it has not read.`,
      runbook:
        'kubectl describe its pod: an image that is not pulled, a configuration it refuses, too little memory. Of no node any figure: Prometheus does not scrape port 9479; monitoringNamespace must be its namespace.',
    },
  ];
}

/** The graphs of a shipper, a line a node. */
export function logGraphs(plan: LogsPlan, name: ShipperName): Graph[] {
  const { disk, lag, of } = metrics(name);
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
      lines: [{ legend: node, expr: `rate(${of('acked_events_total', `[${WINDOW}]`)})` }],
    },
  ];
}
