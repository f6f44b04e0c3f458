import type { BrokerName } from './brokers/facts';
import type { PlatformName } from './platforms/facts';
import type { Consumer, Objective, Workload } from './workload';

/** Choices on a platform; absent ones are derived. */
export interface PlatformChoices {
  /** Whether the last instance stops when the queue is empty. Default: false. */
  readonly scaleToZero?: boolean;
  /** Whether a worker returns its items at SIGTERM, by an ack deadline of 0 (Cloud Run worker pool). Default: false. */
  readonly nacksOnStop?: boolean;
  /** Seconds without work before instances are removed (KEDA). At least the time of one item. */
  readonly cooldownSeconds?: number;
  /** Seconds that a new node takes at most (jobs on Kubernetes). Default: 900. */
  readonly nodeProvisionSeconds?: number;
  /** Time-out of the consuming function in seconds (Lambda). 1 to 900. */
  readonly functionTimeoutSeconds?: number;
  /** Batch window in seconds before an invocation (Lambda). 0 to 300; taken off the promise. */
  readonly batchWindowSeconds?: number;
  /** Messages of one invocation (Lambda). */
  readonly batchSize?: number;
}

/** Redrives of dead letters, for a queue that has a redriver. */
export interface RedriveChoices {
  /** How often a dead letter is sent back before it is quarantined. Default: 2. */
  readonly maxRedrives?: number;
  /** Dead letters sent back per second at most. Default: 10 % of the steady arrivals. */
  readonly redrivesPerSecond?: number;
  /** The circuit opens when a smaller share does not return to the dead-letter queue. Default: 0.5. */
  readonly successRatioFloor?: number;
}

/** Choices on a broker; absent ones are derived. */
export interface BrokerChoices {
  /** Attempts before a message is a dead letter (SQS). 1 to 1,000. */
  readonly maxReceiveCount?: number;
  /** Seconds that a message may wait (SQS, Pub/Sub). */
  readonly retentionSeconds?: number;
  /** Seconds that one receive hides a message of a queue that exists already (SQS). 0 to 43,200. */
  readonly visibilityTimeoutSeconds?: number;
  /** Seconds that an existing dead-letter queue keeps a message (SQS). 2 to 14 days. */
  readonly deadLetterRetentionSeconds?: number;
  /** Seconds that one receive hides a letter of an existing dead-letter queue (SQS). 30 to 43,200. */
  readonly deadLetterVisibilitySeconds?: number;
  /** Whether a KMS key of the account encrypts the messages (SQS), so that data keys are reused for a while. */
  readonly customerKey?: boolean;
  /** Redrives of dead letters (SQS). Absent: nothing redrives. */
  readonly redrive?: RedriveChoices;
  /** Seconds to acknowledge (Pub/Sub). 10 to 600. */
  readonly ackDeadlineSeconds?: number;
  /** Seconds before the second attempt at least (Pub/Sub). 0 to 600. */
  readonly minimumBackoffSeconds?: number;
  /** Seconds before any attempt at most (Pub/Sub). 0 to 600. */
  readonly maximumBackoffSeconds?: number;
  /** Attempts before a message is a dead letter (Pub/Sub). 5 to 100. */
  readonly maxDeliveryAttempts?: number;
  /** Seconds that all consumers may be down before publishers are refused (RabbitMQ). Default: 3,600. */
  readonly consumerOutageSeconds?: number;
  /** Seconds from an acknowledgement to the next message (RabbitMQ). Default: 0.002. */
  readonly roundTripSeconds?: number;
  /** Deliveries after the first that an existing queue allows (RabbitMQ). 0 to 999. */
  readonly deliveryLimit?: number;
  /** Messages that an existing queue holds at most (RabbitMQ). 1 or more. */
  readonly maxLength?: number;
  /** Connections that the broker accepts at most (Amazon MQ). Default: not known, and not compared. */
  readonly brokerConnections?: number;
  /** Bytes of storage of a node of the broker (Amazon MQ). Default: 20 GB. */
  readonly brokerStorageBytes?: number;
  /** Seconds that a broker of one instance is away when it is replaced (Amazon MQ). Default: 0, a cluster. */
  readonly failoverSeconds?: number;
  /** Partitions of the topic, which bound the consumers (Kafka). */
  readonly partitions?: number;
  /** Lag that is planned at the peak (Kafka), where members of the group have a line each. Default: that of one line. */
  readonly peakLag?: number;
  /** Seconds by which the depth that the scaler reads is old (a broker without a row of its own). Default: 5. */
  readonly depthAgeSeconds?: number;
  /** Whether the depth that the scaler reads counts items in work (a broker without a row of its own). Default: true. */
  readonly depthCountsWork?: boolean;
}

/** The input of a queue's plan. Case, command line, docs, environment and construct use the same one. */
export interface QueueQuestion extends PlatformChoices, BrokerChoices {
  readonly workload: Workload;
  readonly objective: Objective;
  /** Settings of the consumer given by hand. Default: all derived. */
  readonly consumer?: Consumer;
  /** The platform of the consumer. Default: `other`. */
  readonly platform?: PlatformName;
  /** Where the items wait. Default: `sqs`. */
  readonly broker?: BrokerName;
}
