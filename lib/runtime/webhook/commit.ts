/**
 * Powertools' idempotency with one change: the record turns COMPLETED in the same DynamoDB transaction as the effect.
 *
 * A consumer that dies before the transaction has done nothing; one that dies after it has done everything. There is
 * no moment at which the key is taken and the effect is missing, which is how a key set before processing loses events.
 */
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import type { IdempotencyRecord } from '@aws-lambda-powertools/idempotency/persistence';
import {
  DeleteItemCommand,
  type DynamoDBClient,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';

/** DynamoDB's limit of items in a transaction, less the idempotency record itself. */
export const MAX_EFFECTS = 99;

/** Persistence for one delivery. Make a new one for each: it holds that delivery's effects and its lock. */
export class TransactionalPersistence extends DynamoDBPersistenceLayer {
  readonly #table: string;
  readonly #dynamo: DynamoDBClient;
  readonly #effects: TransactWriteItem[] = [];
  #lockedUntil: number | undefined;

  constructor(tableName: string, client: DynamoDBClient) {
    super({ tableName, awsSdkV3Client: client });
    this.#table = tableName;
    this.#dynamo = client;
  }

  /** Adds writes to the transaction that completes this delivery. */
  public add(...effects: TransactWriteItem[]): void {
    if (this.#effects.length + effects.length > MAX_EFFECTS) {
      throw new Error(`a delivery commits at most ${MAX_EFFECTS} writes, got ${this.#effects.length + effects.length}`);
    }
    this.#effects.push(...effects);
  }

  protected override async _putRecord(record: IdempotencyRecord): Promise<void> {
    await super._putRecord(record);
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
      await this.#dynamo.send(new TransactWriteItemsCommand({ TransactItems: [complete, ...this.#effects] }));
    } catch (error) {
      // Gives the key back, so that the retry needn't wait for the lock to run out. If the transaction came through
      // after all, the record is COMPLETED and the condition leaves it alone.
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
      // Somebody else took over after this consumer's lock ran out: the record is theirs now.
      if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
    }
  }

  /** A consumer that was slower than its own time-out must not commit over the one that took its place. */
  #stillMine() {
    return {
      expression: '#status = :inprogress AND #lock = :lock',
      values: { ':inprogress': { S: 'INPROGRESS' }, ':lock': { N: String(this.#lockedUntil) } },
    };
  }
}
