/** Batches of Lambda as events with keys. */
import { createHash } from 'node:crypto';
import type { KinesisStreamRecord, SQSRecord } from 'aws-lambda';
import type { KeyEvent } from './merge';

/** A batch. */
export interface Batch {
  readonly events: readonly KeyEvent[];
  /** Records that name no key. */
  readonly malformed: readonly { readonly id: string; readonly reason: string }[];
  /** Whether the source keeps the order of the events of a key. */
  readonly ordered: boolean;
  /** The same for a retry of the same records. */
  readonly name: string;
  /** Whether a failure hands everything from it on over again, rather than itself alone. */
  readonly fromFailure: boolean;
}

/** The partition key is the key. A shard keeps its order. */
export function kinesisBatch(records: readonly KinesisStreamRecord[]): Batch {
  const [first] = records;
  const last = records[records.length - 1];
  return {
    events: records.map(({ kinesis: { partitionKey, sequenceNumber, approximateArrivalTimestamp, data } }) => ({
      key: partitionKey,
      id: sequenceNumber,
      at: 1000 * approximateArrivalTimestamp,
      value: Buffer.from(data, 'base64').toString('utf8'),
    })),
    malformed: [],
    ordered: true,
    // The id of an event begins with its shard. A batch that begins later after a failure is another one.
    name: `${first?.eventID.split(':')[0]} ${first?.kinesis.sequenceNumber} ${last?.kinesis.sequenceNumber}`,
    fromFailure: true,
  };
}

/** A standard queue keeps no order: the event that was sent last wins. */
export function sqsBatch(records: readonly SQSRecord[], keyOf: string): Batch {
  const read = records.map((record) => ({ record, key: keyIn(record.body, keyOf) }));
  return {
    events: read.flatMap(({ record: { messageId, body, attributes }, key }) =>
      key === undefined ? [] : [{ key, id: messageId, at: Number(attributes.SentTimestamp), value: body }],
    ),
    malformed: read.flatMap(({ record: { messageId }, key }) =>
      key === undefined ? [{ id: messageId, reason: `no text at ${keyOf}` }] : [],
    ),
    ordered: false,
    name: nameOf(records.map(({ messageId }) => messageId)),
    fromFailure: false,
  };
}

/** Of the same messages the same, in any order, and no longer for ten thousand of them. */
function nameOf(ids: readonly string[]): string {
  return createHash('sha256')
    .update([...ids].sort().join(' '))
    .digest('hex');
}

/** The text at a JSON pointer (RFC 6901); undefined when there is none. */
export function keyIn(body: string, pointer: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  for (const token of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined;
    const name = token.replace(/~1/g, '/').replace(/~0/g, '~');
    value = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
  }
  return typeof value === 'string' && value !== '' ? value : undefined;
}
