/** Batches of Lambda: what Kinesis and SQS hand over, and what they have to hand over again. */
import type { KinesisStreamRecord, SQSRecord } from 'aws-lambda';
import { type BatchPorts, flushBatch } from '../../../lib/runtime/coalescer/batch';
import type { FlushConfig, Outcome } from '../../../lib/runtime/coalescer/flush';
import type { MergedKey } from '../../../lib/runtime/coalescer/merge';
import { keyIn, kinesisBatch, sqsBatch } from '../../../lib/runtime/coalescer/records';

const CONFIG: FlushConfig = {
  keysPerCall: 1,
  workers: 1,
  attempts: 2,
  backoffSeconds: 0.1,
  backoffCapSeconds: 1,
  callSeconds: 1,
  asideAfterSeconds: 600,
};
const NOW = 1_000_000;

const kinesis = (...keys: string[]) =>
  keys.map(
    (partitionKey, index) =>
      ({
        eventID: `shardId-000000000000:${100 + index}`,
        eventSource: 'aws:kinesis',
        kinesis: {
          partitionKey,
          sequenceNumber: String(100 + index),
          approximateArrivalTimestamp: (NOW - 5000 + index) / 1000,
          data: Buffer.from(`value ${index}`).toString('base64'),
        },
      }) as KinesisStreamRecord,
  );
const sqs = (...bodies: string[]) =>
  bodies.map(
    (body, index) =>
      ({ messageId: `m${index}`, body, attributes: { SentTimestamp: String(NOW - index) } }) as SQSRecord,
  );

function world(answer: (call: readonly MergedKey[]) => Outcome) {
  const seen: MergedKey[] = [];
  const aside: string[] = [];
  const counted: Record<string, number> = {};
  const delays: number[] = [];
  const ports: BatchPorts = {
    invalidator: {
      async invalidate(call) {
        seen.push(...call);
        return answer(call);
      },
    },
    wait: async () => {},
    now: () => NOW,
    random: () => 1,
    log: () => {},
    count: (name, value) => {
      counted[name] = (counted[name] ?? 0) + value;
    },
    aside: async (keys) => {
      aside.push(...keys.map(({ key }) => key));
    },
    malformed: async (records) => {
      aside.push(...records.map(({ id }) => id));
    },
    delay: (seconds) => delays.push(seconds),
  };
  return { ports, seen, aside, counted, delays };
}

test('Kinesis: one piece of work a key, with the last value', async () => {
  const { ports, seen, counted, delays } = world(() => ({}));
  const failures = await flushBatch(kinesisBatch(kinesis('a', 'b', 'a', 'a')), NOW + 60_000, CONFIG, ports);
  expect(failures).toEqual({ batchItemFailures: [] });
  expect(seen.map(({ key, value, events }) => [key, value, events])).toEqual([
    ['a', 'value 3', 3],
    ['b', 'value 1', 1],
  ]);
  expect(counted).toEqual({ Events: 4, Keys: 2 });
  expect(delays).toEqual([5]);
});

test('Kinesis: a key that is not taken brings its shard back to its first event, no further', async () => {
  let calls = 0;
  const { ports, aside, counted } = world(([{ key }]) => (key === 'b' && calls++ < 100 ? { busy: ['b'] } : {}));
  let now = NOW;
  const impatient = { ...ports, now: () => (now += 1000) };
  const { batchItemFailures } = await flushBatch(
    kinesisBatch(kinesis('a', 'b', 'a', 'b')),
    NOW + 20_000,
    CONFIG,
    impatient,
  );
  expect(batchItemFailures).toEqual([{ itemIdentifier: '101' }]);
  expect(aside).toEqual([]);
  // Those from the failure on are handed over again, the later event of a as well, and count then.
  expect(counted.Events).toBe(1);
});

test('Kinesis: the service is unavailable, so the whole batch is retried', async () => {
  const { ports, aside } = world(() => {
    throw new Error('down');
  });
  const { batchItemFailures } = await flushBatch(kinesisBatch(kinesis('a', 'b')), NOW + 60_000, CONFIG, ports);
  expect(batchItemFailures).toEqual([{ itemIdentifier: '100' }]);
  expect(aside).toEqual([]);
});

test('Kinesis: a poisonous key is set aside, and its shard goes on', async () => {
  const { ports, aside, counted } = world(([{ key }]) => ({ failed: key === 'b' ? ['b'] : [] }));
  const failures = await flushBatch(kinesisBatch(kinesis('a', 'b')), NOW + 60_000, CONFIG, ports);
  expect([failures.batchItemFailures, aside, counted.SetAside]).toEqual([[], ['b'], 1]);
});

test('setting aside fails: the batch fails, and nothing is forgotten', async () => {
  const { ports } = world(() => ({ refused: ['a'] }));
  const failing = { ...ports, aside: () => Promise.reject(new Error('not set aside')) };
  await expect(flushBatch(kinesisBatch(kinesis('a')), NOW + 60_000, CONFIG, failing)).rejects.toThrow('not set aside');
});

