/** The scripts of a sender's bucket and records, on a real Redis server. */
import { RedisBucket, RedisClaims } from '../../lib/runtime/sender/redis';
import { PACE } from '../support/mailing';
import { type RedisServer, redisMissing, startRedis } from './redis';

const missing = redisMissing();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`skipped: ${missing}`);

suite('a Redis server', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  }, 60_000);
  afterAll(() => redis.stop());

  const slots = async (bucket: RedisBucket, count: number, latest = Date.now() + 60_000) => {
    const reservation = await bucket.reserve(count, latest);
    return 'slots' in reservation ? reservation.slots.length : reservation.closed;
  };

  test('a sender gets the slots that begin in its time; none is taken that it cannot use', async () => {
    const slow = { ...PACE, messagesPerSecond: 1 };
    const bucket = new RedisBucket(redis.client, 'little', 'p', slow);
    expect(await slots(bucket, 23, Date.now() + 4500)).toBe(5);
    const next = await redis.client.hget('{little:p}:bucket', 'next');
    expect(await slots(bucket, 23, Date.now() + 1000)).toBe('busy');
    expect(await redis.client.hget('{little:p}:bucket', 'next')).toBe(next);
    const near = new RedisBucket(redis.client, 'little', 'p', { ...slow, horizonSeconds: 2 });
    expect(await slots(near, 1)).toBe('busy');
  });

  test('a day gives what it has room for, and a provider that is away uses up none of it', async () => {
    const bucket = new RedisBucket(redis.client, 'day', 'p', { ...PACE, messagesPerDay: 30 });
    const counted = async () =>
      Object.values(await redis.client.hgetall('{day:p}:day')).reduce((sum, one) => sum + Number(one), 0);
    await bucket.away(1_000_000);
    expect([await slots(bucket, 23), await counted()]).toEqual(['away', 0]);
    await redis.client.hdel('{day:p}:bucket', 'away');
    expect([await slots(bucket, 23), await slots(bucket, 23), await slots(bucket, 23)]).toEqual([23, 7, 'day']);
    expect(await counted()).toBe(30);
  });

  test('a claim that is sent twice finds itself; another one does not, and gives up nothing', async () => {
    const claims = new RedisClaims(redis.client, 'claims', 3600);
    expect(await claims.claim('a', 1, 'mine')).toEqual({ state: 'mine' });
    expect(await claims.claim('a', 1, 'mine')).toEqual({ state: 'mine' });
    const { since } = await sending(claims, 'a', Date.now());
    await claims.release('a', 'other');
    expect(await claims.takeOver('a', since - 1, 3, 'other')).toBe(false);
    expect(await claims.takeOver('a', since, 3, 'other')).toBe(true);
    expect(await claims.takeOver('a', since, 3, 'other')).toBe(true);
    await claims.release('a', 'other');
    expect(await claims.claim('a', 4, 'third')).toEqual({ state: 'mine' });
  });

  test('how old a claim is does not depend on the clocks of senders, which may be minutes off', async () => {
    const claims = new RedisClaims(redis.client, 'clocks', 3600);
    for (const [id, ahead] of [
      ['slow', -60_000],
      ['fast', 60_000],
    ] as const) {
      expect(await claims.claim(id, Date.now() + ahead, 'mine')).toEqual({ state: 'mine' });
      const { since, ageMillis } = await sending(claims, id, Date.now() - ahead);
      expect(Math.abs(ageMillis)).toBeLessThan(10_000);
      expect(await claims.takeOver(id, since, Date.now() + ahead, 'next')).toBe(true);
      expect(Math.abs((await sending(claims, id, Date.now() - ahead)).ageMillis)).toBeLessThan(10_000);
    }
  });

  /** The claim of another sender. */
  async function sending(claims: RedisClaims, id: string, now: number) {
    const claim = await claims.claim(id, now, 'other');
    if (claim.state !== 'sending') throw new Error(`the claim is ${claim.state}`);
    return claim;
  }
});
