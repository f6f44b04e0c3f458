import { Chart, type ChartProps, Duration } from 'cdk8s';
import type { Construct } from 'constructs';
import { NOISY_CAPACITY, NOISY_TENANTS, NOISY_TOPICS } from '../lib/cases/case-18-noisy-producer';
import type { KafkaCapacity, KafkaTenant } from '../lib/flow/quotas/workload';
import type { ContinuousCompaction } from '../lib/k8s/compaction/continuous-compaction';
import { KafkaQuotas, type KafkaQuotaTopic } from '../lib/k8s/quotas/kafka-quotas';
import { restrictedNamespace } from './namespace';
import { compactedEvents } from './streaming-tenants/compaction';

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
 * Streaming tenants: three tenants on one Kafka cluster, each held to its share by the brokers (case 18), and the Delta table
 * of their events, whose small files are rewritten all day (case 17). Expects
 * Strimzi 0.49 or later with a cluster `events` in the namespace `kafka`, whose user and topic operator watch the
 * namespace `streaming-tenants`, authorization of type `simple`, and the Prometheus operator.
 */
export class StreamingTenantsChart extends Chart {
  /** The quota of each tenant. */
  public readonly quotas: KafkaQuotas;

  /** The table of events, compacted. */
  public readonly compaction: ContinuousCompaction;

  constructor(scope: Construct, id: string, { clusterNamespace = 'kafka', ...props }: StreamingTenantsProps = {}) {
    super(scope, id, { namespace: 'streaming-tenants', ...props });
    // This namespace holds topics, users and their Secrets, apart from the brokers.
    restrictedNamespace(this);
    this.quotas = new KafkaQuotas(this, 'Quotas', { clusterName: 'events', clusterNamespace, ...STREAMING });
    this.compaction = compactedEvents(this);
  }
}
