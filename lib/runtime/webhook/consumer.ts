/**
 * The consumer's side of a webhook buffer: verifies, deduplicates, retries with jitter, reports partial failures.
 * What is left to write is the business: one function from a delivery to the writes that are its effect.
 */
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBClient, type TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { fullJitter } from '../../flow/backoff';
import { countMetric } from '../metrics';
import { TransactionalPersistence } from './commit';
import { ATTRIBUTES, FIRST_SEEN, type SourceConfig } from './contract';
import { SigningSecrets } from './secrets';
import { SCHEME_HEADERS, type SignatureScheme, type SignedRequest, verifySignature } from './signature';

/** A delivery whose signature held. */
export interface Delivery {
  readonly source: string;
  readonly tenant: string;
  readonly id: string;
  /** The body as it was signed. */
  readonly body: string;
  readonly receivedAtMillis: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/** Collects the writes that make up a delivery's effect; they are committed with its idempotency key or not at all. */
export interface Effects {
  add(...writes: TransactWriteItem[]): void;
}

/** The business: says what a delivery does. Throws when it cannot be done; it is then tried again, later. */
export type OnDelivery = (delivery: Delivery, effects: Effects) => Promise<void>;

/** Where the consumer finds its settings and how it reaches AWS; everything has a default but the business. */
export interface ConsumerOptions {
  readonly sources?: Readonly<Record<string, SourceConfig>>;
  readonly idempotencyTable?: string;
  readonly idempotencySeconds?: number;
  readonly queueUrl?: string;
  readonly backoffBaseSeconds?: number;
  readonly backoffCapSeconds?: number;
  readonly dynamo?: DynamoDBClient;
  readonly sqs?: Pick<SQSClient, 'send'>;
  readonly secrets?: Pick<SigningSecrets, 'of'>;
}

/** Makes the Lambda handler. Settings come from the environment that `WebhookBuffer.attach` writes. */
export function webhookConsumer(onDelivery: OnDelivery, options: ConsumerOptions = {}) {
  const environment = process.env;
  const sources = options.sources ?? (JSON.parse(environment.WEBHOOK_SOURCES ?? '{}') as Record<string, SourceConfig>);
  const table = options.idempotencyTable ?? environment.IDEMPOTENCY_TABLE ?? '';
  const queueUrl = options.queueUrl ?? environment.QUEUE_URL ?? '';
  const baseSeconds = options.backoffBaseSeconds ?? Number(environment.BACKOFF_BASE_SECONDS ?? 2);
  const capSeconds = options.backoffCapSeconds ?? Number(environment.BACKOFF_CAP_SECONDS ?? 900);
  const config = new IdempotencyConfig({
    expiresAfterSeconds: options.idempotencySeconds ?? Number(environment.IDEMPOTENCY_SECONDS ?? 14 * 86_400),
    hashFunction: 'sha256',
  });
  const dynamo = options.dynamo ?? new DynamoDBClient({});
  const sqs = options.sqs ?? new SQSClient({});
  const secrets = options.secrets ?? new SigningSecrets(new SecretsManagerClient({}));

  async function consume(record: SQSRecord): Promise<void> {
    const source = attribute(record, ATTRIBUTES.source);
    const settings = sources[source];
    if (!settings) return refuse(record, source, 'unknown-source');
    const request = signedRequest(record, settings.scheme);
    const verdict = verifySignature(
      settings.scheme,
      request,
      await secrets.of(settings.secretArn),
      settings.toleranceSeconds,
    );
    if (!verdict.valid) return refuse(record, source, verdict.refusal);

    const persistence = new TransactionalPersistence(table, dynamo);
    const delivery: Delivery = {
      source,
      tenant: attribute(record, ATTRIBUTES.tenant) || source,
      id: verdict.deliveryId,
      body: record.body,
      receivedAtMillis: request.receivedAtMillis,
      attempt: Number(record.attributes.ApproximateReceiveCount),
    };
    let fresh = false;
    const once = makeIdempotent(
      async (_key: string) => {
        fresh = true;
        await onDelivery(delivery, persistence);
        return '';
      },
      { persistenceStore: persistence, config },
    );
    const distinct = settings.deduplicateBy === 'delivery-id' ? verdict.deliveryId : verdict.signedContent;
    await once(`${source}#${distinct}`);
    countMetric(fresh ? 'Processed' : 'Duplicate', { Source: source });
  }

  /** A refused delivery is never retried: a forgery doesn't become genuine. Its content is not logged. */
  function refuse(record: SQSRecord, source: string, reason: string): void {
    countMetric('Refused', { Source: sources[source] ? source : 'unknown' }, { reason, messageId: record.messageId });
  }

  /** SQS has no backoff of its own: a failed message is hidden for a random time that doubles with each attempt. */
  async function backOff(record: SQSRecord): Promise<void> {
    const attempt = Number(record.attributes.ApproximateReceiveCount);
    const seconds = Math.ceil(fullJitter(attempt - 1, Math.random, { baseSeconds, capSeconds }));
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: queueUrl,
        ReceiptHandle: record.receiptHandle,
        VisibilityTimeout: seconds,
      }),
    );
  }

  return async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
    config.registerLambdaContext(context);
    const failures: string[] = [];
    for (const record of event.Records) {
      try {
        await consume(record);
      } catch (error) {
        failures.push(record.messageId);
        countMetric('Failed', {}, { messageId: record.messageId, error: reasonOf(error) });
        // A lost visibility change only means that the retry comes later; it must not fail the rest of the batch.
        await backOff(record).catch((lost) => console.warn(JSON.stringify({ backoff: reasonOf(lost) })));
      }
    }
    return { batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

function signedRequest(record: SQSRecord, scheme: SignatureScheme): SignedRequest {
  const names = SCHEME_HEADERS[scheme];
  const firstSeen = attribute(record, FIRST_SEEN);
  return {
    headers: Object.fromEntries(names.map((name) => [name, attribute(record, ATTRIBUTES.header(name)) || undefined])),
    body: record.body,
    receivedAtMillis: Number(firstSeen || record.attributes.SentTimestamp),
  };
}

function attribute(record: SQSRecord, name: string): string {
  const value = record.messageAttributes[name]?.stringValue ?? '';
  return value.split('\n').find((part) => part !== '') ?? '';
}

/** Only the kind of failure and our own messages: an error of the SDK may quote the item that it failed on. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
