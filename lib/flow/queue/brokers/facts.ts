/**
 * Where items wait, one row a broker: how old the depth is that a scaler reads, and what is set there. Each broker's
 * limits are in its own file.
 */

/** Names of the brokers, as a question and the command line give them. */
export type BrokerName = 'sqs' | 'rabbitmq' | 'amazon-mq' | 'kafka' | 'redis' | 'pubsub' | 'other';

/** The facts of one broker. */
export interface BrokerFacts {
  /** The name in messages. */
  readonly title: string;
  /** Age in seconds of the depth that a scaler reads. */
  readonly depthAgeSeconds: number;
  /** Whether the depth that alarms and graphs read counts items in work, not only those that wait. */
  readonly depthCountsWork: boolean;
  /** Whether the age of the oldest item is published. */
  readonly publishesAge: boolean;
  /** Where the numbers come from. */
  readonly source: string;
}

/** The brokers. */
export const BROKER_FACTS: Readonly<Record<BrokerName, BrokerFacts>> = {
  sqs: {
    title: 'Amazon SQS',
    depthAgeSeconds: 5,
    // ApproximateNumberOfMessagesVisible; KEDA's scaler adds those in flight.
    depthCountsWork: false,
    publishesAge: true,
    source:
      'assumption: under steady traffic the depth is seconds old; Amazon SQS API reference, GetQueueAttributes: consistent at least a minute after producers stop',
  },
  rabbitmq: {
    title: 'RabbitMQ',
    depthAgeSeconds: 5,
    // Ready and unacknowledged, by the management API.
    depthCountsWork: true,
    publishesAge: false,
    source: 'RabbitMQ, collect_statistics_interval: 5 s',
  },
  'amazon-mq': {
    title: 'Amazon MQ for RabbitMQ',
    depthAgeSeconds: 5,
    // MessageReadyCount and MessageUnacknowledgedCount, added up.
    depthCountsWork: true,
    publishesAge: false,
    source:
      'Amazon MQ developer guide, Available CloudWatch metrics for RabbitMQ: published once a minute, which is the poll of the platform; RabbitMQ, collect_statistics_interval: 5 s',
  },
  kafka: {
    title: 'Apache Kafka',
    depthAgeSeconds: 0,
    // A record is committed when its work is done.
    depthCountsWork: true,
    publishesAge: false,
    source: 'Kafka, OffsetFetch and ListOffsets',
  },
  redis: {
    title: 'Redis Streams',
    depthAgeSeconds: 0,
    // Lag and pending entries, or the length of a stream whose entries are deleted when they are done.
    depthCountsWork: true,
    publishesAge: false,
    source: 'Redis, XINFO GROUPS',
  },
  pubsub: {
    title: 'Google Cloud Pub/Sub',
    depthAgeSeconds: 0,
    // subscription/num_undelivered_messages: those without an acknowledgement.
    depthCountsWork: true,
    publishesAge: true,
    source: 'Cloud Monitoring, subscription/oldest_unacked_message_age',
  },
  other: {
    title: 'a queue of another kind',
    depthAgeSeconds: 5,
    depthCountsWork: true,
    publishesAge: false,
    source:
      'assumption: the depth is as old as that of SQS and RabbitMQ; depthAgeSeconds and depthCountsWork say otherwise',
  },
};
