import {
  ConditionalCheckFailedException,
  InternalServerError,
  ProvisionedThroughputExceededException,
} from '@aws-sdk/client-dynamodb';
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { type OnDelivery, webhookConsumer } from '../../lib/runtime/webhook/consumer';
import { signRequest } from '../../lib/runtime/webhook/signature';
import { FakeDynamo } from '../support/dynamo';

const SECRET = 'open sesame';
const SOURCES = {
  github: { scheme: 'github', secretArn: 'arn:github', toleranceSeconds: 300, deduplicateBy: 'delivery-id' },
  shop: { scheme: 'standard-webhooks', secretArn: 'arn:shop', toleranceSeconds: 300, deduplicateBy: 'delivery-id' },
} as const;

const NOON = Date.UTC(2026, 5, 1, 12);

let lines: string[];
beforeEach(() => {
  lines = [];
  jest.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** A store that is read at this moment, whenever it is asked. */
function fixed(...texts: string[]) {
  const read = async () => ({ texts, readAtMillis: Date.now() });
  return { of: read, readAfter: read };
}

function setUp(onDelivery?: OnDelivery) {
  const dynamo = new FakeDynamo();
  const hidden: number[] = [];
  const sqs = {
    send: async (command: { input: { VisibilityTimeout: number } }) =>
      void hidden.push(command.input.VisibilityTimeout),
  };
  const book: OnDelivery = async (delivery, effects) => {
    effects.add({
      Update: { TableName: 'ledger', Key: { id: { S: delivery.id } }, UpdateExpression: 'ADD effects :one' },
    });
  };
  const handler = webhookConsumer(onDelivery ?? book, {
    sources: SOURCES,
    idempotencyTable: 'keys',
    queueUrl: 'queue',
    dynamo: dynamo.client,
    sqs: sqs as never,
    secrets: fixed(SECRET),
  });
  const consume = (records: SQSRecord[], remainingMillis = 10_000) =>
    handler({ Records: records } as SQSEvent, { getRemainingTimeInMillis: () => remainingMillis } as Context);
  const effects = (id: string) => Number(dynamo.items.get(`effect:${id}`)?.effects?.N ?? 0);
  return { dynamo, hidden, consume, effects };
}

interface Sent {
  readonly source?: 'github' | 'shop' | 'nobody';
  readonly id?: string;
  readonly secret?: string;
  readonly signedAt?: number;
  readonly receivedAt?: number;
  readonly firstSeen?: number;
  readonly receiveCount?: number;
}

let messages = 0;
function message(sent: Sent = {}): SQSRecord {
  const { source = 'github', id = 'd1', secret = SECRET, receivedAt = Date.now(), signedAt = receivedAt } = sent;
  const body = '{"action":"opened"}';
  const headers = signRequest(source === 'shop' ? 'standard-webhooks' : 'github', secret, body, id, signedAt);
  const attributes: Record<string, string> = { source, tenant: 'acme' };
  // As API Gateway writes them: the spelling that was sent, then the lower-case one; one of them is empty.
  for (const [name, value] of Object.entries(headers)) attributes[`header.${name.toLowerCase()}`] = `\n${value}`;
  if (sent.firstSeen) attributes['backpressure-first-seen'] = String(sent.firstSeen);
  return {
    messageId: `m${++messages}`,
    receiptHandle: 'r',
    body,
    attributes: { ApproximateReceiveCount: String(sent.receiveCount ?? 1), SentTimestamp: String(receivedAt) },
    messageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, stringValue]) => [name, { stringValue, dataType: 'String' }]),
    ),
  } as unknown as SQSRecord;
}

test('a valid delivery has its effect once, and its key is COMPLETED', async () => {
  const { consume, effects, dynamo } = setUp();
  expect(await consume([message()])).toEqual({ batchItemFailures: [] });
  expect(effects('d1')).toBe(1);
  expect([...dynamo.items.values()].filter((item) => item.status?.S === 'COMPLETED')).toHaveLength(1);
});

test('a redelivery, in the same batch or a later one, has no second effect', async () => {
  const { consume, effects } = setUp();
  await consume([message(), message()]);
  expect(await consume([message()])).toEqual({ batchItemFailures: [] });
  expect(effects('d1')).toBe(1);
});

