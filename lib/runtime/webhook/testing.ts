/** A consumer in memory, for unit tests of business logic: no AWS, no container, no environment. */
import { randomBytes, randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  TransactionCanceledException,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { ATTRIBUTES } from './contract';
import type { HmacRules, SignatureScheme } from './scheme';
import { signRequest } from './signature';
import { type OnDelivery, webhookConsumer } from './webhook-consumer';

/** Settings of a test. */
export interface TestOptions {
  /** How deliveries are signed. Default: `standard-webhooks`. */
  readonly scheme?: SignatureScheme;
  /** The signature, for the scheme `hmac`, as the source of the construct describes it. */
  readonly hmac?: HmacRules;
  /** The signing secret. Default: a random one. */
  readonly secret?: string;
  /** Name of the sender. Default: `test`. */
  readonly source?: string;
}

/** What is delivered in a test. */
export interface TestedDelivery {
  /** The body. With Stripe its JSON has an `id`, by which deliveries are recognized. */
  readonly body: string;
  /** The id that the sender gives. Default: a new one, so that it is no duplicate. */
  readonly id?: string;
  /** The tenant in the URL. Default: `tenant`. */
  readonly tenant?: string;
  /** Which attempt it is. Default: 1. */
  readonly attempt?: number;
  /** The secret that it is signed with. Default: the right one; with another it is forged. */
  readonly secret?: string;
}

/** What became of a delivery. */
export interface Tested {
  /**
   * `processed`: the effect is committed. `duplicate`: it was processed before, and the business logic was not called.
   * `refused`: its signature is wrong. `failed`: the business logic threw or the commit failed; it would be retried.
   */
  readonly outcome: 'processed' | 'duplicate' | 'refused' | 'failed';
  /** The writes that were committed with its key; empty unless it was processed. */
  readonly effects: readonly TransactWriteItem[];
  /** What was thrown. */
  readonly error?: unknown;
}

/** A consumer in memory. */
export interface TestedWebhooks {
  /** Delivers once. A second delivery with the same id is a duplicate. */
  deliver(delivery: TestedDelivery): Promise<Tested>;
}

/**
 * Runs business logic as `webhookConsumer` does: signed, verified, deduplicated, committed or not at all.
 *
 * The writes of an effect are collected and not executed: their condition expressions always hold.
 */
export function webhookTest(onDelivery: OnDelivery, options: TestOptions = {}): TestedWebhooks {
  const { scheme = 'standard-webhooks', hmac, secret = randomBytes(24).toString('hex'), source = 'test' } = options;
  const store = new MemoryStore();
  const errors: unknown[] = [];
  const read = async () => ({ texts: [secret], readAtMillis: Date.now() });
  const handler = webhookConsumer(onDelivery, {
    sources: { [source]: { scheme, hmac, secretArn: 'memory', toleranceSeconds: 300, deduplicateBy: 'delivery-id' } },
    idempotencyTable: 'memory',
    queueUrl: 'memory',
    refusedQueueUrl: '',
    refusedQueueArn: '',
    previousFunctionName: '',
    dynamo: store,
    sqs: { send: async () => ({}) } as never,
    secrets: { of: read, readAfter: read },
    onError: (error) => void errors.push(error),
  });
  return {
    async deliver({ body, id = randomUUID(), tenant = 'tenant', attempt = 1, secret: signedWith = secret }) {
      store.forget();
      errors.length = 0;
      const headers = signRequest(scheme, signedWith, body, id, Date.now(), hmac);
      const context = { getRemainingTimeInMillis: () => 60_000 } as Context;
      const event = { Records: [messageOf({ source, tenant, headers, body, attempt })] } as SQSEvent;
      const { batchItemFailures } = await handler(event, context);
      if (batchItemFailures.length > 0) return { outcome: 'failed', effects: [], error: errors[0] };
      if (store.committed !== undefined) return { outcome: 'processed', effects: store.committed };
      return { outcome: store.isTaken ? 'duplicate' : 'refused', effects: [] };
    },
  };
}

interface Sent {
  readonly source: string;
  readonly tenant: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly attempt: number;
}

/** A message as the API puts it into the queue. */
function messageOf({ source, tenant, headers, body, attempt }: Sent): SQSRecord {
  const attributes = {
    [ATTRIBUTES.source]: source,
    [ATTRIBUTES.tenant]: tenant,
    ...Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [ATTRIBUTES.header(name.toLowerCase()), value]),
    ),
  };
  return {
    messageId: randomUUID(),
    receiptHandle: 'memory',
    body,
    eventSource: 'aws:sqs',
    eventSourceARN: 'memory',
    awsRegion: 'memory',
    md5OfBody: '',
    attributes: {
      ApproximateReceiveCount: String(attempt),
      SentTimestamp: String(Date.now()),
      SenderId: 'memory',
      ApproximateFirstReceiveTimestamp: String(Date.now()),
    },
    messageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, stringValue]) => [name, { stringValue, dataType: 'String' }]),
    ),
  };
}

type Item = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;

/** The table of keys in memory: what the consumer asks of one, and nothing else. It is a client, so that it is accepted as one. */
class MemoryStore extends DynamoDBClient {
  /** The writes of the last commit; undefined when nothing was committed. */
  public committed: readonly TransactWriteItem[] | undefined;
  /** Whether the key of the last delivery was taken. */
  public isTaken = false;
  readonly #items = new Map<string, Item>();

  constructor() {
    super({ region: 'memory', credentials: { accessKeyId: 'memory', secretAccessKey: 'memory' } });
    Object.defineProperty(this, 'send', { value: async (command: object) => this.#answer(command as Command) });
  }

  /** Before the next delivery. */
  public forget(): void {
    this.committed = undefined;
    this.isTaken = false;
  }

  #answer({ constructor: { name }, input }: Command): unknown {
    if (name === 'PutItemCommand') return this.#take(input.Item as Item);
    if (name === 'TransactWriteItemsCommand') return this.#commit(input.TransactItems as TransactWriteItem[]);
    if (name !== 'DeleteItemCommand') throw new Error(`a store in memory has no ${name}`);
    const { id } = input.Key as { id: { S: string } };
    this.#items.delete(id.S);
    return {};
  }

  /** Deliveries come one after the other, so that a key that is taken is of a delivery that was processed. */
  #take(item: Item): unknown {
    const key = item.id.S as string;
    const before = this.#items.get(key);
    this.isTaken = before !== undefined;
    if (before !== undefined) {
      throw new ConditionalCheckFailedException({ message: 'taken', $metadata: {}, Item: before as never });
    }
    this.#items.set(key, item);
    return {};
  }

  #commit([{ Update: completed } = {}, ...effects]: readonly TransactWriteItem[]): unknown {
    const key = completed?.Key?.id.S ?? '';
    const before = this.#items.get(key);
    if (before === undefined) throw new TransactionCanceledException({ message: 'not taken', $metadata: {} });
    this.#items.set(key, { ...before, status: { S: 'COMPLETED' } });
    this.committed = effects;
    return {};
  }
}

interface Command {
  readonly constructor: { readonly name: string };
  readonly input: Readonly<Record<string, unknown>>;
}
