/** The alerts of a stream of Kafka and of its consumers, firing and silent: the same wherever a stream is deployed. */
import type { PartitionedStream } from '../../../lib/k8s/streams/partitioned-stream';
import type { AlertCase } from './rules';

/** Where a stream is deployed, on the cluster `events` in the namespace `kafka`. */
export interface DeployedStream {
  readonly namespace: string;
  readonly topic: string;
  readonly group: string;
}

/** Cases about every alert of a stream and of its worker. */
export function streamCases(
  { plan, worker }: PartitionedStream,
  { namespace, topic, group }: DeployedStream,
): AlertCase[] {
  const lag = (partition: number) =>
    `kafka_consumergroup_lag{namespace="kafka",strimzi_io_cluster="events",consumergroup="${group}",topic="${topic}",partition="${partition}"}`;
  const lags = (...values: string[]) => Object.fromEntries(values.map((value, partition) => [lag(partition), value]));
  const dead = `kafka_topic_partition_current_offset{namespace="kafka",strimzi_io_cluster="events",topic="${topic}.dead",partition="0"}`;
  const keda = (metric: string) =>
    `keda_scaler_${metric}{namespace="${namespace}",scaledObject="${worker.scaler.name}",metric="s0-kafka-${topic.replaceAll('.', '-')}"}`;
  const [depth, errors] = [keda('metrics_value'), keda('detail_errors_total')];
  const replicas = `kube_horizontalpodautoscaler_status_current_replicas{namespace="${namespace}",horizontalpodautoscaler="keda-hpa-${worker.scaler.name}"}`;
  const most = worker.plan.value('maxInstances');
  const behind = worker.plan.value('alarmBacklog') + 10;
  const planned = worker.plan.value('peakOutstanding');
  const hotLag = plan.value('alarmHotLag');
  return [
    {
      alert: 'StreamPartitionHot',
      when: 'one partition has most of the lag',
      series: lags('0x20', '10x20', `${3 * hotLag}x20`, '0x20', '5x20', '0x20'),
      atMinute: 8,
      fires: true,
    },
    {
      alert: 'StreamPartitionHot',
      when: 'all partitions are behind alike',
      series: lags(...Array.from({ length: 6 }, () => `${3 * hotLag}x20`)),
      atMinute: 8,
      fires: false,
    },
    {
      alert: 'StreamPartitionHot',
      when: 'one has more than the others, and little',
      series: lags('0x20', '0x20', `${hotLag - 1}x20`, '0x20', '0x20', '0x20'),
      atMinute: 8,
      fires: false,
    },
    {
      alert: 'StreamRecordsSetAside',
      when: 'a record was set aside',
      series: { [dead]: '3x4 4x20' },
      atMinute: 6,
      fires: true,
    },
    { alert: 'StreamRecordsSetAside', when: 'none was', series: { [dead]: '3x20' }, atMinute: 6, fires: false },
    {
      alert: 'QueueBacklog',
      when: 'the lag is beyond what is planned',
      series: { [depth]: `${behind}x20` },
      atMinute: 10,
      fires: true,
    },
    {
      alert: 'QueueBacklog',
      when: 'it is the planned peak',
      series: { [depth]: `${planned}x20` },
      atMinute: 10,
      fires: false,
    },
    { alert: 'QueueNeverDrains', when: 'it grows', series: { [depth]: `${behind}+100x60` }, atMinute: 50, fires: true },
    {
      alert: 'QueueNeverDrains',
      when: 'it falls',
      series: { [depth]: `${behind + 9000}-100x59` },
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
    { alert: 'QueueScalerBlind', when: 'it failed once', series: { [errors]: '0x5 1x20' }, atMinute: 8, fires: false },
    {
      alert: 'QueueWorkerAtMaximum',
      when: 'all consumers run and are behind',
      series: { [replicas]: `${most}x20`, [depth]: `${behind}x20` },
      atMinute: 15,
      fires: true,
    },
    {
      alert: 'QueueWorkerAtMaximum',
      when: 'they run and keep up',
      series: { [replicas]: `${most}x20`, [depth]: '10x20' },
      atMinute: 15,
      fires: false,
    },
  ];
}
