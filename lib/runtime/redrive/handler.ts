/**
 * The redriver of `RedriveQueue`: the pure parts wired to SQS and DynamoDB. Settings come as environment variables.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type AttributeValue,
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
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
import type { Context, SQSBatchResponse, SQSEvent, SQSMessageAttributes } from 'aws-lambda';
import { DEFAULT_MASKED_FIELDS, Masking } from '../masking';
import { countMetric } from '../metrics';
import { numberSetting, setting } from '../settings';
import { unlessRefused } from '../unless-refused';
import type { WindowCount } from './decide';
import {
  NotSent,
  type Outgoing,
  type Ports,
  type Purpose,
  type RedriverConfig,
  RefusedMessage,
  redriveBatch,
} from './redriver';

/** A hanging call must not take the time of the other letters. */
const requestHandler = { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true };
const sqs = new SQSClient({ requestHandler });
const dynamo = new DynamoDBClient({ requestHandler });

const sourceUrl = setting('SOURCE_QUEUE_URL');
const quarantineUrl = setting('QUARANTINE_QUEUE_URL');
const deadLetterUrl = setting('DEAD_LETTER_QUEUE_URL');
const table = setting('CIRCUIT_TABLE');

const config: RedriverConfig = {
  limits: {
    maxRedrives: numberSetting('MAX_REDRIVES'),
    windowSeconds: numberSetting('WINDOW_SECONDS'),
    redrivesPerWindow: numberSetting('REDRIVES_PER_WINDOW'),
    verdictMinimum: numberSetting('VERDICT_MINIMUM'),
    successRatioFloor: numberSetting('SUCCESS_RATIO_FLOOR'),
    backoffSeconds: numberSetting('BACKOFF_SECONDS'),
    backoffCapSeconds: numberSetting('BACKOFF_CAP_SECONDS'),
    retentionSeconds: numberSetting('RETENTION_SECONDS'),
    stuckTries: numberSetting('STUCK_TRIES'),
    stuckHoldSeconds: numberSetting('STUCK_HOLD_SECONDS'),
  },
  sourceName: sourceUrl.slice(sourceUrl.lastIndexOf('/') + 1),
  sourceAccount: sourceUrl.split('/').at(-2) ?? '',
  fifo: sourceUrl.endsWith('.fifo'),
  masking: new Masking([...DEFAULT_MASKED_FIELDS, ...(process.env.MASKED_FIELDS ?? '').split(',')]),
};

type Item = Record<string, AttributeValue>;
/** Reads of keys that a throttled table left out, and the pause before the second one, which doubles: 350 ms in all. */
const MOST_READS = 4;
const READ_PAUSE_MILLIS = 25;

/** Attributes of the journal in which tries are counted. */
const COUNTERS: Readonly<Record<Purpose, string>> = { redrive: 'tries', masking: 'maskings' };

/** Without an expiry: the key outlives every message. */
const KEY_OF_SEALS = { key: { S: 'seal' } };
let keyOfSeals: Promise<Uint8Array> | undefined;