test.each([
  ['a forgery', { secret: 'guess' }, 'forged'],
  ['a replay outside the window', { source: 'shop', signedAt: Date.now() - 301_000 }, 'outside-window'],
  ['a source that nobody configured', { source: 'nobody' }, 'unknown-source'],
] as const)(
  '%s is refused before any effect, not retried, and its content is not logged',
  async (_what, sent, reason) => {
    const { consume, dynamo } = setUp();
    expect(await consume([message(sent)])).toEqual({ batchItemFailures: [] });
    expect(dynamo.calls).toEqual([]);
    expect(lines.map((line) => JSON.parse(line))).toEqual([expect.objectContaining({ Refused: 1, reason })]);
    expect(lines.join()).not.toContain('opened');
  },
);

test('time spent in the queue or in a redrive is not held against the sender', async () => {
  const { consume, effects } = setUp();
  const received = Date.now() - 3600_000;
  await consume([message({ source: 'shop', id: 'waited', receivedAt: received })]);
  await consume([message({ source: 'shop', id: 'redriven', signedAt: received, firstSeen: received })]);
  expect([effects('waited'), effects('redriven')]).toEqual([1, 1]);
});

test('a failing delivery is retried alone: its neighbours are done, and it is hidden for a jittered while', async () => {
  const { consume, effects, hidden } = setUp(async (delivery, writes) => {
    if (delivery.id === 'bad') throw new Error('no such order');
    writes.add({
      Update: { TableName: 'ledger', Key: { id: { S: delivery.id } }, UpdateExpression: 'ADD effects :one' },
    });
  });
  const bad = message({ id: 'bad', receiveCount: 3 });
  expect(await consume([message({ id: 'a' }), bad, message({ id: 'b' })])).toEqual({
    batchItemFailures: [{ itemIdentifier: bad.messageId }],
  });
  expect([effects('a'), effects('b')]).toEqual([1, 1]);
  expect(hidden).toHaveLength(1);
  // Third attempt: U(0, 2 × 2²).
  expect(hidden[0]).toBeGreaterThanOrEqual(0);
  expect(hidden[0]).toBeLessThanOrEqual(8);
  expect(lines.join()).not.toContain('no such order');
});

describe('a table of keys that is away says nothing about the deliveries', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const from = { $metadata: {}, message: 'later' };

  /** Seconds from the first receive to the fifth, the last before the dead-letter queue. */
  async function spanOf(error: Error): Promise<number> {
    const { consume, effects, dynamo, hidden } = setUp();
    dynamo.rejectAll(error);
    for (let receiveCount = 1; receiveCount < 5; receiveCount += 1) await consume([message({ receiveCount })]);
    dynamo.revive();
    expect(await consume([message({ receiveCount: 5 })])).toEqual({ batchItemFailures: [] });
    expect([effects('d1'), hidden.length]).toEqual([1, 4]);
    // A blip costs a moment only.
    expect(hidden[0]).toBeLessThanOrEqual(2);
    return hidden.reduce((sum, seconds) => sum + seconds, 0);
  }

  test.each([
    ['nothing listens', refused],
    ['it has a fault', new InternalServerError(from)],
    ['it throttles', new ProvisionedThroughputExceededException(from)],
    ['it does not answer', Object.assign(new Error('no answer'), { name: 'TimeoutError' })],
  ])('%s: five receives outlast 105 s, and end within 212', async (_, error) => {
    const seconds = await spanOf(error);
    expect(seconds).toBeGreaterThanOrEqual(15 + 30 + 60);
    expect(seconds).toBeLessThanOrEqual(2 + 30 + 60 + 120);
  });

  test('an item that it does not take is a fault of the delivery', async () => {
    expect(await spanOf(new ConditionalCheckFailedException(from))).toBeLessThanOrEqual(2 + 4 + 8 + 16);
  });
});

test('a failed attempt leaves no key behind: the next one is free to try', async () => {
  let attempts = 0;
  const { consume, effects, dynamo } = setUp(async (delivery, writes) => {
    if (++attempts === 1) throw new Error('downstream is away');
    writes.add({
      Update: { TableName: 'ledger', Key: { id: { S: delivery.id } }, UpdateExpression: 'ADD effects :one' },
    });
  });
  await consume([message()]);
  expect(dynamo.items.size).toBe(0);
  await consume([message()]);
  expect(effects('d1')).toBe(1);
});

test('a commit that does not come through gives the key back at once', async () => {
  const { consume, effects, dynamo } = setUp();
  dynamo.failOn('TransactWriteItemsCommand');
  expect((await consume([message()])).batchItemFailures).toHaveLength(1);
  expect(dynamo.items.size).toBe(0);
  await consume([message()]);
  expect(effects('d1')).toBe(1);
});

