/** What a merger says of its stream on a real Redis: events that were dropped before they were read, and keys that were set aside. */
import { Redis } from 'ioredis';
import { GROUP } from '../../lib/flow/merging/run-time';
import { metricsText, Readings } from '../../lib/runtime/coalescer-container/readings';
import { RedisStream } from '../../lib/runtime/coalescer-container/stream';
import { type RedisServer, redisMissing, startRedis } from './redis';

const missing = redisMissing();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`skipped: ${missing}`);

suite('a stream that drops events', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  }, 60_000);
  afterAll(async () => {
    await redis.stop();
  });

  const dropped = async (name: string) => {
    const text = await metricsText(new Readings(name), redis.client);
    return Number(/^coalescer_dropped_events\{[^}]*\} (\S+)/m.exec(text)?.[1]);
  };
  const add = (name: string, count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, index) => redis.client.xadd(name, 'MAXLEN', 20, '*', 'key', `k${index}`)),
    );

  test('before any reader read them, while it was down, and none that it settled', async () => {
    const stream = new RedisStream(redis.client as unknown as Redis, 'full:0', GROUP, 'full:0');
    await stream.prepare();
    await add('full:0', 10);
    const read = await stream.next(100, 1);
    await stream.settle(
      read.map(({ id }) => id),
      [{ key: 'k1', id: read[1].id, events: 1, first: 1, since: 0 }],
      [],
      [],
    );
    expect(await dropped('full:0')).toBe(0);
    // No reader is there: 30 come, 20 stay.
    await add('full:0', 30);
    expect(await dropped('full:0')).toBe(10);
    // A new one finds its group, and what is left.
    const again = new RedisStream(redis.client as unknown as Redis, 'full:0', GROUP, 'full:0');
    await again.prepare();
    const rest = await again.next(100, 1);
    expect(rest).toHaveLength(20);
    // Of those that it holds, five are dropped as well; they are acknowledged, and lost.
    await redis.client.xtrim('full:0', 'MAXLEN', 15);
    const held = await again.pending(100);
    const lost = held.filter(({ fields }) => fields === null).map(({ id }) => id);
    const kept = held.filter(({ fields }) => fields !== null).map(({ id }) => id);
    expect([lost.length, kept.length]).toEqual([5, 15]);
    await again.settle(kept, [], [], lost);
    expect(await dropped('full:0')).toBe(15);
    expect(await metricsText(new Readings('full:0'), redis.client)).toMatch(/^coalescer_aside_length\{[^}]*\} 1$/m);
  });

  test('a server that lost its memory begins again', async () => {
    const stream = new RedisStream(redis.client as unknown as Redis, 'lost:0', GROUP, 'lost:0');
    await add('lost:0', 25);
    await stream.prepare();
    expect(await dropped('lost:0')).toBe(0);
    await redis.client.del('lost:0');
    await stream.prepare();
    await add('lost:0', 21);
    expect(await dropped('lost:0')).toBe(1);
  });
});
