/**
 * A function that reads Amazon Kinesis or a topic of Kafka: one record after the other, in the order of their key, and what
 * failed is named to Lambda, so that what was handled before it does not come again. The user writes the business logic.
 */
import type {
  KinesisStreamBatchResponse,
  KinesisStreamEvent,
  KinesisStreamRecord,
  MSKEvent,
  MSKRecord,
} from 'aws-lambda';
import { countMetric } from '../metrics';

/** A record, whatever carried it. */
export interface StreamRecord {
  /** The partition key of Kinesis, or the key of Kafka. */
  readonly key?: string;
  /** The content as text. */
  readonly value: string;
  /** The content as it was sent. */
  readonly bytes: Uint8Array;
  /** The same for every delivery of the record: shard or partition, and its number there. Use it as idempotency key. */
  readonly id: string;
  /** When it was sent, in milliseconds since the epoch. */
  readonly sentAtMillis: number;
}

/** The business logic. If it throws, the record comes again, and those of its key wait for it. */
export type OnStreamRecord = (record: StreamRecord) => Promise<void>;

/** Settings; all have defaults. */
export interface StreamOptions {
  /** Called with each failure, for a tracker of errors. Default: only the log, without the content. */
  readonly onError?: (error: unknown, record: StreamRecord) => unknown;
}

/** What Lambda is answered: the records from which on it delivers again. */
type Answer = KinesisStreamBatchResponse;

/**
 * Makes the Lambda handler. Kinesis delivers again from the first record that is named, so the batch ends with the first
 * failure: a later record of another key would be handled twice, and one of the same key out of order. A batch of Kafka
 * that fails is delivered again whole.
 */
export function streamConsumer(onRecord: OnStreamRecord, options: StreamOptions = {}) {
  return async (event: KinesisStreamEvent | MSKEvent): Promise<Answer> => {
    if (!('Records' in event)) {
      for (const records of Object.values(event.records)) {
        for (const record of inOrder(records)) await attempt(ofKafka(record), onRecord, options);
      }
      return { batchItemFailures: [] };
    }
    for (const record of event.Records) {
      try {
        await attempt(ofKinesis(record), onRecord, options);
      } catch {
        return { batchItemFailures: [{ itemIdentifier: record.kinesis.sequenceNumber }] };
      }
    }
    return { batchItemFailures: [] };
  };
}

/** One attempt; a failure is counted and told without the content of the record. */
async function attempt(record: StreamRecord, onRecord: OnStreamRecord, { onError }: StreamOptions): Promise<void> {
  try {
    await onRecord(record);
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    countMetric('StreamFailures', {}, { record: record.id, error: name });
    await told(error, record, onError);
    throw error;
  }
}

/** A tracker of errors that fails changes nothing. */
async function told(error: unknown, record: StreamRecord, onError: StreamOptions['onError']): Promise<void> {
  try {
    await onError?.(error, record);
  } catch {
    countMetric('StreamTrackerFailures', {}, { record: record.id });
  }
}

function inOrder(records: readonly MSKRecord[]): readonly MSKRecord[] {
  return [...records].sort((one, other) => one.offset - other.offset);
}

function ofKinesis({ eventID, kinesis }: KinesisStreamRecord): StreamRecord {
  const bytes = Buffer.from(kinesis.data, 'base64');
  return {
    key: kinesis.partitionKey,
    value: bytes.toString('utf8'),
    bytes,
    id: eventID,
    sentAtMillis: 1000 * kinesis.approximateArrivalTimestamp,
  };
}

function ofKafka({ topic, partition, offset, timestamp, key, value }: MSKRecord): StreamRecord {
  const bytes = Buffer.from(value ?? '', 'base64');
  return {
    ...(key ? { key: Buffer.from(key, 'base64').toString('utf8') } : {}),
    value: bytes.toString('utf8'),
    bytes,
    id: `${topic}-${partition}:${offset}`,
    sentAtMillis: timestamp,
  };
}
