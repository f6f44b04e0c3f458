/** The signal of a guard on AWS, which leaves it in a table. */
import { GUARD_KEY, ITEM_KEY, SIGNAL_ITEM, signalOf, writerItem } from '../replica-guard/items';
import type { SignalSource } from './write-throttle';

/** What is used of `DynamoDB` of @aws-sdk/client-dynamodb, which the caller brings along with region and credentials. */
export interface DynamoClient {
  /** Reads an item. */
  getItem(input: {
    TableName: string;
    Key: Record<string, { S: string }>;
    ConsistentRead?: boolean;
  }): Promise<{ Item?: Record<string, { S?: string; N?: string }> }>;
  /** Writes an item: that a writer is there. Readers never do, and need no right to. */
  putItem(input: { TableName: string; Item: Record<string, { S: string } | { N: string }> }): Promise<unknown>;
}

/** Polls between two of which a writer says again that it is there: the guard forgets it after five. */
const SAY_EVERY = 2;

/**
 * Reads the signal of a guard in its table.
 *
 * @param client `new DynamoDB({})` of @aws-sdk/client-dynamodb
 * @param tableName name of the table
 * @param guard name of the guard in it, `guardName` of the construct
 */
export function dynamoSignal(client: DynamoClient, tableName: string, guard: string): SignalSource {
  let polls = 0;
  return {
    read: async (writer) => {
      if (writer !== undefined && polls % SAY_EVERY === 0) {
        const Item = writerItem(guard, writer, Date.now()) as Record<string, { S: string } | { N: string }>;
        await client.putItem({ TableName: tableName, Item });
      }
      polls = writer === undefined ? 0 : polls + 1;
      const { Item } = await client.getItem({
        TableName: tableName,
        Key: { [GUARD_KEY]: { S: guard }, [ITEM_KEY]: { S: SIGNAL_ITEM } },
        ConsistentRead: true,
      });
      const signal = signalOf(Item);
      if (signal === undefined) throw new Error('the guard has left no signal');
      return signal;
    },
  };
}
