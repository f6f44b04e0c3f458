/** Bucket, day and records of mails in one DynamoDB table. Its key is `id`; what is no longer needed expires. */
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { unlessRefused } from '../unless-refused';
import type { DayStore, Quarters } from './day';
import type { Claim, Claims } from './ports';
import type { BucketItem, BucketStore, Change } from './slots';

type Item = Record<string, AttributeValue>;

const OPEN = 'attribute_not_exists(pausedAt) AND (attribute_not_exists(awayUntil) OR awayUntil <= :now)';
/** A day has 97 quarters at most; two days without a mail, and they are of no use. */
const DAY_KEPT_SECONDS = 2 * 86_400;

/** The key of a provider's bucket. */
export function bucketKey(lane: string): { id: { S: string } } {
  return { id: { S: `bucket#${lane}` } };
}

/** The bucket of a provider. */
export class DynamoBucketStore implements BucketStore {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly table: string,
    private readonly lane: string,
  ) {}

  public advance(by: number, least: number, most: number, now: number): Promise<Change> {
    return this.#change({
      UpdateExpression: 'SET slotAt = slotAt + :by',
      ConditionExpression: `slotAt >= :least AND slotAt <= :most AND ${OPEN}`,
      ExpressionAttributeValues: {
        ':by': number(by),
        ':least': number(least),
        ':most': number(most),
        ':now': number(now),
      },
    });
  }

  public restart(next: number, least: number, now: number): Promise<Change> {
    return this.#change({
      UpdateExpression: 'SET slotAt = :next',
      ConditionExpression: `(attribute_not_exists(slotAt) OR slotAt < :least) AND ${OPEN}`,
      ExpressionAttributeValues: { ':next': number(next), ':least': number(least), ':now': number(now) },
    });
  }

  public async setFactor(factor: number, changedAt: number, now: number): Promise<boolean> {
    const { done } = await this.#change({
      UpdateExpression: 'SET rateFactor = :factor, changedAt = :now',
      ConditionExpression: 'attribute_not_exists(changedAt) OR changedAt = :seen',
      ExpressionAttributeValues: { ':factor': number(factor), ':now': number(now), ':seen': number(changedAt) },
    });
    return done;
  }

  public async setAway(until: number): Promise<void> {
    await this.#change({
      UpdateExpression: 'SET awayUntil = :until',
      ExpressionAttributeValues: { ':until': number(until) },
    });
  }

  async #change(update: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>): Promise<Change> {
    try {
      const { Attributes } = await this.client.send(
        new UpdateItemCommand({
          TableName: this.table,
          Key: bucketKey(this.lane),
          ReturnValues: 'ALL_NEW',
          // So that a failed condition says what the bucket is, without a read.
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          ...update,
        }),
      );
      return { done: true, item: Attributes && bucketItem(Attributes) };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return { done: false, item: error.Item && bucketItem(error.Item) };
    }
  }
}

/** What left in the last day by a provider. */
export class DynamoDayStore implements DayStore {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly table: string,
    private readonly lane: string,
  ) {}

  public async read(): Promise<{ quarters: Quarters; version: number }> {
    const { Item } = await this.client.send(
      new GetItemCommand({ TableName: this.table, Key: this.#key(), ConsistentRead: true }),
    );
    return { quarters: JSON.parse(Item?.quarters?.S ?? '{}'), version: Number(Item?.written?.N ?? 0) };
  }

  public write(quarters: Quarters, version: number, now: number): Promise<boolean> {
    return unlessRefused(
      this.client.send(
        new UpdateItemCommand({
          TableName: this.table,
          Key: this.#key(),
          UpdateExpression: 'SET quarters = :quarters, written = :next, expires = :expires',
          ConditionExpression: 'attribute_not_exists(written) OR written = :version',
          ExpressionAttributeValues: {
            ':quarters': { S: JSON.stringify(quarters) },
            ':next': number(version + 1),
            ':version': number(version),
            ':expires': number(Math.ceil(now / 1000) + DAY_KEPT_SECONDS),
          },
        }),
      ),
    );
  }

  #key(): { id: { S: string } } {
    return { id: { S: `day#${this.lane}` } };
  }
}

/** The record of every mail. */
export class DynamoClaims implements Claims {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly table: string,
    /** How long a record is kept: at least as long as a copy of its message may come back. */
    private readonly recordSeconds: number,
  ) {}

  public async claim(id: string, now: number, token: string): Promise<Claim> {
    const expires = number(Math.ceil(now / 1000) + this.recordSeconds);
    try {
      await this.client.send(
        new PutItemCommand({
          TableName: this.table,
          Item: { ...mailKey(id), mailState: { S: 'sending' }, since: number(now), claimToken: { S: token }, expires },
          ConditionExpression: 'attribute_not_exists(id)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { state: 'mine' };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // The client repeats a write whose answer was lost: this is its own.
      if (error.Item?.claimToken?.S === token) return { state: 'mine' };
      const state = error.Item?.mailState?.S;
      if (state === 'sent' || state === 'parked') return { state };
      const since = Number(error.Item?.since?.N ?? now);
      return { state: 'sending', since, ageMillis: now - since };
    }
  }

  public takeOver(id: string, since: number, now: number, token: string): Promise<boolean> {
    return unlessRefused(
      this.client.send(
        new UpdateItemCommand({
          TableName: this.table,
          Key: mailKey(id),
          UpdateExpression: 'SET since = :now, claimToken = :token',
          ConditionExpression: 'mailState = :sending AND (since = :since OR claimToken = :token)',
          ExpressionAttributeValues: { ...mine(token), ':since': number(since), ':now': number(now) },
        }),
      ),
    );
  }

  public async release(id: string, token: string): Promise<void> {
    await unlessRefused(
      this.client.send(
        new DeleteItemCommand({
          TableName: this.table,
          Key: mailKey(id),
          ConditionExpression: 'mailState = :sending AND claimToken = :token',
          ExpressionAttributeValues: mine(token),
        }),
      ),
    );
  }

  public async sent(id: string, providerMessageId: string, provider: string): Promise<void> {
    await this.#set(id, 'mailState = :state, providerMessageId = :message, provider = :provider', {
      ':state': { S: 'sent' },
      ':message': { S: providerMessageId },
      ':provider': { S: provider },
    });
  }

  public async parked(id: string, reason: string): Promise<void> {
    await this.#set(id, 'mailState = :state, reason = :reason', {
      ':state': { S: 'parked' },
      ':reason': { S: reason },
    });
  }

  async #set(id: string, sets: string, values: Item): Promise<void> {
    await this.client.send(
      new UpdateItemCommand({
        TableName: this.table,
        Key: mailKey(id),
        UpdateExpression: `SET ${sets}`,
        ExpressionAttributeValues: values,
      }),
    );
  }
}

function mailKey(id: string): { id: { S: string } } {
  return { id: { S: `mail#${id}` } };
}

function mine(token: string): Item {
  return { ':sending': { S: 'sending' }, ':token': { S: token } };
}

/** Thousandths of a millisecond are enough, and DynamoDB adds decimals exactly. */
function number(value: number): { N: string } {
  return { N: String(Math.round(value * 1000) / 1000) };
}

function bucketItem(item: Item): BucketItem {
  return {
    next: Number(item.slotAt?.N ?? 0),
    factor: Number(item.rateFactor?.N ?? 1),
    changedAt: Number(item.changedAt?.N ?? 0),
    paused: item.pausedAt !== undefined,
    awayUntil: Number(item.awayUntil?.N ?? 0),
  };
}
