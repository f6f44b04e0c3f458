/** Alerts and graphs of a receiver, on what it counts itself and on what Kafka Exporter shows of its topic. */
import { duration, percent } from '../../flow/figures';
import type { Plan } from '../../flow/plan';
import { refusedKnobName } from '../../flow/webhooks/refused';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { matching } from '../promql';

/** The labels of the receiver's metrics and of its topic's. */
export interface ReceiverSeries {
  readonly namespace?: string;
  /** The name that a receiver gives its series. */
  readonly receiver: string;
  readonly sources: readonly string[];
  readonly topic: TopicSeries;
}

/** The labels of a topic in Kafka Exporter, which stands beside the brokers. */
export interface TopicSeries {
  readonly namespace?: string;
  readonly cluster: string;
  readonly topic: string;
}

/** The alerts of a receiver. */
export function receiverAlerts(plan: Plan, series: ReceiverSeries): Alert[] {
  const value = (name: string) => plan.value(name);
  const window = `[${value('alarmWindowSeconds')}s]`;
  const alerts: Alert[] = [
    {
      name: 'WebhooksTurnedAway',
      expr: `sum(increase(${own(series, 'requests_total', {}, { code: '"5.."' })}${window})) > ${value('alarmTurnedAway')}`,
      forSeconds: 0,
      severity: 'critical',
      summary: 'The receiver turned deliveries away; senders retry or give up.',
      runbook:
        'Is WebhookWritesRefused firing, follow it. Otherwise the log of the receiver says which: the brokers did not confirm in time, a signing secret could not be read or is unusable (empty, a placeholder, JSON), or there was no room: as many deliveries were in work as a pod takes, or bodies came slowly. Then raise receiver.replicas or receiver.concurrency: the autoscaler goes by CPU, which deliveries that wait for brokers do not use. GitHub does not retry: redeliver there.',
    },
    {
      name: 'WebhooksDeferred',
      expr: `sum by (source) (increase(${own(series, 'deferred_total')}${window})) > ${value('alarmDeferred')}`,
      forSeconds: 0,
      severity: 'warning',
      summary:
        'Deliveries of {{ $labels.source }} were told to come again: more signatures were wrong than a secret is read again for.',
      runbook:
        'Refusals by reason on the dashboard. Forgeries: a limit on requests at the gateway keeps them out; a genuine delivery that a new secret signed may be among those that were deferred. A rotation: write the new secret into the Secret before the sender has it, and the kubelet brings it to the pods within two minutes. GitHub does not retry: redeliver there.',
    },
    {
      name: 'WebhookPublishSlow',
      expr: `${publishSeconds(plan, series)} > ${value('alarmPublishSeconds')}`,
      forSeconds: value('alarmPublishHoldSeconds'),
      severity: 'warning',
      summary: `One delivery in a hundred waits longer than ${duration(value('alarmPublishSeconds'))} for the brokers; at twice that senders are turned away.`,
      runbook:
        'Does one broker answer slowly: its disk, its network, a rolling restart? A user with a quota below what it writes is throttled: kubectl describe the KafkaUser. Pods that are throttled themselves (container_cpu_cfs_throttled_seconds_total) are too few.',
    },
    {
      name: 'WebhooksRefused',
      expr: series.sources.map((source) => refused(plan, series, source)).join(' or '),
      forSeconds: 0,
      severity: 'critical',
      summary: 'More deliveries of {{ $labels.source }} are refused than accepted.',
      runbook:
        'By reason on the dashboard. A bad signature: was the secret changed on one side only? Write both into the Secret, a line each, until the sender has the new one. Too old: compare the clocks. Too large: maxBodyBytes of the receiver. If the sender did nothing new these are forgeries, which did no harm.',
    },
    {
      name: 'WebhookWritesRefused',
      expr: `min(${inSync(series.topic)}) < ${value('minInsyncReplicas')}`,
      forSeconds: value('alarmInSyncSeconds'),
      severity: 'critical',
      summary: `A partition of ${series.topic.topic} has fewer copies than confirm a write: its deliveries are turned away.`,
      runbook:
        'kubectl get pods of the brokers: which are away, or fall behind? A delivery is stored again as soon as a second copy is in sync; do not lower min.insync.replicas, or a confirmed delivery may be lost.',
    },
    {
      name: 'WebhookReceiverMissing',
      expr: `absent(${own(series, 'concurrency')})`,
      forSeconds: value('alarmDownSeconds'),
      severity: 'critical',
      summary: 'Nothing is measured of the receiver: it is down, or no other alert on it has data.',
      runbook:
        'kubectl get pods: does one run, and what does its log say? A secret that no source can use ends it. Does Prometheus select the PodMonitor, and may it connect (monitoringNamespace)?',
    },
  ];
  // What is summed has lost the label of its receiver.
  return alerts.map((alert) => ({ ...alert, labels: { receiver: series.receiver } }));
}

