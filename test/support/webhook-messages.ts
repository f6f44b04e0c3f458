/** Messages as API Gateway puts them into the queue, and a stand-in for the queues and secrets behind a consumer. */
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import {
  type ConsumerOptions,
  type Delivery,
  type OnDelivery,
  webhookConsumer,
} from '../../lib/runtime/webhook/consumer';
import { SigningSecrets } from '../../lib/runtime/webhook/secrets';
import { type SignatureScheme, signRequest } from '../../lib/runtime/webhook/signature';
import { FakeDynamo } from './dynamo';

export const LIVE_ARN = 'arn:aws:sqs:eu-west-1:1:live';
export const REFUSED_ARN = 'arn:aws:sqs:eu-west-1:1:refused';

export interface Sent {
  readonly source?: string;
  readonly scheme?: SignatureScheme;
  readonly tenant?: string;
  readonly id?: string;
  readonly secret: string;
  readonly body?: string;
  readonly receivedAt?: number;
  readonly signedAt?: number;
  readonly attempt?: number;
  readonly headers?: Record<string, string>;
}

let messages = 0;

/** One message. Of the spellings of a header one is there, the others are empty lines. */
export function message(sent: Sent): SQSRecord {
  const { source = 'github', scheme = 'github', tenant = 'acme', id = 'd1', body = '{"action":"opened"}' } = sent;
  const { receivedAt = Date.now(), signedAt = receivedAt } = sent;
  const headers = { ...signRequest(scheme, sent.secret, body, id, signedAt), ...sent.headers };
  const attributes: Record<string, string> = { source, tenant, signed: 'proof' };
  for (const [name, value] of Object.entries(headers)) attributes[`header.${name.toLowerCase()}`] = `\n${value}\n`;
  messages += 1;
  return {
    messageId: `m${messages}`,
    receiptHandle: `r${messages}`,
    body,
    eventSourceARN: LIVE_ARN,
    attributes: {
      ApproximateReceiveCount: String(sent.attempt ?? 1),
      SentTimestamp: String(receivedAt),
      MessageGroupId: tenant,
    },
    messageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, stringValue]) => [name, { stringValue, dataType: 'String' }]),
    ),
  } as unknown as SQSRecord;
}

/** Versions of secrets, by the stage that Secrets Manager gives them. */
export class FakeSecrets {
  public readonly stages: Record<string, string | undefined> = {};
  public readonly readsBy: Record<string, number> = {};
  public down = false;

  /** Reads of current versions, of all secrets together. */
  public get reads(): number {
    return Object.values(this.readsBy).reduce((sum, reads) => sum + reads, 0);
  }

  /** Makes the current version the previous one, as `PutSecretValue` does. */
  public rotate(value: string): void {
    this.stages.AWSPREVIOUS = this.stages.AWSCURRENT;
    this.stages.AWSCURRENT = value;
  }

  public source(now: () => number): SigningSecrets {
    return new SigningSecrets(
      {
        send: async ({ input }: { input: { SecretId: string; VersionStage: string } }) => {
          if (input.VersionStage === 'AWSCURRENT')
            this.readsBy[input.SecretId] = (this.readsBy[input.SecretId] ?? 0) + 1;
          if (this.down) throw Object.assign(new Error('away'), { name: 'InternalServiceError' });
          const SecretString = this.stages[input.VersionStage];
          if (SecretString === undefined) throw Object.assign(new Error(), { name: 'ResourceNotFoundException' });
          return { SecretString };
        },
      } as never,
      now,
    );
  }
}

/** A message that was sent on, as it comes out of the other queue. */
export function arrived(input: Record<string, never>, queueArn: string, attempt = 1): SQSRecord {
  messages += 1;
  const { MessageBody, MessageAttributes } = input;
  return {
    messageId: `m${messages}`,
    receiptHandle: `r${messages}`,
    body: MessageBody,
    eventSourceARN: queueArn,
    attributes: { ApproximateReceiveCount: String(attempt), SentTimestamp: String(Date.now()) },
    messageAttributes: Object.fromEntries(
      Object.entries(MessageAttributes as Record<string, { DataType: string; StringValue: string }>).map(
        ([name, { DataType, StringValue }]) => [name, { dataType: DataType, stringValue: StringValue }],
      ),
    ),
  } as unknown as SQSRecord;
}

/** A consumer with everything that it needs, in memory. */
export function consumer(options: Partial<ConsumerOptions> & { onDelivery?: OnDelivery; dynamo?: never } = {}) {
  return consumerOn(new FakeDynamo(), options);
}

/** The same on a table that others use too. */
export function consumerOn(dynamo: FakeDynamo, options: Partial<ConsumerOptions> & { onDelivery?: OnDelivery } = {}) {
  const secrets = new FakeSecrets();
  const clock = { now: Date.now() };
  const parked: Record<string, never>[] = [];
  const hidden: { queue: string; seconds: number }[] = [];
  const deliveries: Delivery[] = [];
  const failing = { send: false };
  const sqs = {
    send: async (command: { constructor: { name: string }; input: never }) => {
      const input = command.input as Record<string, never>;
      if (command.constructor.name === 'SendMessageCommand') {
        if (failing.send) throw new Error('the queue did not take it');
        parked.push(input);
      } else hidden.push({ queue: input.QueueUrl, seconds: input.VisibilityTimeout });
    },
  };
  const book: OnDelivery = async (delivery, effects) => {
    deliveries.push(delivery);
    effects.add({
      Update: { TableName: 'ledger', Key: { id: { S: delivery.id } }, UpdateExpression: 'ADD effects :one' },
    });
  };
  const { onDelivery = book, ...rest } = options;
  const github = { scheme: 'github', secretArn: 'arn:github', toleranceSeconds: 300, deduplicateBy: 'delivery-id' };
  const handler = webhookConsumer(onDelivery, {
    sources: {
      github: github as never,
      shop: { ...github, secretArn: 'arn:shop', scheme: 'standard-webhooks' } as never,
    },
    idempotencyTable: 'keys',
    queueUrl: 'live',
    refusedQueueUrl: 'refused',
    refusedQueueArn: REFUSED_ARN,
    parkedPerHour: 1000,
    dynamo: dynamo.client,
    sqs: sqs as never,
    secrets: secrets.source(() => clock.now),
    now: () => clock.now,
    ...rest,
  });
  const consume = async (...records: SQSRecord[]) =>
    (
      await handler({ Records: records } as SQSEvent, { getRemainingTimeInMillis: () => 10_000 } as Context)
    ).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  const effects = (id: string) => Number(dynamo.items.get(`effect:${id}`)?.effects?.N ?? 0);
  return { dynamo, secrets, clock, parked, hidden, deliveries, failing, consume, effects };
}
