import { Chart, type ChartProps, Duration } from 'cdk8s';
import type { Construct } from 'constructs';
import { NOISY_CAPACITY, NOISY_TENANTS, NOISY_TOPICS } from '../lib/cases/case-18-noisy-producer';
import type { KafkaCapacity, KafkaTenant } from '../lib/flow/quotas/workload';
import type { ContinuousCompaction } from '../lib/k8s/compaction/continuous-compaction';
import { KafkaQuotas, type KafkaQuotaTopic } from '../lib/k8s/quotas/kafka-quotas';
import { restrictedNamespace } from './namespace';
import { compactedEvents } from './streaming-tenants/compaction';
import { StreamingTenantsEtl } from './streaming-tenants/etl';
import { DeviceMetrics } from './streaming-tenants/streams';

/** What the quotas are sized from: numbers of an imagined platform. */
export const STREAMING: { capacity: KafkaCapacity; tenants: KafkaTenant[]; topics: KafkaQuotaTopic[] } = {
  capacity: NOISY_CAPACITY.k8s,
  tenants: [...NOISY_TENANTS],
  topics: NOISY_TOPICS.map(({ retentionHours, ...topic }) => ({ ...topic, retention: Duration.hours(retentionHours) })),
};

/** Differences between installations under the same Prometheus. */
export interface StreamingTenantsProps extends ChartProps {
  /**
   * Namespace of the brokers.
   *
   * @default 'kafka'
   */
  readonly clusterNamespace?: string;
}

/**
 * Streaming tenants: three tenants on one Kafka cluster, each held to its share by the brokers (case 18), the consumers of
 * the devices' metrics (case 5), a stream of page views that becomes a table (case 3), and the Delta table of the tenants'
 * events, whose small files are rewritten all day (case 17). Expects Strimzi 0.49 or later with a cluster `events` in the
 * namespace `kafka`, whose user and topic operator watch the namespace `streaming-tenants`, authorization of type `simple`, an
 * internal listener with TLS that knows clients by their certificate, and Kafka Exporter; KEDA, the Spark operator and the
 * Prometheus operator; and a copy of the Secret `events-cluster-ca-cert`.
 */
export class StreamingTenantsChart extends Chart {
  /** The quota of each tenant. */
  public readonly quotas: KafkaQuotas;
  /** The metrics of the devices. */
  public readonly metrics: DeviceMetrics;

  /** The stream into a table. */
  public readonly etl: StreamingTenantsEtl;

  /** The table of events, compacted. */
  public readonly compaction: ContinuousCompaction;

  constructor(scope: Construct, id: string, { clusterNamespace = 'kafka', ...props }: StreamingTenantsProps = {}) {
    super(scope, id, { namespace: 'streaming-tenants', ...props });
    // This namespace holds topics, users, their Secrets and consumers, apart from the brokers.
    restrictedNamespace(this);
    this.quotas = new KafkaQuotas(this, 'Quotas', { clusterName: 'events', clusterNamespace, ...STREAMING });
    this.metrics = new DeviceMetrics(this, 'Metrics', { clusterName: 'events', clusterNamespace });
    this.etl = new StreamingTenantsEtl(this, 'Etl', { clusterName: 'events', clusterNamespace });
    this.compaction = compactedEvents(this);
  }
}
