/** Sizes of a RabbitMQ broker on Amazon MQ, and what each accepts. */

/** What one size of a broker accepts. */
export interface AmazonMqHost {
  /** Connections to one node, as RabbitMQ 4 on Amazon MQ is set up. */
  readonly connections: number;
}

/**
 * Instance types of RabbitMQ 4 with their default connections per node. RabbitMQ 3.13 has the higher maximum of its type
 * instead.
 *
 * Source: Amazon MQ developer guide, Default resource limits of RabbitMQ 4.2
 */
export const AMAZON_MQ_HOSTS: Readonly<Record<string, AmazonMqHost>> = {
  'mq.m7g.medium': { connections: 100 },
  'mq.m7g.large': { connections: 1500 },
  'mq.m7g.xlarge': { connections: 3000 },
  'mq.m7g.2xlarge': { connections: 6000 },
  'mq.m7g.4xlarge': { connections: 12_000 },
  'mq.m7g.8xlarge': { connections: 24_000 },
  'mq.m7g.12xlarge': { connections: 36_000 },
  'mq.m7g.16xlarge': { connections: 48_000 },
};

/** Limits of Amazon MQ for RabbitMQ, and what is assumed where its pages say nothing. */
export const AMAZON_MQ_LIMITS = {
  /** Developer guide, Default resource limits of RabbitMQ 4.2: `max_message_size`. */
  messageBytes: 524_288,
  /** An assumption: the smallest storage that the developer guide names, of mq.t3.micro; larger types have more. */
  storageBytes: 20e9,
  /** Share of the storage that the queue may take: the rest is for the log of the quorum, other queues and the limit. */
  queueShare: 0.5,
  /** Share of the storage that dead letters may take. */
  deadLetterShare: 0.1,
  /** What a message takes beside its body: properties, headers and its entry in a segment. An assumption. */
  overheadBytes: 1024,
  /** Seconds that a broker of one instance is away when it is replaced or patched. An assumption: minutes. */
  failoverSeconds: 300,
  /** Above the default policies of a cluster, which have 1. Developer guide, Broker defaults. */
  policyPriority: 10,
} as const;