describe('trap of case 15: a key set before processing and without a time to live loses the event when the consumer dies', () => {
  test('a consumer that dies before the commit has done nothing, and its key gives way when its time is up', async () => {
    const { consume, effects, dynamo } = setUp();
    dynamo.dieOn('TransactWriteItemsCommand');
    // Its key stays INPROGRESS, as the dying process leaves it; -1 ms stands for a time-out that has passed.
    await consume([message()], -1);
    expect(effects('d1')).toBe(0);
    expect(dynamo.items.size).toBe(1);
    dynamo.revive();
    await consume([message()]);
    expect(effects('d1')).toBe(1);
  });

  test('while the first consumer still has time, a second one does not take over', async () => {
    let release = () => {};
    let calls = 0;
    const { consume, effects } = setUp(async (delivery, writes) => {
      calls++;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      writes.add({
        Update: { TableName: 'ledger', Key: { id: { S: delivery.id } }, UpdateExpression: 'ADD effects :one' },
      });
    });
    const first = consume([message()]);
    while (calls === 0) await new Promise(setImmediate);
    const second = await consume([message()]);
    expect(second.batchItemFailures).toHaveLength(1);
    release();
    await first;
    expect([calls, effects('d1')]).toEqual([1, 1]);
  });

  test('a consumer that is lost with a clock that is a minute ahead costs one more receive, not all that are left', async () => {
    jest.useFakeTimers({ now: NOON + 60_000, doNotFake: ['nextTick', 'setImmediate', 'setTimeout'] });
    const { consume, effects, dynamo, hidden } = setUp();
    const timeOutMillis = 5000;
    dynamo.dieOn('TransactWriteItemsCommand');
    await consume([message()], timeOutMillis);
    dynamo.revive();
    hidden.length = 0;
    // Its messages are seen again after six times the time-out, by a consumer whose clock is right.
    jest.setSystemTime(NOON + 6 * timeOutMillis);
    await consume([message({ receiveCount: 2 })], timeOutMillis);
    expect(hidden).toEqual([60 + 5 - 30 + 1]);
    jest.setSystemTime(NOON + 6 * timeOutMillis + 1000 * hidden[0]);
    expect(await consume([message({ receiveCount: 3 })], timeOutMillis)).toEqual({ batchItemFailures: [] });
    expect(effects('d1')).toBe(1);
  });

  test.each([
    ['at a first attempt, as a retry: the other will be done in a moment', 1, 40_000, [0, 2]],
    ['by a clock that is hours ahead, for as long as a function can run', 2, 10 * 3_600_000, [900, 900]],
    ['by a clock that is behind, as a retry', 3, -1, [0, 8]],
  ] as const)('a delivery that another consumer holds is hidden %s', async (_, receiveCount, ahead, [least, most]) => {
    const { consume, dynamo, hidden } = setUp();
    dynamo.dieOn('TransactWriteItemsCommand');
    await consume([message()], ahead);
    dynamo.revive();
    hidden.length = 0;
    if (ahead < 0) jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 60_000);
    await consume([message({ receiveCount })]);
    expect(hidden).toHaveLength(1);
    expect(hidden[0]).toBeGreaterThanOrEqual(least);
    expect(hidden[0]).toBeLessThanOrEqual(most);
  });

  test('a consumer slower than its own time-out cannot commit over the one that took its place', async () => {
    const gates: (() => void)[] = [];
    const { consume, effects } = setUp(async (delivery, writes) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      writes.add({
        Update: { TableName: 'ledger', Key: { id: { S: delivery.id } }, UpdateExpression: 'ADD effects :one' },
      });
    });
    const slow = consume([message()], -1000);
    while (gates.length < 1) await new Promise(setImmediate);
    const fast = consume([message()], 10_000);
    while (gates.length < 2) await new Promise(setImmediate);
    gates[0]();
    expect((await slow).batchItemFailures).toHaveLength(1);
    gates[1]();
    expect((await fast).batchItemFailures).toHaveLength(0);
    expect(effects('d1')).toBe(1);
  });

  test('every key has an expiry', async () => {
    const { consume, dynamo } = setUp();
    await consume([message()]);
    const keys = [...dynamo.items.entries()].filter(([id]) => !id.startsWith('effect:'));
    expect(keys).toHaveLength(1);
    for (const [, item] of keys) expect(Number(item.expiration.N)).toBeGreaterThan(Date.now() / 1000);
  });
});
