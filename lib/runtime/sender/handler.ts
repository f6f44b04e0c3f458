/**
 * The senders of `RateLimitedSender` on AWS Lambda: batches of a queue, one bucket in DynamoDB, Amazon SES. Settings come
 * as environment variables.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { BucketSettings } from '../../flow/rates/run-time';
import { ANSWER_SECONDS, STORE } from '../../flow/rates/run-time';
import { countMetric } from '../metrics';
import { numberSetting, setting } from '../settings';
import { DailyBucket } from './day';
import { DynamoBucketStore, DynamoClaims, DynamoDayStore } from './dynamo';
import { parkedCopy } from './parking';
import type { Lane, Ports } from './ports';
import { RefusalBrake } from './refusals';
import { sendBatch } from './send';
import { senderSettings } from './sender-settings';
import { type SesConfig, SesProvider } from './ses';
import { SharedBucket } from './slots';

/** A provider as the construct writes it into the environment. */
export interface LaneSetting extends SesConfig {
  readonly name: string;
  readonly pace: BucketSettings;
  /** Connections that are opened before the first slot. Default: one. */
  readonly connections?: number;
}

/** A hanging call must not take the time of the others. */
const requestHandler = {
  connectionTimeout: 1000,
  requestTimeout: STORE.requestSeconds * 1000,
  throwOnRequestTimeout: true,
};

const sqs = new SQSClient({ requestHandler });
const dynamo = new DynamoDBClient({ requestHandler, maxAttempts: STORE.attempts });
const table = setting('TABLE');
const queueUrl = setting('QUEUE_URL');
const quarantineUrl = setting('QUARANTINE_QUEUE_URL');

const config = senderSettings(numberSetting('CLAIM_SECONDS'));

const ports: Ports = {
  claims: new DynamoClaims(dynamo, table, numberSetting('RECORD_SECONDS')),
  lanes: (JSON.parse(setting('LANES')) as LaneSetting[]).map(laneOf),
  async park(message, reason) {
    const { body, attributes } = parkedCopy(message, reason);
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: quarantineUrl,
        MessageBody: body,
        MessageAttributes: Object.fromEntries(
          Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
        ),
      }),
    );
  },
  count: (name, value) => countMetric(name, {}, {}, value),
  log: (event, detail) => console.warn(JSON.stringify({ event, ...detail })),
  now: Date.now,
  wait: async (millis) => {
    await wait(millis);
  },
  random: Math.random,
};

let prepared: Promise<unknown> | undefined;

export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const deadline = Date.now() + context.getRemainingTimeInMillis() - ANSWER_SECONDS * 1000;
  const messages = event.Records.map(({ messageId, body, attributes }) => ({
    messageId,
    body,
    receives: Number(attributes.ApproximateReceiveCount),
  }));
  prepared ??= Promise.all(ports.lanes.map(({ provider }) => provider.prepare()));
  await prepared;
  const verdicts = await sendBatch(messages, deadline, config, ports);
  const failed = await Promise.all(
    event.Records.map(async ({ messageId, receiptHandle }) => {
      const verdict = verdicts.get(messageId);
      if (verdict === 'done') return [];
      if (verdict !== undefined) await hide(receiptHandle, verdict.hideSeconds);
      return [{ itemIdentifier: messageId }];
    }),
  );
  return { batchItemFailures: failed.flat() };
}

/** Without it the message comes back after the queue's own visibility timeout. */
async function hide(ReceiptHandle: string, VisibilityTimeout: number): Promise<void> {
  try {
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout }));
  } catch (error) {
    console.warn(JSON.stringify({ event: 'not hidden', error: error instanceof Error ? error.name : 'unknown' }));
  }
}

function laneOf({ name, pace, connections, ...ses }: LaneSetting): Lane {
  const bucket = new SharedBucket(new DynamoBucketStore(dynamo, table, name), pace);
  return {
    name,
    provider: new RefusalBrake(new SesProvider(ses, config.callSeconds, connections)),
    bucket:
      pace.messagesPerDay === undefined
        ? bucket
        : new DailyBucket(bucket, new DynamoDayStore(dynamo, table, name), pace.messagesPerDay),
  };
}
