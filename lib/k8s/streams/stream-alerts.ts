/** Alerts and graphs of a stream beside those of its worker: partitions by themselves, as Kafka Exporter shows them. */
import type { StreamPlan } from '../../flow/streams/workload';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { matching } from '../promql';

/** The labels of the stream's metrics. */
export interface StreamSeries {
  /** Of the exporter, which stands beside the brokers. */
  readonly namespace?: string;
  readonly cluster: string;
  readonly topic: string;
  readonly deadTopic: string;
  readonly consumerGroup: string;
}

/** The alerts of a stream. */
export function streamAlerts(plan: StreamPlan, series: StreamSeries): Alert[] {
  const lag = lagOf(series);
  const window = `${plan.value('alarmWindowSeconds')}s`;
  const alerts: Alert[] = [
    {
      name: 'StreamPartitionHot',
      expr: `max(${lag}) > ${plan.value('alarmHotLag')} and max(${lag}) > ${plan.value('alarmHotRatio')} * avg(${lag})`,
      forSeconds: plan.value('alarmHotSeconds'),
      severity: 'warning',
      summary: `One partition has more than ${plan.value('alarmHotRatio')} times the lag of the mean: more consumers do not help it.`,
      runbook:
        'kafka-consumer-groups --describe of the group shows which partition, and whose it is. If that consumer hangs, delete its pod. Otherwise read the partition: one key that is too frequent has to be split at its producer.',
    },
    {
      name: 'StreamRecordsSetAside',
      expr: `sum(delta(kafka_topic_partition_current_offset${matching({ namespace: series.namespace, strimzi_io_cluster: series.cluster, topic: series.deadTopic })}[${window}])) > ${plan.value('alarmSetAside')}`,
      forSeconds: 0,
      severity: 'warning',
      summary: `Records could not be handled, and are in ${series.deadTopic}.`,
      runbook:
        'The headers of a record there name topic, partition, offset and error. Mend the cause, then produce the records to the topic again; records of their keys that came later have been handled.',
    },
  ];
  // What is summed has lost the label of its consumers: two streams of a namespace would be one alert.
  return alerts.map((alert) => ({ ...alert, labels: { consumergroup: series.consumerGroup } }));
}

/** The graphs of a stream. */
export function streamGraphs(plan: StreamPlan, series: StreamSeries): Graph[] {
  const lag = lagOf(series);
  const offsets = (metric: string, labels: Readonly<Record<string, string | undefined>>) =>
    `sum(rate(${metric}${matching({ namespace: series.namespace, strimzi_io_cluster: series.cluster, topic: series.topic, ...labels })}[${plan.value('alarmWindowSeconds')}s]))`;
  return [
    {
      title: 'Lag',
      unit: 'short',
      lines: [
        { legend: 'all partitions', expr: `sum(${lag})` },
        { legend: 'the longest', expr: `max(${lag})` },
        { legend: 'predicted peak of all', expr: `vector(${plan.predictions.peakLag})` },
      ],
    },
    {
      title: 'Records a second',
      unit: 'short',
      lines: [
        { legend: 'in', expr: offsets('kafka_topic_partition_current_offset', {}) },
        { legend: 'out', expr: offsets('kafka_consumergroup_current_offset', { consumergroup: series.consumerGroup }) },
        { legend: 'peak, as planned', expr: `vector(${plan.predictions.peakPerSecond})` },
      ],
    },
    {
      title: 'Partitions',
      unit: 'short',
      lines: [
        { legend: 'with a lag', expr: `count(${lag} > 0) or vector(0)` },
        { legend: 'all', expr: `vector(${plan.value('partitions')})` },
        { legend: 'consumers', expr: `vector(${plan.value('instances')})` },
      ],
    },
  ];
}

/** The lag of each partition: a second exporter may show it again. */
function lagOf({ namespace, cluster, topic, consumerGroup }: StreamSeries): string {
  return `max by (partition) (kafka_consumergroup_lag${matching({ namespace, strimzi_io_cluster: cluster, consumergroup: consumerGroup, topic })})`;
}
