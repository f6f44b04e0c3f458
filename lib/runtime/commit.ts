/**
 * Powertools' idempotency with one change: the record turns COMPLETED in the same DynamoDB transaction as the effect.
 *
 * A consumer that dies before the transaction has done nothing; one that dies after it has done everything. At no
 * moment is the key taken while the effect is missing; a key set before processing loses events that way.
 */
import { createHash } from 'node:crypto';
import { IdempotencyItemAlreadyExistsError, IdempotencyRecordStatus } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import type { IdempotencyRecord } from '@aws-lambda-powertools/idempotency/persistence';
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';

/** DynamoDB's limit of items in a transaction, less the idempotency record itself. */
export const MAX_EFFECTS = 99;

/** The key under which a release before this one kept a delivery: it began with the name of the function. */
export function formerKey(functionName: string, source: string, distinct: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(`${source}#${distinct}`))
    .digest('base64');
  return `${functionName}#${hash}`;
}

/** Persistence for one delivery. Make a new one for each: it holds that delivery's effects and its lock. */
export class TransactionalPersistence extends DynamoDBPersistenceLayer {
  readonly #table: string;
  readonly #dynamo: DynamoDBClient;
  readonly #effects: TransactWriteItem[] = [];
  #lockedUntil: number | undefined;
  #heldUntil: number | undefined;
  #formerKey: string | undefined;

  constructor(tableName: string, client: DynamoDBClient) {
    super({ tableName, awsSdkV3Client: client });
    this.#table = tableName;
    this.#dynamo = client;
  }

  /**
   * Whether the delivery had its effect under the key of an earlier release. From now on its effect is committed under
   * that key too, so that a consumer of that release, which still runs or was rolled back to, finds it.
   *
   * @throws when a consumer of that release is working on it
   */
  public async completedBefore(key: string): Promise<boolean> {
    this.#formerKey = key;
    const { Item: item } = await this.#dynamo.send(
      new GetItemCommand({ TableName: this.#table, Key: { id: { S: key } }, ConsistentRead: true }),
    );
    if (item === undefined || Number(item.expiration?.N) < Date.now() / 1000) return false;
    if (item.status?.S === 'COMPLETED') return true;
    if (Number(item.in_progress_expiration?.N) < Date.now()) return false;
    throw new Error('a consumer of an earlier release is working on this delivery');
  }

  /**
   * When the key of another consumer gives way, in milliseconds since the epoch by the clock of that consumer; undefined
   * when none has taken the delivery.
   */
  public get heldUntilMillis(): number | undefined {
    return this.#heldUntil;
  }

  /** Adds writes to the transaction that completes this delivery. */
  public add(...effects: TransactWriteItem[]): void {
    const most = this.#formerKey === undefined ? MAX_EFFECTS : MAX_EFFECTS - 1;
    if (this.#effects.length + effects.length > most) {
      throw new Error(`one transaction commits at most ${most} writes, got ${this.#effects.length + effects.length}`);
    }
    this.#effects.push(...effects);
  }

  protected override async _putRecord(record: IdempotencyRecord): Promise<void> {
    this.#heldUntil = undefined;
    try {
      await super._putRecord(record);
    } catch (error) {
      const other = error instanceof IdempotencyItemAlreadyExistsError ? error.existingRecord : undefined;
      if (other?.getStatus() === IdempotencyRecordStatus.INPROGRESS) this.#heldUntil = other.inProgressExpiryTimestamp;
      throw error;
    }
    this.#lockedUntil = record.inProgressExpiryTimestamp;
  }

  protected override async _updateRecord(record: IdempotencyRecord): Promise<void> {
    const complete: TransactWriteItem = {
      Update: {
        TableName: this.#table,
        Key: { id: { S: record.idempotencyKey } },
        UpdateExpression: 'SET expiration = :expiry, #status = :completed',
        ConditionExpression: this.#stillMine().expression,
        ExpressionAttributeNames: { '#status': 'status', '#lock': 'in_progress_expiration' },
        ExpressionAttributeValues: {
          ':expiry': { N: String(record.expiryTimestamp) },
          ':completed': { S: record.getStatus() },
          ...this.#stillMine().values,
        },
      },
    };
    try {
      const TransactItems = [complete, ...this.#underFormerKey(record), ...this.#effects];
      await this.#dynamo.send(new TransactWriteItemsCommand({ TransactItems }));
    } catch (error) {
      // Releases the key, so that the retry need not wait for the lock to expire. If the transaction succeeded after
      // all, the record is COMPLETED and the condition does not match.
      await this._deleteRecord(record);
      throw error;
    }
  }

  protected override async _deleteRecord(record: IdempotencyRecord): Promise<void> {
    try {
      await this.#dynamo.send(
        new DeleteItemCommand({
          TableName: this.#table,
          Key: { id: { S: record.idempotencyKey } },
          ConditionExpression: this.#stillMine().expression,
          ExpressionAttributeNames: { '#status': 'status', '#lock': 'in_progress_expiration' },
          ExpressionAttributeValues: this.#stillMine().values,
        }),
      );
    } catch (error) {
      // Another consumer took over after this one's lock expired: it owns the record now.
      if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
    }
  }

  /** Fails the transaction when a consumer of an earlier release has taken its own key since. */
  #underFormerKey(record: IdempotencyRecord): TransactWriteItem[] {
    if (this.#formerKey === undefined) return [];
    const Item = {
      id: { S: this.#formerKey },
      expiration: { N: String(record.expiryTimestamp) },
      status: { S: record.getStatus() },
    };
    return [
      {
        Put: {
          TableName: this.#table,
          Item,
          ConditionExpression:
            'attribute_not_exists(#id) OR expiration < :now OR (#status = :inprogress AND in_progress_expiration < :millis)',
          ExpressionAttributeNames: { '#id': 'id', '#status': 'status' },
          ExpressionAttributeValues: {
            ':now': { N: String(Math.floor(Date.now() / 1000)) },
            ':inprogress': { S: 'INPROGRESS' },
            ':millis': { N: String(Date.now()) },
          },
        },
      },
    ];
  }

  /** A consumer slower than its time-out must not commit over the one that replaced it. */
  #stillMine() {
    return {
      expression: '#status = :inprogress AND #lock = :lock',
      values: { ':inprogress': { S: 'INPROGRESS' }, ':lock': { N: String(this.#lockedUntil) } },
    };
  }
}