const ports: Omit<Ports, 'remaining'> = {
  now: Date.now,
  random: Math.random,
  key() {
    keyOfSeals ??= readOrMakeKey().catch((error) => {
      keyOfSeals = undefined;
      throw error;
    });
    return keyOfSeals;
  },
  sendToSource: (message) => send(sourceUrl, message),
  sendToQuarantine: (message) => send(quarantineUrl, message),
  async hide(receiptHandle, seconds) {
    const VisibilityTimeout = seconds;
    await sqs.send(
      new ChangeMessageVisibilityCommand({ QueueUrl: deadLetterUrl, ReceiptHandle: receiptHandle, VisibilityTimeout }),
    );
  },
  async begin(letter, purpose) {
    const counter = COUNTERS[purpose];
    const { Attributes } = await dynamo.send(
      new UpdateItemCommand({
        TableName: table,
        Key: letterKey(letter),
        UpdateExpression: `SET expires = :expires ADD ${counter} :one`,
        ExpressionAttributeValues: { ':expires': expires(), ':one': { N: '1' } },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return { tries: Number(Attributes?.[counter]?.N ?? 1), isSent: Attributes?.sent !== undefined };
  },
  async finish(letter) {
    await dynamo.send(
      new UpdateItemCommand({
        TableName: table,
        Key: letterKey(letter),
        UpdateExpression: 'SET sent = :now',
        ExpressionAttributeValues: { ':now': { N: String(Date.now()) } },
      }),
    );
  },
  async fail(letter, begun) {
    const { Attributes } = await dynamo.send(
      new UpdateItemCommand({
        TableName: table,
        Key: letterKey(letter),
        UpdateExpression: `ADD ${begun.map((purpose) => `${COUNTERS[purpose]} :less, `).join('')}failures :one`,
        ExpressionAttributeValues: { ':less': { N: '-1' }, ':one': { N: '1' } },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return Number(Attributes?.failures?.N ?? 1);
  },
  async readWindows(windows) {
    const items = await readAll(windows.map(windowKey));
    const counts = items.map((item): [number, WindowCount] => [
      Number(item.key.S?.slice('window#'.length)),
      { redriven: Number(item.redriven?.N ?? 0), returned: Number(item.returned?.N ?? 0) },
    ]);
    return new Map(counts);
  },
  async isNew(key) {
    const Item = { key: { S: `return#${key}` }, expires: expires() };
    return putOnce(Item);
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

export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const remaining = () => context.getRemainingTimeInMillis();
  return { batchItemFailures: await redriveBatch(event.Records, config, { ...ports, remaining }) };
}

/** The first invocation makes the key. When two start at once, one write is refused, and both read the other's key. */
async function readOrMakeKey(): Promise<Uint8Array> {
  const known = await readKey();
  if (known) return known;
  const Item = { ...KEY_OF_SEALS, secret: { B: randomBytes(32) } };
  await putOnce(Item);
  const made = await readKey();
  if (!made) throw new Error('the table holds no key');
  return made;
}

async function readKey(): Promise<Uint8Array | undefined> {
  const [item] = await readAll([KEY_OF_SEALS]);
  return item?.secret?.B;
}

/**
 * All items or an error: a window that was not read would count as one without failures, and a key of the seals that was
 * not read would be made a second time. The SDK does not retry what a throttled table leaves out.
 */
async function readAll(keys: readonly Item[]): Promise<Item[]> {
  const items: Item[] = [];
  let Keys: Item[] | undefined = [...keys];
  for (let read = 0; Keys && read < MOST_READS; read++) {
    if (read > 0) await wait(READ_PAUSE_MILLIS * 2 ** read);
    const answer: BatchGetItemCommandOutput = await dynamo.send(
      new BatchGetItemCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } }),
    );
    items.push(...(answer.Responses?.[table] ?? []));
    Keys = answer.UnprocessedKeys?.[table]?.Keys;
  }
  if (Keys) throw new Error('the table did not answer for every key');
  return items;
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
    throw classified(error);
  }
}

/** A message that SQS refuses with a client error was not sent; without an answer it may have been sent. */
function classified(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (/^Invalid(MessageContents|ParameterValue|AttributeValue)/.test(error.name)) return new RefusedMessage();
  const status = '$metadata' in error ? (error.$metadata as { httpStatusCode?: number })?.httpStatusCode : undefined;
  return status !== undefined && status >= 400 && status < 500 ? new NotSent(error.name) : error;
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

/** False when there is an item of that key. */
function putOnce(Item: Item): Promise<boolean> {
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
}

function letterKey(letter: string): { key: { S: string } } {
  return { key: { S: `letter#${letter}` } };
}

function windowKey(window: number): { key: { S: string } } {
  return { key: { S: `window#${window}` } };
}

/** A letter may be held as long as the dead-letter queue keeps it, and its window must still be known then. */
function expires(): { N: string } {
  return { N: String(Math.ceil(Date.now() / 1000) + config.limits.retentionSeconds) };
}
