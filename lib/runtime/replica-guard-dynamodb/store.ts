/** The table in which a guard leaves its signal. The guard that was started last owns it. */
import { ConditionalCheckFailedException, type DynamoDB } from '@aws-sdk/client-dynamodb';
import { GUARD_KEY, ITEM_KEY, signalItem, WRITER_PREFIX } from '../replica-guard/items';
import type { ReplicaSignal } from '../replica-guard/signal';

/** Another guard of the same name has been started later. */
export class Superseded extends Error {
  public readonly name = 'Superseded';
}

/** The table of one guard. */
export class SignalTable {
  constructor(
    private readonly client: DynamoDB,
    private readonly tableName: string,
    private readonly guard: string,
    /** When this guard was started, in milliseconds. */
    private readonly epoch: number,
    private readonly forgottenMillis: number,
  ) {}

  /**
   * Leaves the signal.
   *
   * @throws Superseded when a later guard has left one
   */
  public async publish(signal: ReplicaSignal): Promise<void> {
    try {
      await this.client.putItem({
        TableName: this.tableName,
        Item: signalItem(this.guard, this.epoch, signal) as never,
        ConditionExpression: 'attribute_not_exists(epoch) OR epoch <= :mine',
        ExpressionAttributeValues: { ':mine': { N: String(this.epoch) } },
      });
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) throw new Superseded('another guard has been started');
      throw error;
    }
  }

  /** Writers that have said lately that they are there. */
  public async writers(nowMillis: number): Promise<number> {
    let count = 0;
    let ExclusiveStartKey: Record<string, never> | undefined;
    do {
      const page = await this.client.query({
        TableName: this.tableName,
        KeyConditionExpression: '#guard = :guard AND begins_with(#item, :writer)',
        FilterExpression: 'atMillis >= :since',
        ExpressionAttributeNames: { '#guard': GUARD_KEY, '#item': ITEM_KEY },
        ExpressionAttributeValues: {
          ':guard': { S: this.guard },
          ':writer': { S: WRITER_PREFIX },
          ':since': { N: String(nowMillis - this.forgottenMillis) },
        },
        Select: 'COUNT',
        ExclusiveStartKey,
      });
      count += page.Count ?? 0;
      ExclusiveStartKey = page.LastEvaluatedKey as Record<string, never> | undefined;
    } while (ExclusiveStartKey !== undefined);
    return count;
  }
}
