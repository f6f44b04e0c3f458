import { Construct } from 'constructs';
import { METRICS } from '../../lib/cases/case-05-iot-metrics';
import { NOISY_TOPICS } from '../../lib/cases/case-18-noisy-producer';
import { PartitionedStream } from '../../lib/k8s/streams/partitioned-stream';

/** The topic of the devices, which belongs to their tenant. */
const TOPIC = NOISY_TOPICS[1];

/** Where the brokers are. */
export interface DeviceMetricsProps {
  readonly clusterName: string;
  readonly clusterNamespace: string;
}

/** The consumers of the devices' metrics (case 5). What the devices write is limited by the quota of their tenant. */
export class DeviceMetrics extends Construct {
  /** Consumers, and where they set records aside. */
  public readonly stream: PartitionedStream;

  constructor(scope: Construct, id: string, { clusterName, clusterNamespace }: DeviceMetricsProps) {
    super(scope, id);
    this.stream = new PartitionedStream(this, 'Stream', {
      workload: METRICS.workload,
      objective: METRICS.objective,
      clusterName,
      clusterNamespace,
      topicName: TOPIC.topicName,
      existingTopic: METRICS.on.k8s.existingTopic,
      partitions: TOPIC.partitions,
      consumerGroup: 'device-metrics',
      image: 'docker.io/example/device-metrics:1.0.0',
    });
  }
}