/** The graphs of a receiver. */
export function receiverGraphs(plan: Plan, series: ReceiverSeries): Graph[] {
  const window = `[${plan.value('alarmWindowSeconds')}s]`;
  const planned = (name: string) => `vector(${plan.value(name)})`;
  return [
    {
      title: 'Answers a second, by code',
      unit: 'short',
      lines: [{ legend: '{{code}}', expr: `sum by (code) (rate(${own(series, 'requests_total')}${window}))` }],
    },
    {
      title: `Until the brokers confirm, ${percent(plan.value('alarmPublishQuantile'))} of the deliveries`,
      unit: 's',
      lines: [
        { legend: 'confirmed', expr: publishSeconds(plan, series) },
        { legend: 'alarm', expr: planned('alarmPublishSeconds') },
        { legend: 'given up', expr: planned('publishTimeoutSeconds') },
      ],
    },
    {
      title: 'Refused a second, by source and reason',
      unit: 'short',
      lines: [
        {
          legend: '{{source}} {{reason}}',
          expr: `sum by (source, reason) (rate(${own(series, 'refused_total')}${window}))`,
        },
      ],
    },
    {
      title: 'Deferred a second, by source',
      unit: 'short',
      lines: [{ legend: '{{source}}', expr: `sum by (source) (rate(${own(series, 'deferred_total')}${window}))` }],
    },
    {
      title: 'In work in the fullest pod',
      unit: 'short',
      lines: [
        { legend: 'in work', expr: `max(${own(series, 'in_flight')})` },
        { legend: 'at most', expr: planned('receiverConcurrency') },
      ],
    },
    {
      title: 'Copies in sync of the worst partition',
      unit: 'short',
      lines: [
        { legend: 'in sync', expr: `min(${inSync(series.topic)})` },
        { legend: 'confirm a write', expr: planned('minInsyncReplicas') },
      ],
    },
  ];
}

/** A metric of the receiver. */
function own(
  { namespace, receiver }: ReceiverSeries,
  name: string,
  labels: Readonly<Record<string, string>> = {},
  patterns: Readonly<Record<string, string>> = {},
  excluded: Readonly<Record<string, string>> = {},
): string {
  return `receiver_${name}${matching({ namespace, receiver, ...labels }, patterns, excluded)}`;
}

function publishSeconds(plan: Plan, series: ReceiverSeries): string {
  const buckets = `${own(series, 'publish_seconds_bucket')}[${plan.value('alarmWindowSeconds')}s]`;
  return `histogram_quantile(${plan.value('alarmPublishQuantile')}, sum by (le) (rate(${buckets})))`;
}

/** Many refusals of a source, and more of them than accepted deliveries. */
function refused(plan: Plan, series: ReceiverSeries, source: string): string {
  const window = `[${plan.value('alarmRefusedSeconds')}s]`;
  const within = (
    name: string,
    labels: Readonly<Record<string, string>> = {},
    excluded: Readonly<Record<string, string>> = {},
  ) => `sum by (source) (increase(${own(series, name, { source, ...labels }, {}, excluded)}${window}))`;
  // A sender that hangs up was not refused: its network failed, or it waits for less than its body takes.
  const refusals = within('refused_total', {}, { reason: 'hung-up' });
  const accepted = within('requests_total', { code: '200' });
  return `(${refusals} > ${plan.value(refusedKnobName(source))} and ${refusals} > ${accepted})`;
}

/** Copies in sync of each partition. */
function inSync({ namespace, cluster, topic }: TopicSeries): string {
  return `kafka_topic_partition_in_sync_replica${matching({ namespace, strimzi_io_cluster: cluster, topic })}`;
}
