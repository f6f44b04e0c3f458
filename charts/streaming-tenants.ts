import { Chart, type ChartProps, Duration } from 'cdk8s';
import type { Construct } from 'constructs';
import type { KafkaCapacity, KafkaTenant } from '../lib/flow/quotas';
import { KafkaQuotas, type KafkaQuotaTopic } from '../lib/k8s/kafka-quotas';
import { restrictedNamespace } from './namespace';

/** What the quotas are sized from: numbers of an imagined platform. */
export const STREAMING: { capacity: KafkaCapacity; tenants: KafkaTenant[]; topics: KafkaQuotaTopic[] } = {
  // An assumption, to be replaced by a measurement: brokers on nodes with 1 Gbit/s, two thirds of which they may use;
  // eight I/O and three network threads are Kafka's defaults.
  capacity: { brokers: 3, brokerBytesPerSecond: 80_000_000, requestThreads: 11 },
  tenants: [
    { name: 'billing', steadyBytesPerSecond: 1_000_000, weight: 3 },
    { name: 'devices', steadyBytesPerSecond: 4_000_000, peakBytesPerSecond: 16_000_000, peakSeconds: 600 },
    // The one that drowned the rest.
    { name: 'clicks', steadyBytesPerSecond: 6_000_000, peakBytesPerSecond: 60_000_000, peakSeconds: 900 },
  ],
  topics: [
    { topicName: 'billing.events', tenant: 'billing', partitions: 6, retention: Duration.days(7) },
    { topicName: 'devices.metrics', tenant: 'devices', partitions: 6, retention: Duration.days(1) },
    { topicName: 'clicks.raw', tenant: 'clicks', partitions: 12, retention: Duration.hours(12) },
  ],
};

/**
 * Streaming tenants: three tenants on one Kafka cluster, each held to its share by the brokers (case 18). Expects
 * Strimzi 0.49 or later with a cluster `events` whose user and topic operator watch the namespace
 * `streaming-tenants`, authorization of type `simple`, and the Prometheus operator.
 */
export class StreamingTenantsChart extends Chart {
  /** What each tenant is held to. */
  public readonly quotas: KafkaQuotas;

  constructor(scope: Construct, id: string, props: ChartProps = {}) {
    super(scope, id, { namespace: 'streaming-tenants', ...props });
    // Topics, users and their Secrets live here, apart from the brokers; no pod does.
    restrictedNamespace(this, 'streaming-tenants');
    this.quotas = new KafkaQuotas(this, 'Quotas', { clusterName: 'events', ...STREAMING });
  }
}
