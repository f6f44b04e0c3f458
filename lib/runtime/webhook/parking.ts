/**
 * Keeps refused deliveries for the longest retention of a queue, so that they can be replayed after a wrong secret, a
 * clock or a header is repaired. The sender got its 200 and does not retry.
 */
import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { type MessageAttributeValue, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { SQSMessageAttribute, SQSRecord } from 'aws-lambda';
import { ATTRIBUTES, FIRST_SEEN, MAX_ATTRIBUTES, REFUSED } from './contract';

const HOUR_MILLIS = 3_600_000;
/** One write of the table buys this share of the hour, so that a flood of forgeries costs few writes. */
const SHARES = 100;
/** Attributes that a redelivery needs: the others are the redriver's, and are dropped where ten are too few. */
const NEEDED = /^(?:header\..*|source|tenant|backpressure-first-seen)$/;

/** Where refused deliveries go, and how many. */
export interface ParkingOptions {
  readonly queueUrl: string;
  /** Deliveries that are parked in one hour at most, for each source. */
  readonly perHour: number;
  /** The table that all instances of the function count in. */
  readonly table: string;
  readonly dynamo: DynamoDBClient;
  readonly sqs: Pick<SQSClient, 'send'>;
  readonly now?: () => number;
}

/** Deliveries that one instance may still park in an hour without reading the table. */
interface Share {
  readonly hour: number;
  left: number;
  /** The hour is used up, by this instance and the others. */
  spent: boolean;
}

/** The queue of refused deliveries, with a bound for each source and hour. */
export class Parking {
  readonly #shares = new Map<string, Share>();

  constructor(private readonly options: ParkingOptions) {}

  /**
   * Parks a delivery as it came. False when the source's hour is used up.
   *
   * @throws when the table or the queue did not accept it; the delivery must be retried
   */
  public async park(record: SQSRecord, source: string, reason: string, receivedAtMillis: number): Promise<boolean> {
    const share = await this.#take(source);
    if (share === undefined) return false;
    try {
      await this.options.sqs.send(
        new SendMessageCommand({
          QueueUrl: this.options.queueUrl,
          MessageBody: record.body,
          MessageAttributes: attributesOf(record, reason, receivedAtMillis),
          MessageGroupId: record.attributes.MessageGroupId,
        }),
      );
    } catch (error) {
      // The delivery is retried, and failed tries must not use up the hour.
      share.left += 1;
      throw error;
    }
    return true;
  }

  /** The share that one place was taken from; none when the hour is used up. */
  async #take(source: string): Promise<Share | undefined> {
    const hour = Math.floor((this.options.now ?? Date.now)() / HOUR_MILLIS);
    let share = this.#shares.get(source);
    if (share?.hour !== hour) {
      share = { hour, left: 0, spent: false };
      this.#shares.set(source, share);
    }
    if (share.left === 0 && !share.spent) {
      const block = Math.max(1, Math.floor(this.options.perHour / SHARES));
      if (await this.#reserve(source, hour, block)) share.left += block;
      else share.spent = true;
    }
    if (share.left === 0) return undefined;
    share.left -= 1;
    return share;
  }

  async #reserve(source: string, hour: number, block: number): Promise<boolean> {
    const { dynamo, table, perHour } = this.options;
    if (block > perHour) return false;
    try {
      await dynamo.send(
        new UpdateItemCommand({
          TableName: table,
          Key: { id: { S: `parked#${source}#${hour}` } },
          UpdateExpression: 'SET expiration = :expiry ADD parked :block',
          ConditionExpression: 'attribute_not_exists(parked) OR parked <= :room',
          ExpressionAttributeValues: {
            // A day more than the hour: TTL deletes late, never early.
            ':expiry': { N: String(((hour + 25) * HOUR_MILLIS) / 1000) },
            ':block': { N: String(block) },
            ':room': { N: String(perHour - block) },
          },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
      throw error;
    }
  }
}

function attributesOf(
  { messageAttributes }: SQSRecord,
  reason: string,
  receivedAtMillis: number,
): Record<string, MessageAttributeValue> {
  // Only the API needs the proof that a signature is present.
  const came = Object.entries(messageAttributes).filter(
    ([name]) => name !== ATTRIBUTES.signed && name !== FIRST_SEEN && name !== REFUSED,
  );
  const ours = [
    [REFUSED, text(reason)],
    [FIRST_SEEN, text(String(receivedAtMillis))],
  ] as const;
  const kept = came.length + ours.length <= MAX_ATTRIBUTES ? came : came.filter(([name]) => NEEDED.test(name));
  return Object.fromEntries([...kept.map(([name, value]) => [name, sendable(value)] as const), ...ours]);
}

function text(value: string): MessageAttributeValue {
  return { DataType: 'String', StringValue: value };
}

function sendable({ dataType, stringValue, binaryValue }: SQSMessageAttribute): MessageAttributeValue {
  return dataType.startsWith('Binary')
    ? { DataType: dataType, BinaryValue: Buffer.from(binaryValue ?? '', 'base64') }
    : { DataType: dataType, StringValue: stringValue };
}
