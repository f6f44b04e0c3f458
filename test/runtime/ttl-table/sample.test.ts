/** The sample of a report: paced, of all chosen segments, and no larger than it may be. */
import {
  type DynamoDBClient,
  ProvisionedThroughputExceededException,
  type ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { Pacer } from '../../../lib/runtime/ttl-table/pacer';
import { sampleOf } from '../../../lib/runtime/ttl-table/sample';
import { UnitBucket } from '../../../lib/runtime/ttl-table/unit-bucket';

const SEGMENTS = [3, 7, 11];

/** A table with so many items in each segment, of a read unit each. */
function world(itemsOfSegment: number, { units = 1e6, perSecond = 10, pageItems = 10, throttled = 0 } = {}) {
  let millis = 0;
  let left = throttled;
  const reads: { segment: number; at: number; units: number }[] = [];
  const client = {
    send: async ({ input }: ScanCommand) => {
      if (left > 0) {
        left -= 1;
        throw new ProvisionedThroughputExceededException({ message: 'slow down', $metadata: {} });
      }
      const [segment, limit] = [input.Segment as number, input.Limit as number];
      const first = Number(input.ExclusiveStartKey?.id.N ?? 0);
      const last = Math.min(itemsOfSegment, first + limit);
      reads.push({ segment, at: millis, units: last - first });
      return {
        Items: Array.from({ length: last - first }, (_, index) => ({
          expiresAt: { N: String(first + index) },
          createdAt: { N: '1' },
        })),
        LastEvaluatedKey: last < itemsOfSegment ? { id: { N: String(last) } } : undefined,
        ConsumedCapacity: { CapacityUnits: last - first },
      };
    },
  } as unknown as Pick<DynamoDBClient, 'send'>;
  const pacer = new Pacer({
    nowMillis: () => millis,
    untilMillis: 240_000,
    sleep: async (more) => {
      millis += more;
    },
  });
  const sampled = () =>
    sampleOf(client, {
      ...{ tableName: 'events', attribute: 'expiresAt', createdAttribute: 'createdAt' },
      ...{ segments: SEGMENTS, allSegments: 100, pageItems, readUnits: units },
      bucket: new UnitBucket(perSecond, 0),
      pacer,
    });
  return { sampled, reads, now: () => millis };
}

test('segments that are read to their ends give all of their items', async () => {
  const { sampled } = world(25);
  const { items, isRead } = await sampled();
  expect([items.length, isRead]).toEqual([75, true]);
  expect(items[0]).toEqual({ expiry: { N: '0' }, created: { N: '1' } });
});

test('an empty table is read, too', async () => {
  expect(await world(0).sampled()).toEqual({ items: [], isRead: true });
});

test('reads keep to their rate, so that a small table does not throttle its users', async () => {
  const { sampled, reads } = world(200);
  await sampled();
  for (const { at } of reads) {
    const within = reads.filter((read) => read.at >= at && read.at < at + 1000);
    expect(within.reduce((sum, { units }) => sum + units, 0)).toBeLessThanOrEqual(2 * 10);
  }
});

test('a sample that its time cuts off is one of all segments', async () => {
  const { sampled, reads, now } = world(1e6);
  const { items, isRead } = await sampled();
  expect([now() <= 240_000, isRead]).toEqual([true, true]);
  expect(items.length).toBeGreaterThan(2000);
  const counts = SEGMENTS.map((segment) => reads.filter((read) => read.segment === segment).length);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
});

test('it ends with its read units', async () => {
  const { sampled, reads } = world(1e6, { units: 300 });
  expect((await sampled()).isRead).toBe(true);
  expect(reads.reduce((sum, { units }) => sum + units, 0)).toBe(300);
});

test('throttled reads slow it down; when nothing can be read, it says so', async () => {
  expect((await world(25, { throttled: 3 }).sampled()).items).toHaveLength(75);
  const hopeless = world(25, { throttled: Number.POSITIVE_INFINITY });
  expect(await hopeless.sampled()).toEqual({ items: [], isRead: false });
  expect(hopeless.now()).toBeLessThanOrEqual(240_000);
});
