/** The handler of a function that reads a stream: order, partial failure, duplicates. */
import type { KinesisStreamEvent, MSKEvent } from 'aws-lambda';
import { type StreamRecord, streamConsumer } from '../../../lib/runtime/stream/stream-consumer';

const lines = jest.spyOn(console, 'log').mockImplementation(() => {});
afterEach(() => lines.mockClear());
afterAll(() => lines.mockRestore());

const kinesis = (...values: string[]): KinesisStreamEvent =>
  ({
    Records: values.map((value, index) => ({
      eventID: `shardId-0:${index}`,
      kinesis: {
        partitionKey: value[0],
        sequenceNumber: String(100 + index),
        data: Buffer.from(value).toString('base64'),
        approximateArrivalTimestamp: 1_700_000_000.5,
      },
    })),
  }) as unknown as KinesisStreamEvent;

const kafka = (...values: string[]): MSKEvent =>
  ({
    records: {
      // Lambda gives no order of the partitions, and this one is upside down.
      'metrics-0': values
        .map((value, offset) => ({
          topic: 'metrics',
          partition: 0,
          offset,
          timestamp: 5,
          key: Buffer.from('k').toString('base64'),
          value: Buffer.from(value).toString('base64'),
        }))
        .reverse(),
    },
  }) as unknown as MSKEvent;

function handled(poison?: string) {
  const seen: StreamRecord[] = [];
  const told: unknown[] = [];
  const handler = streamConsumer(
    async (record) => {
      if (record.value === poison) throw new TypeError('card 4111 1111 1111 1111');
      seen.push(record);
    },
    { onError: (error) => told.push(error) },
  );
  return { handler, seen, told };
}

describe('a batch of Kinesis', () => {
  test('is handled in its order', async () => {
    const { handler, seen } = handled();
    expect(await handler(kinesis('a1', 'b1', 'a2'))).toEqual({ batchItemFailures: [] });
    expect(seen.map(({ value, key }) => [key, value])).toEqual([
      ['a', 'a1'],
      ['b', 'b1'],
      ['a', 'a2'],
    ]);
    expect(seen[0]).toMatchObject({ id: 'shardId-0:0', sentAtMillis: 1_700_000_000_500 });
  });

  test('ends with the first failure: Lambda delivers again from there, and nothing behind it was handled', async () => {
    const { handler, seen, told } = handled('b1');
    expect(await handler(kinesis('a1', 'b1', 'a2'))).toEqual({ batchItemFailures: [{ itemIdentifier: '101' }] });
    expect(seen.map(({ value }) => value)).toEqual(['a1']);
    expect(told).toHaveLength(1);
  });

  test('the same record has the same id when it comes again', async () => {
    const { handler, seen } = handled();
    await handler(kinesis('a1'));
    await handler(kinesis('a1'));
    expect(new Set(seen.map(({ id }) => id)).size).toBe(1);
  });

  test('a failure is counted without what the record says', async () => {
    const { handler } = handled('b1');
    await handler(kinesis('b1'));
    const text = lines.mock.calls.flat().join();
    expect(text).toContain('StreamFailures');
    expect(text).toContain('TypeError');
    expect(text).not.toContain('4111');
  });

  test('a tracker of errors that fails changes nothing', async () => {
    const handler = streamConsumer(
      async () => {
        throw new Error('no');
      },
      {
        onError: () => {
          throw new Error('tracker');
        },
      },
    );
    expect(await handler(kinesis('a1'))).toEqual({ batchItemFailures: [{ itemIdentifier: '100' }] });
  });
});

describe('a batch of Kafka', () => {
  test('is handled by offset', async () => {
    const { handler, seen } = handled();
    await handler(kafka('1', '2', '3'));
    expect(seen.map(({ id, value, key }) => [id, value, key])).toEqual([
      ['metrics-0:0', '1', 'k'],
      ['metrics-0:1', '2', 'k'],
      ['metrics-0:2', '3', 'k'],
    ]);
  });

  test('that fails is refused whole: Lambda commits nothing of it', async () => {
    const { handler } = handled('2');
    await expect(handler(kafka('1', '2', '3'))).rejects.toThrow(TypeError);
  });
});
