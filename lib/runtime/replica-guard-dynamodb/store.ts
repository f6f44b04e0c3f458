/** The table in which a guard leaves its signal. The guard that was started last owns it. */
import { ConditionalCheckFailedException, type DynamoDB } from '@aws-sdk/client-dynamodb';
import { type Attribute, GUARD_KEY, ITEM_KEY, KEPT_SECONDS, signalItem, writersOf } from '../replica-guard/items';
import type { ReplicaSignal } from '../replica-guard/signal';
import { type Stamp, Stamps } from './stamps';

/** Another guard of the same name has been started later. */
export class Superseded extends Error {
  public readonly name = 'Superseded';
}

/** The table of one guard. */
export class SignalTable {
  readonly #stamps: Stamps;

  constructor(
    private readonly client: DynamoDB,
    private readonly tableName: string,
    private readonly guard: string,
    /** When this guard was started, in milliseconds. */
    private readonly epoch: number,
    forgottenMillis: number,
  ) {
    this.#stamps = new Stamps(forgottenMillis);
  }

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
    return this.#stamps.count(await this.#stampsSince(nowMillis - 1000 * KEPT_SECONDS), nowMillis);
  }

  /** Moments that writers have left. Older ones are of writers that are gone, unless a clock is wrong by so much. */
  async #stampsSince(sinceMillis: number): Promise<Stamp[]> {
    const stamps: Stamp[] = [];
    let ExclusiveStartKey: Record<string, never> | undefined;
    do {
      const page = await this.client.query({
        TableName: this.tableName,
        KeyConditionExpression: '#guard = :writers',
        FilterExpression: 'atMillis >= :since',
        ProjectionExpression: '#item, atMillis',
        ExpressionAttributeNames: { '#guard': GUARD_KEY, '#item': ITEM_KEY },
        ExpressionAttributeValues: { ':writers': { S: writersOf(this.guard) }, ':since': { N: String(sinceMillis) } },
        ExclusiveStartKey,
      });
      for (const item of (page.Items ?? []) as Record<string, Attribute>[])
        stamps.push({ writer: item[ITEM_KEY].S as string, atMillis: Number(item.atMillis.N) });
      ExclusiveStartKey = page.LastEvaluatedKey as Record<string, never> | undefined;
    } while (ExclusiveStartKey !== undefined);
    return stamps;
  }
}
