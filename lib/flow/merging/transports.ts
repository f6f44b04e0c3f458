/** What carries the events from producers to readers: limits once, for plan, constructs and rules. */
import { KINESIS_LIMITS, LAMBDA_PAYLOAD, STREAM_MAPPING_LIMITS } from '../kinesis';

/** What can carry events. */
export type TransportName = 'kinesis' | 'sqs' | 'redis-stream';

/** One of them. */
export interface TransportFacts {
  /** Its name in sentences. */
  readonly title: string;
  /** Whether events of one key always come to the same reader. Otherwise any reader may get any event. */
  readonly byKey: boolean;
  /** Whether a reader takes all that waits when it reads; otherwise events are dealt out among readers one by one. */
  readonly takesAll: boolean;
  /** Readers of one shard. */
  readonly readers: number;
  /** Events and bytes a second that one shard takes. */
  readonly shard: { readonly perSecond: number; readonly bytesPerSecond: number; readonly most: number };
  /** Events that are handed over at once at most, and their bytes with what is added to each event. */
  readonly batch: {
    readonly events: number;
    readonly bytes: number;
    readonly growth: number;
    readonly addedBytes: number;
  };
  /** Seconds that an event may wait until the transport has seen it. */
  readonly pollSeconds: number;
  /** The window: least, most and step in seconds. */
  readonly window: { readonly least: number; readonly most: number; readonly step: number };
  /** Seconds that one flush may take at most, where that is limited. */
  readonly mostSeconds?: number;
  /** Where these limits stand. */
  readonly source: string;
}

const LAMBDA_WINDOW = { least: 1, most: 300, step: 1 } as const;
const LAMBDA_SECONDS = STREAM_MAPPING_LIMITS.timeoutSeconds;

/**
 * Memory of a merger in a container, and the part of it that a batch may take; the program itself takes some 60 MiB, and as
 * much again is left for garbage.
 */
export const MERGER_BYTES = 512 * 1024 ** 2;
const MERGER_BATCH_BYTES = (3 / 8) * MERGER_BYTES;

/** Every transport. */
export const TRANSPORTS: Readonly<Record<TransportName, TransportFacts>> = {
  kinesis: {
    title: 'Amazon Kinesis with AWS Lambda',
    byKey: true,
    takesAll: false,
    readers: 1,
    shard: {
      perSecond: KINESIS_LIMITS.recordsPerSecond,
      bytesPerSecond: KINESIS_LIMITS.bytesPerSecond,
      most: KINESIS_LIMITS.shards,
    },
    // Records are in base64, each in an envelope of some 450 bytes.
    batch: {
      events: STREAM_MAPPING_LIMITS.records,
      bytes: LAMBDA_PAYLOAD,
      growth: STREAM_MAPPING_LIMITS.growth,
      addedBytes: STREAM_MAPPING_LIMITS.addedBytes,
    },
    pollSeconds: STREAM_MAPPING_LIMITS.pollSeconds,
    window: LAMBDA_WINDOW,
    mostSeconds: LAMBDA_SECONDS,
    source:
      'Amazon Kinesis Data Streams developer guide, Quotas: 1,000 records and 1 MiB a second and shard; AWS Lambda developer guide, event source mappings: each shard is polled once a second; 10,000 records, 6 MB, windows of whole seconds up to 300',
  },
  sqs: {
    title: 'Amazon SQS with AWS Lambda',
    byKey: false,
    takesAll: false,
    // The least that a mapping can be limited to.
    readers: 2,
    // A bound of this library: above it two readers merge so much less than one that a stream is the better place.
    shard: { perSecond: 200, bytesPerSecond: Number.POSITIVE_INFINITY, most: 1 },
    // A message is its body as text, and some 700 bytes around it.
    batch: { events: 10_000, bytes: LAMBDA_PAYLOAD, growth: 1, addedBytes: 700 },
    // Long polling.
    pollSeconds: 0,
    window: LAMBDA_WINDOW,
    mostSeconds: LAMBDA_SECONDS,
    source:
      'AWS Lambda developer guide, Amazon SQS event sources: MaximumConcurrency, 2 to 1,000; 10,000 messages, 6 MB, windows of whole seconds up to 300; 200 a second is the bound of this library',
  },
  'redis-stream': {
    title: 'a Redis stream',
    byKey: true,
    takesAll: true,
    readers: 1,
    shard: { perSecond: 5000, bytesPerSecond: 10_000_000, most: 100 },
    // The merger holds a batch in memory, as answers of the client, as entries and as events: measured, 2 × the bytes + 850.
    batch: { events: Number.POSITIVE_INFINITY, bytes: MERGER_BATCH_BYTES, growth: 2, addedBytes: 1000 },
    pollSeconds: 0,
    window: { least: 0.1, most: 86_400, step: 0.1 },
    source: 'measured, test/engines/coalescer.test.ts: one merger reads and acknowledges more than this',
  },
};
