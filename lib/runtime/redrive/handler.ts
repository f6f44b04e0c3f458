/**
 * The redriver of `RedriveQueue`: the pure parts wired to SQS and DynamoDB. Settings come as environment variables.
 */
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  ChangeMessageVisibilityCommand,
  type MessageAttributeValue,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent, SQSMessageAttributes } from 'aws-lambda';
import { DEFAULT_MASKED_FIELDS, Masking } from '../masking';
import { countMetric } from '../metrics';
import type { WindowCount } from './decide';
import { type Outgoing, type Ports, type RedriverConfig, RefusedMessage, redriveBatch } from './redriver';

const sqs = new SQSClient({});
const dynamo = new DynamoDBClient({});

const sourceUrl = setting('SOURCE_QUEUE_URL');
const quarantineUrl = setting('QUARANTINE_QUEUE_URL');
const deadLetterUrl = setting('DEAD_LETTER_QUEUE_URL');
const table = setting('CIRCUIT_TABLE');

const config: RedriverConfig = {
  limits: {
    maxRedrives: number('MAX_REDRIVES'),
    windowSeconds: number('WINDOW_SECONDS'),
    redrivesPerWindow: number('REDRIVES_PER_WINDOW'),
    verdictMinimum: number('VERDICT_MINIMUM'),
    successRatioFloor: number('SUCCESS_RATIO_FLOOR'),
    backoffSeconds: number('BACKOFF_SECONDS'),
    backoffCapSeconds: number('BACKOFF_CAP_SECONDS'),
    retentionSeconds: number('RETENTION_SECONDS'),
  },
  sourceName: sourceUrl.slice(sourceUrl.lastIndexOf('/') + 1),
  fifo: sourceUrl.endsWith('.fifo'),
  masking: new Masking([...DEFAULT_MASKED_FIELDS, ...(process.env.MASKED_FIELDS ?? '').split(',')]),
};

const ports: Ports = {
  now: Date.now,
  random: Math.random,
  sendToSource: (message) => send(sourceUrl, message),
  sendToQuarantine: (message) => send(quarantineUrl, message),
  async hide(receiptHandle, seconds) {
    const VisibilityTimeout = seconds;
    await sqs.send(
      new ChangeMessageVisibilityCommand({ QueueUrl: deadLetterUrl, ReceiptHandle: receiptHandle, VisibilityTimeout }),
    );
  },
  async readWindows(windows) {
    const Keys = windows.map((window) => windowKey(window));
    const answer = await dynamo.send(
      new BatchGetItemCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } }),
    );
    // An unread window would count as one without failures.
    if (answer.UnprocessedKeys?.[table]) throw new Error('the table did not answer for every window');
    const counts = (answer.Responses?.[table] ?? []).map((item): [number, WindowCount] => [
      Number(item.key.S?.slice('window#'.length)),
      { redriven: Number(item.redriven?.N ?? 0), returned: Number(item.returned?.N ?? 0) },
    ]);
    return new Map(counts);
  },
  async isNew(key) {
    const Item = { key: { S: `return#${key}` }, expires: expires() };
    return unlessRefused(
      dynamo.send(
        new PutItemCommand({
          TableName: table,
          Item,
          ConditionExpression: 'attribute_not_exists(#key)',
          ExpressionAttributeNames: { '#key': 'key' },
        }),
      ),
    );
  },
  async addReturned(window, count) {
    await dynamo.send(
      new UpdateItemCommand({
        TableName: table,
        Key: windowKey(window),
        UpdateExpression: 'SET expires = :expires ADD returned :count',
        ExpressionAttributeValues: { ':expires': expires(), ':count': { N: String(count) } },
      }),
    );
  },
  async takePlaces(window, count, limit) {
    return unlessRefused(
      dynamo.send(
        new UpdateItemCommand({
          TableName: table,
          Key: windowKey(window),
          UpdateExpression: 'SET expires = :expires ADD redriven :count',
          ConditionExpression: 'attribute_not_exists(redriven) OR redriven <= :room',
          ExpressionAttributeValues: {
            ':expires': expires(),
            ':count': { N: String(count) },
            ':room': { N: String(limit - count) },
          },
        }),
      ),
    );
  },
  count: (name, details) => countMetric(name, {}, details),
};

export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return { batchItemFailures: await redriveBatch(event.Records, config, ports) };
}

async function send(queueUrl: string, message: Outgoing): Promise<void> {
  const fifo = queueUrl.endsWith('.fifo');
  try {
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: message.body,
        MessageAttributes: attributes(message.attributes),
        // A FIFO queue takes no delay of a single message.
        DelaySeconds: fifo ? undefined : message.delaySeconds,
        // On a standard queue the group makes for fair shares.
        MessageGroupId: message.groupId,
        MessageDeduplicationId: fifo ? message.deduplicationId : undefined,
      }),
    );
  } catch (error) {
    if (error instanceof Error && /^Invalid(MessageContents|ParameterValue|AttributeValue)/.test(error.name))
      throw new RefusedMessage();
    throw error;
  }
}

function attributes(given: SQSMessageAttributes): Record<string, MessageAttributeValue> {
  const entries = Object.entries(given).map(([name, { dataType, stringValue, binaryValue }]) => {
    const value = dataType.startsWith('Binary')
      ? { BinaryValue: Buffer.from(binaryValue ?? '', 'base64') }
      : { StringValue: stringValue };
    return [name, { DataType: dataType, ...value }] as const;
  });
  return Object.fromEntries(entries);
}

async function unlessRefused(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

function windowKey(window: number): { key: { S: string } } {
  return { key: { S: `window#${window}` } };
}

/** A letter may be held as long as the dead-letter queue keeps it, and its window must still be known then. */
function expires(): { N: string } {
  return { N: String(Math.ceil(Date.now() / 1000) + config.limits.retentionSeconds) };
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`the environment variable ${name} is missing`);
  return value;
}

function number(name: string): number {
  const value = Number(setting(name));
  if (!Number.isFinite(value))
    throw new Error(`the environment variable ${name} must be a number, got '${setting(name)}'`);
  return value;
}
