/** What carries records, and who works on them: limits once, for plan, constructs and rules. */
import { KINESIS_LIMITS, LAMBDA_PAYLOAD, STREAM_MAPPING_LIMITS } from '../kinesis';
import { PLATFORM_FACTS, type PlatformName } from '../queue/platforms/facts';
import { LONGEST_GRACE_SECONDS } from '../queue/platforms/keda';

/** A stream and its consumers. */
export type StreamPlatformName = 'kinesis-lambda' | 'kinesis-fargate' | 'msk-lambda' | 'msk-fargate' | 'kafka-keda';

/** One row. */
export interface StreamPlatformFacts {
  /** As it stands in sentences. */
  readonly title: string;
  /** What carries the records. */
  readonly transport: 'kinesis' | 'kafka';
  /** Who works on them. */
  readonly consumer: 'lambda' | 'fargate' | 'keda';
  /** What one consumer is called. */
  readonly instance: string;
  /** The platform of a queue whose law counts the consumers. */
  readonly queuePlatform: PlatformName;
  /** Batches of one partition that are worked on at once. */
  readonly perPartition: number;
  /** Seconds that a record may wait until it is seen. */
  readonly pollSeconds: number;
  /** Seconds that the platform adds to each batch. */
  readonly batchOverheadSeconds: number;
  /** Records of one batch at most. */
  readonly mostBatch: number;
  /** Bytes of one batch at most; a record is so many times its size, and so many bytes more. */
  readonly payload?: { readonly bytes: number; readonly growth: number; readonly addedBytes: number };
  /** Bytes and records a second that one partition takes, where that is fixed. */
  readonly partition: { readonly bytesPerSecond: number; readonly recordsPerSecond: number };
  /** Partitions at most. */
  readonly mostPartitions: number;
  /** Seconds that a batch may take at most, where that is limited. */
  readonly mostBatchSeconds?: number;
  /** Where the numbers come from. */
  readonly source: string;
}

/** Bytes a second that one partition of Kafka takes, unless said otherwise. */
export const KAFKA_PARTITION_BYTES_PER_SECOND = 5_000_000;
/** Pollers of AWS Lambda that read a topic of Kafka. */
export const KAFKA_POLLER = {
  /** Bytes a second that one reads. */
  bytesPerSecond: 5_000_000,
  /** Batches that one has in work at once. */
  batches: 5,
  /** Pollers of one mapping. */
  most: 2000,
  /** Pollers that one mapping may always have. */
  mostMinimum: 200,
  /** Seconds until on-demand pollers have followed the lag: it is read every minute, and more are there within three. */
  reactionSeconds: 240,
} as const;
/** Consumers stop when one comes or goes, until partitions are dealt out anew. */
export const REBALANCE_SECONDS = 10;
/** A consumer without a heartbeat for as long has left its group: the default of Kafka. */
export const SESSION_SECONDS = 45;

const NEVER = Number.POSITIVE_INFINITY;
const KINESIS_PARTITION = {
  bytesPerSecond: KINESIS_LIMITS.bytesPerSecond,
  recordsPerSecond: KINESIS_LIMITS.recordsPerSecond,
};
const KAFKA_PARTITION = { bytesPerSecond: KAFKA_PARTITION_BYTES_PER_SECOND, recordsPerSecond: NEVER };
const ENVELOPE = {
  bytes: LAMBDA_PAYLOAD,
  growth: STREAM_MAPPING_LIMITS.growth,
  addedBytes: STREAM_MAPPING_LIMITS.addedBytes,
};
/** From the poller to the function and back: an assumption, measure yours and add it to batchSeconds. */
const INVOCATION_SECONDS = 0.01;
const KINESIS_SOURCE =
  'Amazon Kinesis Data Streams developer guide, Quotas: 1 MiB and 1,000 records a second and shard; AWS Lambda developer guide, Amazon Kinesis: a shard is polled once a second, by up to ten batches at once';
