/** The function of the environment "telemetry", against a server that answers as DynamoDB does. */
import type { KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import { type AwsEndpoint, awsEndpoint, type Wire } from '../support/aws-endpoint';

type Handler = (event: KinesisStreamEvent) => Promise<KinesisStreamBatchResponse>;

const table = new Map<string, { reading: unknown; sentAt: number }>();
let away = false;
let handler: Handler;
let server: AwsEndpoint;

beforeAll(async () => {
  server = await awsEndpoint(
    ({ action, input }) => {
      expect(action).toBe('UpdateItem');
      expect(input.TableName).toBe('readings');
      if (away) return { status: 400, text: JSON.stringify({ __type: 'com.amazonaws#AccessDeniedException' }) };
      const { device } = input.Key;
      const { ':reading': reading, ':sent': sent } = input.ExpressionAttributeValues as Wire;
      const held = table.get(device.S);
      if (held !== undefined && held.sentAt > Number(sent.N)) {
        return { status: 400, text: JSON.stringify({ __type: 'com.amazonaws#ConditionalCheckFailedException' }) };
      }
      table.set(device.S, { reading: JSON.parse(reading.S), sentAt: Number(sent.N) });
      return { text: '{}' };
    },
    () => ({ READINGS_TABLE: 'readings' }),
  );
  handler = require('../../lib/runtime/device-readings/handler').handler;
  jest.spyOn(console, 'log').mockImplementation(() => {});
});
afterAll(() => server.close());
beforeEach(() => {
  table.clear();
  away = false;
});

const record = (number: number, device: string, data: string, sentAt = 1_700_000_000 + number) => ({
  eventID: `shardId-000000000000:${number}`,
  kinesis: {
    partitionKey: device,
    sequenceNumber: String(number),
    data: Buffer.from(data).toString('base64'),
    approximateArrivalTimestamp: sentAt,
  },
});
const handle = (...records: object[]) => handler({ Records: records } as unknown as KinesisStreamEvent);
const reading = (device: string) => table.get(device)?.reading;

test('the last reading of each device is kept', async () => {
  const answer = await handle(record(1, 'a', '{"t":1}'), record(2, 'b', '{"t":5}'), record(3, 'a', '{"t":2}'));
  expect(answer).toEqual({ batchItemFailures: [] });
  expect([reading('a'), reading('b')]).toEqual([{ t: 2 }, { t: 5 }]);
});

test('a batch that comes again changes nothing, also after a newer reading', async () => {
  const first = record(1, 'a', '{"t":1}');
  await handle(first, record(2, 'a', '{"t":2}'));
  expect(await handle(first)).toEqual({ batchItemFailures: [] });
  expect(reading('a')).toEqual({ t: 2 });
});

test.each([
  ['no JSON', 'temperature=5'],
  ['a number', '5'],
  ['a list', '[]'],
  ['nothing', 'null'],
])('poison is named, and what came before it is kept: %s', async (_, data) => {
  const answer = await handle(record(1, 'a', '{"t":1}'), record(2, 'b', data), record(3, 'a', '{"t":2}'));
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '2' }] });
  expect(reading('a')).toEqual({ t: 1 });
});

test('a table that refuses names the record: it comes again', async () => {
  away = true;
  expect(await handle(record(1, 'a', '{"t":1}'))).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
});
