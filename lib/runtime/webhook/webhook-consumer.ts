/**
 * The consumer's side of a webhook buffer: verifies, deduplicates, retries with jitter, reports partial failures. The
 * user writes the business logic: one function from a delivery to the writes that are its effect.
 */
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBClient, type TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { fullJitter } from '../../flow/queue/backoff';
import { type SecretSource, SecretTooOldError } from '../cached-secrets';
import { formerKey, TransactionalPersistence } from '../commit';
import { countMetric } from '../metrics';
import { isUnavailable } from '../unavailable';
import { ATTRIBUTES, FIRST_SEEN, REFUSED_RETENTION_SECONDS, RETRY_SECONDS, type SourceConfig } from './contract';
import { DeliveryError, failureTeller } from './failure';
import { identityText } from './identity';
import { judge } from './judge';
import { Parking } from './parking';
import { eventIn, hmacRules } from './scheme';
import { QUEUE_REREADS, SigningSecrets } from './secrets';
import { headersRead, type SignedRequest } from './signature';

/** A delivery whose signature was verified. */
export interface Delivery {
  /** Name of the sender, as configured. */
  readonly source: string;
  /**
   * The tenant whose own secret made the signature.
   *
   * Absent unless the source has `secretPerTenant`: one secret for all tenants says who sent a delivery, not for whom.
   */
  readonly tenant?: string;
  /**
   * The tenant that the URL names. No sender signs the URL, so anyone who holds a signed delivery can post it to any
   * tenant's URL. Do not use it as proof of who the tenant is.
   */
  readonly claimedTenant: string;
  /** The id that the sender gives. GitHub does not sign it. */
  readonly id: string;
  /**
   * The kind of event that the sender names in a header: `X-GitHub-Event`, `X-Shopify-Topic`. No sender signs it: anyone who holds
   * a signed delivery can send it as another event, so the body has to be one of that kind. Absent for schemes whose body names
   * it.
   */
  readonly event?: string;
  /** The body as it was signed. */
  readonly body: string;
  /** When the API took it, in milliseconds since the epoch. A replay keeps it. */
  readonly receivedAtMillis: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/** Collects the writes that make up a delivery's effect; they are committed with its idempotency key or not at all. */
export interface Effects {
  add(...writes: TransactWriteItem[]): void;
}

/** The business logic: the effect of a delivery. If it throws, the delivery is retried later. */
export type OnDelivery = (delivery: Delivery, effects: Effects) => Promise<void>;

/**
 * What happens besides the log when a delivery fails: the error as it was thrown, and the delivery if its signature was
 * verified. It is awaited before the next delivery; what it throws is logged and changes nothing.
 */
export type OnError = (error: unknown, delivery?: Delivery) => unknown;

/** Settings of the consumer and its AWS clients; all have defaults except the business logic. */
export interface ConsumerOptions {
  /** Senders by name. Default: `WEBHOOK_SOURCES`. */
  readonly sources?: Readonly<Record<string, SourceConfig>>;
  /** Table of idempotency keys. Default: `IDEMPOTENCY_TABLE`. */
  readonly idempotencyTable?: string;
  /** Seconds that a delivery's key is kept after the last day on which it can be replayed. Default: 14 days. */
  readonly idempotencySeconds?: number;
  /** The queue that is consumed. Default: `QUEUE_URL`. */
  readonly queueUrl?: string;
  /** Where refused deliveries are parked. Default: `REFUSED_QUEUE_URL`; without one they are counted and dropped. */
  readonly refusedQueueUrl?: string;
  /** ARN of the same queue: messages from it are replays. Default: `REFUSED_QUEUE_ARN`. */
  readonly refusedQueueArn?: string;
  /** Refused deliveries that are parked in one hour at most, for each source. Default: `PARKED_PER_HOUR`, or 0. */
  readonly parkedPerHour?: number;
  /**
   * Name of the function that consumed the queue on a release whose keys began with that name. While it is given, its
   * keys count too. Default: `PREVIOUS_FUNCTION_NAME`, or none.
   */
  readonly previousFunctionName?: string;
  /** Called with each failure, for a tracker of errors. Refusals are no failures. Default: only the log. */
  readonly onError?: OnError;
  /**
   * Names of fields whose values are masked in the log of errors, besides the built-in ones. Default: `MASKED_FIELDS`,
   * separated by commas, or none.
   */
  readonly maskedFields?: readonly string[];
  readonly backoffBaseSeconds?: number;
  readonly backoffCapSeconds?: number;
  readonly dynamo?: DynamoDBClient;
  readonly sqs?: Pick<SQSClient, 'send'>;
  readonly secrets?: SecretSource;
  readonly now?: () => number;
}

/**
 * The largest difference between the clocks of function and queue, in milliseconds. Both follow a time service and
 * differ by much less; a larger difference delays a refusal but keeps it correct.
 */
const CLOCK_SKEW_MILLIS = 5000;
/** After this time every instance has, or may read, a secret that is newer than the delivery. */
const SECOND_LOOK_SECONDS = (QUEUE_REREADS.intervalMillis + CLOCK_SKEW_MILLIS) / 1000;
/** A replay that is still refused waits 1 min, then 2, then 4, up to the 12 hours that SQS can hide a message. */
const REPLAY_BASE_SECONDS = 60;
const REPLAY_CAP_SECONDS = 43_200 - 900;
/** A repair does not make these deliveries genuine: no sender of that name is configured. */
const NEVER_PARKED = 'unknown-source';

/**
 * While a service is away, retries of a few seconds use up all receives of good deliveries. A delivery that fails for it again is
 * hidden for 15 to 30 s, then for up to 60 and 120: five receives span 105 to 212 s, in place of 15 on average.
 */
const AWAY_BASE_SECONDS = 15;

/** AWS Lambda quotas: no consumer holds a delivery for longer, whatever its clock says. */
const LONGEST_HOLD_SECONDS = 900;

/** Another consumer has taken the delivery: it works on it, or was lost at it. */
class HeldError extends DeliveryError<Delivery> {
  constructor(
    delivery: Delivery,
    thrown: unknown,
    public readonly untilMillis: number,
  ) {
    super(delivery, thrown);
  }
}

/** Still refused on replay: the message stays in its queue. */
class StillRefusedError extends Error {
  public override readonly name = 'StillRefusedError';
}

/** Cannot be verified or parked now. */
class NotParkedError extends Error {
  public override readonly name = 'NotParkedError';
}

/** Makes the Lambda handler. Settings come from the environment that `WebhookBuffer.attach` writes. */
export function webhookConsumer(onDelivery: OnDelivery, options: ConsumerOptions = {}) {
  const environment = process.env;
  const sources = options.sources ?? (JSON.parse(environment.WEBHOOK_SOURCES ?? '{}') as Record<string, SourceConfig>);
  const table = options.idempotencyTable ?? environment.IDEMPOTENCY_TABLE ?? '';
  const queueUrl = options.queueUrl ?? environment.QUEUE_URL ?? '';
  const refusedQueueUrl = options.refusedQueueUrl ?? environment.REFUSED_QUEUE_URL ?? '';
  const refusedQueueArn = options.refusedQueueArn ?? environment.REFUSED_QUEUE_ARN ?? '';
  const formerName = options.previousFunctionName ?? environment.PREVIOUS_FUNCTION_NAME ?? '';
  const baseSeconds = options.backoffBaseSeconds ?? Number(environment.BACKOFF_BASE_SECONDS ?? RETRY_SECONDS.base);
  const capSeconds = options.backoffCapSeconds ?? Number(environment.BACKOFF_CAP_SECONDS ?? RETRY_SECONDS.cap);
  const keptSeconds = options.idempotencySeconds ?? Number(environment.IDEMPOTENCY_SECONDS ?? 14 * 86_400);
  const config = new IdempotencyConfig({
    // A parked copy of a delivery can be replayed until its retention ends, and must still find the key.
    expiresAfterSeconds: keptSeconds + REFUSED_RETENTION_SECONDS,
    hashFunction: 'sha256',
  });
  const dynamo = options.dynamo ?? new DynamoDBClient({});
  const sqs = options.sqs ?? new SQSClient({});
  const secrets = options.secrets ?? new SigningSecrets(new SecretsManagerClient({}));
  const now = options.now ?? Date.now;
  const tellFailure = failureTeller<Delivery>(options);
  // Said at the start, not by parking every delivery.
  for (const { scheme, hmac } of Object.values(sources)) hmacRules(scheme, hmac);
  const parking =
    refusedQueueUrl === ''
      ? undefined
      : new Parking({
          queueUrl: refusedQueueUrl,
          perHour: options.parkedPerHour ?? Number(environment.PARKED_PER_HOUR ?? 0),
          table,
          dynamo,
          sqs,
          now,
        });

  async function consume(record: SQSRecord, invokedAtMillis: number): Promise<void> {
    const source = attribute(record, ATTRIBUTES.source);
    if (!Object.hasOwn(sources, source)) return refuse(record, 'unknown', NEVER_PARKED);
    const settings = sources[source];
    if (hasConflict(record, settings)) return refuse(record, source, 'conflicting-headers');
    const claimedTenant = attribute(record, ATTRIBUTES.tenant) || source;
    const request = signedRequest(record, settings);
    const rules = { ...settings, place: settings.secretArn };
    const readAfter = secretReadAfter(record, request.receivedAtMillis, invokedAtMillis);
    const verdict = await judge(rules, claimedTenant, request, secrets, readAfter);
    if (!verdict.valid) return refuse(record, source, verdict.refusal, verdict.problem);

    const persistence = new TransactionalPersistence(table, dynamo);
    const event = eventIn(settings.scheme, request.headers);
    const delivery: Delivery = {
      source,
      ...(settings.secretPerTenant && { tenant: claimedTenant }),
      claimedTenant,
      id: verdict.deliveryId,
      ...(event !== undefined && { event }),
      body: record.body,
      receivedAtMillis: request.receivedAtMillis,
      attempt: Number(record.attributes.ApproximateReceiveCount),
    };
    let fresh = false;
    let thrown: { readonly error: unknown } | undefined;
    const once = makeIdempotent(
      async (_key: string) => {
        fresh = true;
        try {
          await onDelivery(delivery, persistence);
        } catch (error) {
          thrown = { error };
          throw error;
        }
        return '';
      },
      // By default the key begins with the function's name: after a rename all deliveries would be processed again.
      { persistenceStore: persistence, config, keyPrefix: 'webhook' },
    );
    const distinct = settings.deduplicateBy === 'delivery-id' ? verdict.deliveryId : verdict.signedContent;
    const before = formerName !== '' && (await persistence.completedBefore(formerKey(formerName, source, distinct)));
    try {
      if (!before) await once(identityText(source, claimedTenant, distinct));
    } catch (error) {
      const { heldUntilMillis } = persistence;
      if (heldUntilMillis !== undefined) throw new HeldError(delivery, error, heldUntilMillis);
      // What the business logic threw, not what the idempotency layer made of it.
      throw new DeliveryError(delivery, thrown === undefined ? error : thrown.error);
    }
    countMetric(fresh ? 'Processed' : 'Duplicate', { Source: source });
  }

  /**
   * A forgery does not become genuine, so a refused delivery is not retried. But the fault may be ours: deliveries are
   * parked, as many as the plan allows. Content from the sender is never logged.
   */
  async function refuse(record: SQSRecord, source: string, reason: string, problem?: string): Promise<void> {
    const details = { reason, messageId: record.messageId, ...(problem && { problem: `the secret ${problem}` }) };
    if (isReplay(record)) {
      countMetric('StillRefused', { Source: source }, details);
      throw new StillRefusedError();
    }
    if (reason === 'unusable-secret') countMetric('UnusableSecret', {}, { ...details, source });
    const receivedAt = receivedAtMillis(record);
    const kept = reason !== NEVER_PARKED && (await parking?.park(record, source, reason, receivedAt));
    // Without a usable secret it is not known to be forged.
    if (!kept && reason === 'unusable-secret') throw new NotParkedError();
    countMetric('Refused', { Source: source }, details);
    if (!kept && parking && reason !== NEVER_PARKED) countMetric('RefusedDropped', {}, { ...details, source });
  }

  /** How new a secret must be to refuse the delivery. */
  function secretReadAfter(record: SQSRecord, receivedAt: number, invokedAt: number): number {
    // A replay follows a repair, so it is not judged by what was cached before; such a read is always allowed.
    if (isReplay(record)) return invokedAt - QUEUE_REREADS.intervalMillis;
    // Independent of clocks, the delivery existed when the function was invoked.
    return Math.min(receivedAt + CLOCK_SKEW_MILLIS, invokedAt);
  }

  /** A refusal on replay is counted already, and waiting for a newer secret is no failure. */
  function countFailure({ messageId }: SQSRecord, error: unknown): void {
    if (error instanceof StillRefusedError) return;
    if (error instanceof SecretTooOldError) countMetric('Deferred', {}, { messageId });
    else countMetric('Failed', {}, { messageId, error: reasonOf(thrownBy(error)) });
  }

  /** For a person: what failed and where. The metric says only that something did. */
  async function tell({ messageId, body }: SQSRecord, error: unknown): Promise<void> {
    if (error instanceof StillRefusedError || error instanceof SecretTooOldError) return;
    const delivery = error instanceof DeliveryError ? error.delivery : undefined;
    await tellFailure({ thrown: thrownBy(error), delivery, body, details: { messageId } });
  }

  function isReplay(record: SQSRecord): boolean {
    return refusedQueueArn !== '' && record.eventSourceARN === refusedQueueArn;
  }

  /** SQS has no backoff of its own: a failed message is hidden for a random time that doubles with each attempt. */
  async function backOff(record: SQSRecord, error: unknown): Promise<void> {
    const replay = isReplay(record);
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: replay ? refusedQueueUrl : queueUrl,
        ReceiptHandle: record.receiptHandle,
        VisibilityTimeout: hiddenSeconds(Number(record.attributes.ApproximateReceiveCount), error),
      }),
    );
  }

  function hiddenSeconds(attempt: number, error: unknown): number {
    if (error instanceof StillRefusedError) {
      return Math.min(REPLAY_CAP_SECONDS, REPLAY_BASE_SECONDS * 2 ** Math.min(30, attempt - 1));
    }
    const seconds = Math.ceil(fullJitter(attempt - 1, Math.random, { baseSeconds, capSeconds }));
    if (error instanceof HeldError && attempt > 1) return Math.max(seconds, heldSeconds(error));
    if (attempt > 1 && isUnavailable(thrownBy(error))) return Math.max(seconds, awaySeconds(attempt));
    return error instanceof SecretTooOldError ? SECOND_LOOK_SECONDS + seconds : seconds;
  }

  /**
   * The first attempt meets a consumer that will be done in a moment. A later one may follow a consumer that was lost with a
   * clock that is ahead: its key outlives the message's visibility, and retries before it gives way would use up the receives.
   */
  function heldSeconds({ untilMillis }: HeldError): number {
    return Math.min(LONGEST_HOLD_SECONDS, Math.ceil((untilMillis - now()) / 1000) + 1);
  }

  /** Not before half of a bound that doubles: a service that comes back is not met by everything at once. */
  function awaySeconds(attempt: number): number {
    const bound = Math.min(LONGEST_HOLD_SECONDS, AWAY_BASE_SECONDS * 2 ** (attempt - 1));
    return Math.ceil((bound * (1 + Math.random())) / 2);
  }

  return async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
    config.registerLambdaContext(context);
    const invokedAtMillis = now();
    const failures: string[] = [];
    for (const record of event.Records) {
      try {
        await consume(record, invokedAtMillis);
      } catch (error) {
        failures.push(record.messageId);
        countFailure(record, error);
        // A lost visibility change only means that the retry comes later; it must not fail the rest of the batch.
        await backOff(record, error).catch((lost) => console.warn(JSON.stringify({ backoff: reasonOf(lost) })));
        await tell(record, error);
      }
    }
    return { batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

function signedRequest(record: SQSRecord, { scheme, hmac }: SourceConfig): SignedRequest {
  const names = headersRead(scheme, hmac);
  return {
    headers: Object.fromEntries(names.map((name) => [name, attribute(record, ATTRIBUTES.header(name)) || undefined])),
    body: record.body,
    receivedAtMillis: receivedAtMillis(record),
  };
}

function receivedAtMillis(record: SQSRecord): number {
  return Number(attribute(record, FIRST_SEEN) || record.attributes.SentTimestamp);
}

/** One header in two spellings with two values: the right one is not known. */
function hasConflict(record: SQSRecord, { scheme, hmac }: SourceConfig): boolean {
  return headersRead(scheme, hmac).some((name) => new Set(values(record, ATTRIBUTES.header(name))).size > 1);
}

function attribute(record: SQSRecord, name: string): string {
  return values(record, name)[0] ?? '';
}

function values(record: SQSRecord, name: string): string[] {
  const value = Object.hasOwn(record.messageAttributes, name) ? record.messageAttributes[name].stringValue : undefined;
  return (value ?? '').split('\n').filter((part) => part !== '');
}

/** What was thrown in the first place. */
function thrownBy(error: unknown): unknown {
  return error instanceof DeliveryError ? error.thrown : error;
}

/** Only the kind of failure and our own messages: an error of the SDK may quote its item. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