const MSK_SOURCE =
  'AWS Lambda developer guide, Amazon MSK, event poller scaling modes: 5 MB/s and five batches a poller, never more than partitions';
const KAFKA_SOURCE = 'Apache Kafka documentation, Consumers: each partition has one reader in a group';
/** A broker has some thousands of partitions; more on one topic are several topics. */
const MOST_PARTITIONS = 4000;

/** Every platform. */
export const STREAM_PLATFORMS: Readonly<Record<StreamPlatformName, StreamPlatformFacts>> = {
  'kinesis-lambda': {
    title: 'Amazon Kinesis with AWS Lambda',
    transport: 'kinesis',
    consumer: 'lambda',
    instance: 'concurrent batch',
    queuePlatform: 'other',
    perPartition: STREAM_MAPPING_LIMITS.parallelizationFactor,
    pollSeconds: STREAM_MAPPING_LIMITS.pollSeconds,
    batchOverheadSeconds: INVOCATION_SECONDS,
    mostBatch: STREAM_MAPPING_LIMITS.records,
    payload: ENVELOPE,
    partition: KINESIS_PARTITION,
    mostPartitions: KINESIS_LIMITS.shards,
    mostBatchSeconds: STREAM_MAPPING_LIMITS.timeoutSeconds,
    source: KINESIS_SOURCE,
  },
  'kinesis-fargate': {
    title: 'Amazon Kinesis with AWS Fargate',
    transport: 'kinesis',
    consumer: 'fargate',
    instance: 'task',
    queuePlatform: 'other',
    perPartition: 1,
    pollSeconds: 1,
    batchOverheadSeconds: 0,
    mostBatch: 10_000,
    partition: KINESIS_PARTITION,
    mostPartitions: KINESIS_LIMITS.shards,
    source: `${KINESIS_SOURCE}; Kinesis Client Library, idleTimeBetweenReadsInMillis: 1 s`,
  },
  'msk-lambda': {
    title: 'Amazon MSK with AWS Lambda',
    transport: 'kafka',
    consumer: 'lambda',
    instance: 'concurrent batch',
    queuePlatform: 'other',
    perPartition: 1,
    // The batching window of a mapping on Kafka, unless it is set.
    pollSeconds: 0.5,
    batchOverheadSeconds: INVOCATION_SECONDS,
    mostBatch: STREAM_MAPPING_LIMITS.records,
    payload: ENVELOPE,
    partition: KAFKA_PARTITION,
    mostPartitions: MOST_PARTITIONS,
    mostBatchSeconds: STREAM_MAPPING_LIMITS.timeoutSeconds,
    source: MSK_SOURCE,
  },
  'msk-fargate': {
    title: 'Amazon MSK with AWS Fargate',
    transport: 'kafka',
    consumer: 'fargate',
    instance: 'task',
    queuePlatform: 'fargate',
    perPartition: 1,
    pollSeconds: 0,
    batchOverheadSeconds: 0,
    mostBatch: 10_000,
    partition: KAFKA_PARTITION,
    mostPartitions: MOST_PARTITIONS,
    source: KAFKA_SOURCE,
  },
  'kafka-keda': {
    title: 'Apache Kafka with a Deployment scaled by KEDA',
    transport: 'kafka',
    consumer: 'keda',
    instance: 'pod',
    queuePlatform: 'keda',
    perPartition: 1,
    pollSeconds: 0,
    batchOverheadSeconds: 0,
    mostBatch: 10_000,
    partition: KAFKA_PARTITION,
    mostPartitions: MOST_PARTITIONS,
    // A pod that is told to end finishes its batch, and a node that is drained waits no longer for it.
    mostBatchSeconds: LONGEST_GRACE_SECONDS - 5,
    source: KAFKA_SOURCE,
  },
};

/** Seconds from the order for a pod to its first record, unless said otherwise. */
export const POD_START_SECONDS = PLATFORM_FACTS.keda.startSeconds;
