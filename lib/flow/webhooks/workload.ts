/** What a plan of webhooks on Kafka is asked. */
import type { Objective, Workload } from '../queue/workload';
import type { StreamQuestion } from '../streams/workload';

/** What is chosen for the receiver; what is absent is derived or assumed. */
export interface ReceiverChoices {
  /**
   * Seconds of a request, for the pods (Little's law): the brokers' answer to the batch before it and to its own. Above 0, below
   * 60. Default: 0.1, an assumption.
   */
  readonly seconds?: number;
  /** Seconds of a processor that one delivery costs. Above 0, below 60. Default: 0.002, an assumption. */
  readonly cpuSeconds?: number;
  /** Requests at once in a pod. A whole number, 1 to 1000. Default: 80. */
  readonly concurrency?: number;
  /** Pods that always run, given by hand and checked. A whole number, 2 to 1000. Default: for twice the peak. */
  readonly replicas?: number;
  /** Pods at most. A whole number, `replicas` to 1000. Default: twice the replicas. */
  readonly maxReplicas?: number;
  /** Bytes of a delivery at most. A whole number, 1 to 1,040,396. Default: 1 MiB less 8 KiB. */
  readonly maxBodyBytes?: number;
  /** The least time-out of the senders. A whole number, 3 to 10. Default: 10. */
  readonly senderSeconds?: number;
}

/**
 * Deliveries of a tenant keep their order: they come to one partition of Kafka, whose consumer does one after the other.
 */
export interface TenantOrder {
  /**
   * Tenants. A whole number, 1 to 10^12.
   */
  readonly tenants: number;

  /**
   * Share of the deliveries that the busiest tenant has. 1 ÷ `tenants` to 1.
   *
   * @default - all tenants have as many
   */
  readonly busiestRatio?: number;
}

/** The input of the plan. Case, docs, environment and construct use the same one. */
export interface WebhookQuestion
  extends Pick<
    StreamQuestion,
    | 'partitions'
    | 'currentPartitions'
    | 'instances'
    | 'minInstances'
    | 'startSeconds'
    | 'outageSeconds'
    | 'existingTopic'
  > {
  /** Deliveries of all senders together; `serviceSeconds` and `itemBytes` are the consumer's and the mean body's. */
  readonly workload: Workload;
  /** The promise from receipt to effect. */
  readonly objective: Objective;
  /** The receiver. */
  readonly receiver?: ReceiverChoices;
  /** Order by tenant. Default: deliveries are spread evenly; nothing keeps their order. */
  readonly order?: TenantOrder;
  /** Copies of each delivery. A whole number, 3 to 100. Default: 3. */
  readonly replicas?: number;
  /** Seconds that deliveries are kept, given by hand. Default: a week, or what an outage needs. */
  readonly retentionSeconds?: number;
  /** Seconds that the key of a delivery is kept. Default: 14 days, or the greatest age of a delivery on the topic. */
  readonly idempotencySeconds?: number;
}
