/** Whose progress it is. */
import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  type UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { DynamoProgress } from '../../../lib/runtime/ttl-table/progress';

type Item = Record<string, AttributeValue>;

/** A table in memory, which takes what the progress sends. */
function progressTable() {
  const items = new Map<string, Item>();
  const client = {
    send: async (command: GetItemCommand | UpdateItemCommand) => {
      const id = command.input.Key?.id.S as string;
      if (command instanceof GetItemCommand) return { Item: items.get(id) };
      const { UpdateExpression = '', ExpressionAttributeValues: values = {} } = command.input;
      const set = [...UpdateExpression.matchAll(/#(\w+) = (?:if_not_exists\(#\w+, )?(:\w+)/g)];
      const item = { ...items.get(id), ...Object.fromEntries(set.map(([, name, value]) => [name, values[value]])) };
      items.set(id, item);
      return { Attributes: item };
    },
  } as unknown as Pick<DynamoDBClient, 'send'>;
  const of = (itemTableName: string, run = 'a1') =>
    new DynamoProgress(client, { tableName: 'progress', itemTableName, run, holder: 'me', leaseMillis: 60_000 });
  return { of, items };
}

const DONE = { place: undefined, passes: 1, changed: 0, changedBefore: 0, dated: 5, done: true };

test('a segment that is done is not worked on again', async () => {
  const { of } = progressTable();
  await of('events').begin(1);
  await of('events').save(0, DONE, 1000);
  expect(await of('events').acquire(0, 2000)).toBeUndefined();
  expect(await of('events').overview(1)).toEqual({ startedAt: 1, doneAt: 1, dated: 5 });
});

test('another table with the same settings is another backfill: the progress stays in the stack when the table is replaced', async () => {
  const { of } = progressTable();
  await of('events').begin(1);
  await of('events').save(0, DONE, 1000);
  expect(await of('clicks').acquire(0, 2000)).toMatchObject({ done: false, dated: 0 });
  expect(await of('clicks').overview(1)).toEqual({ startedAt: undefined, doneAt: undefined, dated: 0 });
});

test('a lease is renewed for as long as it was taken', async () => {
  const { of, items } = progressTable();
  await of('events').acquire(0, 1000);
  expect(await of('events').renew(0, 21_000)).toBe(true);
  expect(items.get('events/a1/0')?.leasedUntil).toEqual({ N: '81000' });
});