test('a clock that is ahead gives no negative delay', async () => {
  const { ports, delays } = world(() => ({}));
  await flushBatch(kinesisBatch(kinesis('a')), NOW + 60_000, CONFIG, { ...ports, now: () => NOW - 3_600_000 });
  expect(delays).toEqual([0]);
});

test('the name of a batch is that of its records: the same for a retry', () => {
  expect(kinesisBatch(kinesis('a', 'b')).name).toBe('shardId-000000000000 100 101');
  const records = sqs('{"key":"a"}', '{"key":"b"}');
  expect(sqsBatch([...records].reverse(), '/key').name).toBe(sqsBatch(records, '/key').name);
});

test('SQS: only the messages of a key that failed come again; what names no key is set aside', async () => {
  const { ports, aside } = world(() => {
    throw new Error('down');
  });
  const batch = sqsBatch(sqs('{"key":"a"}', 'no json', '{"key":"a"}', '{"key":7}'), '/key');
  const { batchItemFailures } = await flushBatch(batch, NOW + 60_000, CONFIG, ports);
  expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(['m0', 'm2']);
  expect(aside).toEqual(['m1', 'm3']);
});

test('SQS keeps no order: the message that was sent last wins', async () => {
  const { ports, seen } = world(() => ({}));
  // The first of the list was sent last.
  await flushBatch(sqsBatch(sqs('{"key":"a","n":1}', '{"key":"a","n":0}'), '/key'), NOW + 60_000, CONFIG, ports);
  expect(seen).toMatchObject([{ id: 'm0', value: '{"key":"a","n":1}' }]);
});

test.each([
  ['{"key":"a"}', '/key', 'a'],
  ['{"detail":{"path":"/x"}}', '/detail/path', '/x'],
  ['{"a/b":{"m~n":"x"}}', '/a~1b/m~0n', 'x'],
  ['["a","b"]', '/1', 'b'],
  ['{"key":""}', '/key', undefined],
  ['{"other":1}', '/toString', undefined],
  ['null', '/key', undefined],
  ['{', '/key', undefined],
])('in %s %s names %s', (body, pointer, key) => {
  expect(keyIn(body, pointer)).toBe(key);
});

describe('more paths than Amazon CloudFront takes', () => {
  const fallback = { wildcard: '/products/*', aboveKeys: 2 };
  const keys = ['#tag', '/products/1', '/products/2', '/products/3', '/products/2', '/about'];
  const bodies = keys.map((key) => JSON.stringify({ key }));

  test('one wildcard takes their place; what it does not cover stays as it is', async () => {
    const { ports, seen, counted } = world(() => ({}));
    const batch = kinesisBatch(kinesis(...keys));
    expect(await flushBatch(batch, NOW + 60_000, CONFIG, { ...ports, fallback })).toEqual({ batchItemFailures: [] });
    expect(seen.map(({ key, events }) => [key, events]).sort()).toEqual([
      ['#tag', 1],
      ['/about', 1],
      ['/products/*', 4],
    ]);
    expect(counted).toMatchObject({ Events: 6, WildcardFallback: 1 });
  });

  test('as many as are allowed are sent as paths', async () => {
    const { ports, seen, counted } = world(() => ({}));
    const batch = kinesisBatch(kinesis('/products/1', '/products/2', '/products/1', '#a', '#b', '#c'));
    await flushBatch(batch, NOW + 60_000, CONFIG, { ...ports, fallback });
    expect(seen.map(({ key }) => key)).not.toContain('/products/*');
    expect(seen).toHaveLength(5);
    expect(counted).not.toHaveProperty('WildcardFallback');
  });

  /** CloudFront takes no more wildcards until the flush ends; each wait takes a second. */
  const refusing = (): BatchPorts => {
    const { ports } = world((call) => ({ busy: call.map(({ key }) => key).filter((key) => key.endsWith('*')) }));
    let now = NOW;
    return {
      ...ports,
      fallback,
      now: () => now,
      wait: async () => {
        now += 1000;
      },
    };
  };

  test('a wildcard that is not taken: a shard goes back to the first event that it stands for', async () => {
    const batch = kinesisBatch(kinesis(...keys));
    expect(await flushBatch(batch, NOW + 20_000, CONFIG, refusing())).toEqual({
      batchItemFailures: [{ itemIdentifier: '101' }],
    });
  });

  test('a wildcard that is not taken: a queue hands over every message that it stands for, and no other', async () => {
    const batch = sqsBatch(sqs(...bodies), '/key');
    const { batchItemFailures } = await flushBatch(batch, NOW + 20_000, CONFIG, refusing());
    expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(['m1', 'm2', 'm3', 'm4']);
  });
});
