/**
 * Where items wait, one row a broker: how old the depth is that a scaler reads, and what is set there. Each broker's
 * limits are in its own file.
 */

/** Names of the brokers, as a question and the command line give them. */
export type BrokerName = 'sqs' | 'rabbitmq' | 'kafka' | 'redis' | 'pubsub';

/** The facts of one broker. */
export interface BrokerFacts {
  /** The name in messages. */
  readonly title: string;
  /** Age in seconds of the depth that a scaler reads. */
  readonly depthAgeSeconds: number;
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
    publishesAge: true,
    source:
      'assumption: under steady traffic the depth is seconds old; Amazon SQS API reference, GetQueueAttributes: consistent at least a minute after producers stop',
  },
  rabbitmq: {
    title: 'RabbitMQ',
    depthAgeSeconds: 5,
    publishesAge: false,
    source: 'RabbitMQ, collect_statistics_interval: 5 s',
  },
  kafka: {
    title: 'Apache Kafka',
    depthAgeSeconds: 0,
    publishesAge: false,
    source: 'Kafka, OffsetFetch and ListOffsets',
  },
  redis: { title: 'Redis Streams', depthAgeSeconds: 0, publishesAge: false, source: 'Redis, XINFO GROUPS' },
  pubsub: {
    title: 'Google Cloud Pub/Sub',
    depthAgeSeconds: 0,
    publishesAge: true,
    source: 'Cloud Monitoring, subscription/oldest_unacked_message_age',
  },
};
