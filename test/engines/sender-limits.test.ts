/**
 * Case 7 on a real Redis server, at the ends of its range: one mail in five seconds and ten thousand a second, a day that is
 * full, a second provider, a process that stands still.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { planRates } from '../../lib/flow/rates/plan';
import { bucketSettings, ratesQuestion } from '../../lib/flow/rates/question';
import type { BucketSettings } from '../../lib/flow/rates/run-time';
import { RedisBucket } from '../../lib/runtime/sender/redis';
import { mostInWindow } from '../support/mailing';
import { atMost, EXACT, prove } from '../support/proof';
import { type RedisServer, redisMissing } from './redis';
import { CALL_MILLIS, isUp, metric, type Senders, Sink, sendersOnRedis, until } from './senders';

const missing = redisMissing();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const CLAIM = { case: 7, construct: 'sender-container', engine: 'Redis' };
const DAY_SECONDS = 86_400;

/** The bucket of a limit, as the plan of a Deployment has it. */
function paceFor(perSecond: number, more: { windowSeconds?: number; perDay?: number } = {}): BucketSettings {
  const workload = { campaignMessages: 1000, callSeconds: CALL_MILLIS / 1000 };
  const question = ratesQuestion({ workload, limit: { perSecond, ...more } }, 'deployment');
  return bucketSettings(planRates('Mailing', question), 'first');
}

suite('the range of a limit, on a Redis server', () => {
  let redis: RedisServer;
  let senders: Senders;

  sendersOnRedis((server, all) => {
    redis = server;
    senders = all;
  });

  test('0.2 a second: two processes, in no five seconds more than one mail, and none is late for its slot', async () => {
    const sink = new Sink('http');
    const url = await sink.start();
    const count = 6;
    try {
      const lane = { kind: sink.kind, url, pace: paceFor(0.2) };
      const all = await Promise.all(
        [1, 2].map(() => senders.start('slow', [lane], { IN_FLIGHT: '1', HIDE_SECONDS: '36', STALLED_SECONDS: '120' })),
      );
      await Promise.all(all.map(({ port }) => until(() => isUp(port), 60)));
      await senders.fill('slow', count);
      await until(async () => (await senders.left('slow')) === 0, 60);
    } finally {
      await sink.stop();
    }
    const { times } = sink;
    prove(
      {
        ...CLAIM,
        metric: 'mails in any five seconds at most, at a limit of 0.2 a second',
        unit: 'mails',
        predicted: 1,
        measured: mostInWindow(times, 5000),
        tolerance: EXACT,
        how: 'Two bundled senders on one bucket in a real Redis server, six mails to a provider that notes every arrival.',
        scaledBy: 'six mails: a limit holds in its window.',
      },
      {
        ...CLAIM,
        metric: 'mails a second, at a limit of 0.2',
        unit: 'mails/s',
        predicted: paceFor(0.2).messagesPerSecond,
        measured: ((count - 1) * 1000) / (times[count - 1] - times[0]),
        tolerance: { least: 0.95, most: 1.01 },
        how: 'Two bundled senders on one bucket in a real Redis server, six mails to a provider that notes every arrival.',
        scaledBy: 'six mails: a limit holds in its window.',
      },
    );
    expect(sink.arrivals).toHaveLength(count);
  }, 120_000);

  test('10,000 a second: 24 callers take slots in portions, none of them twice, 95 % of the limit and never more', async () => {
    const limit = 10_000;
    const pace = paceFor(limit);
    const portion = 100;
    const seconds = 5;
    const clock = () => performance.timeOrigin + performance.now();
    const left: number[] = [];
    let discarded = 0;
    const end = clock() + seconds * 1000;
    await Promise.all(
      Array.from({ length: 24 }, async () => {
        const bucket = new RedisBucket(redis.client, 'fast', 'provider', pace, clock);
        while (clock() < end) {
          const reservation = await bucket.reserve(portion, clock() + 10_000);
          if ('closed' in reservation) throw new Error(reservation.closed);
          for (const { at, until: last } of reservation.slots) {
            // As a sender does: it waits for its slot, and what is late is discarded.
            while (clock() < at) await wait(Math.max(0, at - clock()));
            const now = clock();
            if (now <= last) left.push(now);
            else discarded += 1;
          }
        }
      }),
    );
    left.sort((a, b) => a - b);
    const perSecond = ((left.length - 1) * 1000) / (left[left.length - 1] - left[0]);
    console.info(`${limit} a second: ${perSecond.toFixed(0)} on average, ${discarded} discarded`);
    prove(
      {
        ...CLAIM,
        metric: `slots used in any second at most, at a limit of ${limit.toLocaleString('en')}`,
        unit: 'slots',
        predicted: limit,
        measured: mostInWindow(left, 1000),
        tolerance: atMost(0.9),
        how: `24 callers of the bucket in a real Redis server, portions of ${portion} slots; a slot counts when its caller woke up in time for it. No mail was sent: two cores cannot send so many.`,
        scaledBy: `${seconds} s: a limit holds in a second.`,
      },
      {
        ...CLAIM,
        metric: `slots used a second, at a limit of ${limit.toLocaleString('en')}`,
        unit: 'slots/s',
        predicted: pace.messagesPerSecond,
        measured: perSecond,
        tolerance: { least: 0.95, most: 1.01 },
        how: `24 callers of the bucket in a real Redis server, portions of ${portion} slots; a slot counts when its caller woke up in time for it. No mail was sent: two cores cannot send so many.`,
        scaledBy: `${seconds} s: a limit holds in a second.`,
      },
    );
  }, 60_000);

  test('a day that is full: no slot until a quarter of an hour of the day before is forgotten, on each of several days', async () => {
    const perDay = 1000;
    const bucket = new RedisBucket(redis.client, 'daily', 'provider', paceFor(100, { perDay }));
    const reserve = (count: number) => bucket.reserve(count, Date.now() + 120_000);
    const key = '{daily:provider}:day';
    /** As if everything had happened so many quarters earlier. */
    const age = async (quarters: number) => {
      const counts = await redis.client.hgetall(key);
      await redis.client.del(key);
      for (const [at, messages] of Object.entries(counts)) {
        await redis.client.hset(key, String(Number(at) - quarters), messages);
      }
    };
    let sent = 0;
    for (let day = 1; day <= 3; day += 1) {
      // A portion that does not fit is refused whole, and a smaller one fits.
      for (let taken = 0; taken < perDay; taken += 100) expect(await reserve(100)).toHaveProperty('slots');
      sent += perDay;
      const full = await reserve(1);
      expect(full).toMatchObject({ closed: 'day' });
      const { retryMillis } = full as { retryMillis: number };
      expect(retryMillis / 1000).toBeGreaterThan(DAY_SECONDS);
      expect(retryMillis / 1000).toBeLessThanOrEqual(DAY_SECONDS + 900);
      // A day and a quarter later there is room; one quarter earlier there is not.
      await age(96);
      expect(await reserve(1)).toMatchObject({ closed: 'day' });
      await age(1);
    }
    expect(sent).toBe(3 * perDay);
    expect(await reserve(1)).toHaveProperty('slots');
    // What is older than a day is forgotten, so the counts stay few.
    expect(Object.keys(await redis.client.hgetall(key))).toHaveLength(1);
  });

  test('a second provider takes over while the first says that it takes nothing, and no mail is sent by both', async () => {
    const first = new Sink('http', { status: 429, headers: { 'retry-after': '3600' } });
    const second = new Sink('smtp');
    const lanes = [
      { kind: first.kind, url: await first.start(), pace: paceFor(100) },
      { kind: second.kind, url: await second.start(), pace: paceFor(50) },
    ];
    const count = 300;
    try {
      const all = await Promise.all([1, 2, 3, 4].map(() => senders.start('standby', lanes)));
      await Promise.all(all.map(({ port }) => until(() => isUp(port), 60)));
      await senders.fill('standby', count);
      await until(async () => (await senders.left('standby')) === 0, 90);
      expect(await metric(all[0].port, 'away_seconds')).toBeGreaterThan(3000);
    } finally {
      await first.stop();
      await second.stop();
    }
    const ids = second.arrivals.map(({ id }) => id);
    // Those in flight found out; nobody asked it again.
    expect(first.arrivals.length).toBeLessThanOrEqual(4 * 2);
    prove({
      ...CLAIM,
      metric: 'mails that arrive once by the second provider, which takes over',
      unit: 'mails',
      predicted: count,
      measured: new Set(ids).size,
      tolerance: EXACT,
      how: 'Four bundled senders on two buckets in a real Redis server; the first provider, by HTTP, answers 429 with Retry-After of an hour, the second, by SMTP, takes 50 a second.',
      scaledBy: 'hundreds of mails for half a million.',
    });
    expect(ids).toHaveLength(count);
    expect(mostInWindow(second.times, 1000)).toBeLessThanOrEqual(50);
  }, 180_000);

  test('a process that stands still for half a second discards its slots: no window above the limit, every mail once', async () => {
    const sink = new Sink('http');
    const url = await sink.start();
    const count = 600;
    let missed = 0;
    try {
      const lane = { kind: sink.kind, url, pace: paceFor(100) };
      // Many in flight: when it stands still, each of them has a slot.
      const all = await Promise.all([1, 2, 3].map(() => senders.start('stopped', [lane], { IN_FLIGHT: '8' })));
      await Promise.all(all.map(({ port }) => until(() => isUp(port), 60)));
      await senders.fill('stopped', count);
      for (let times = 0; times < 4; times += 1) {
        const enough = (times + 1) * 100;
        await until(async () => sink.arrivals.length > enough, 60);
        all[0].child.kill('SIGSTOP');
        await wait(500);
        all[0].child.kill('SIGCONT');
      }
      await until(async () => (await senders.left('stopped')) === 0, 90);
      missed = await metric(all[0].port, 'slots_missed_total');
    } finally {
      await sink.stop();
    }
    expect(missed).toBeGreaterThan(0);
    const ids = sink.arrivals.map(({ id }) => id);
    prove({
      ...CLAIM,
      metric: 'mails in any second at most, with a process that stands still for half a second four times',
      unit: 'mails',
      predicted: 100,
      measured: mostInWindow(sink.times, 1000),
      tolerance: atMost(0.9),
      how: 'Three bundled senders on one bucket in a real Redis server, one of them stopped (SIGSTOP) and continued while it has slots.',
      scaledBy: 'hundreds of mails for half a million: a limit holds in a second.',
    });
    expect([ids.length, new Set(ids).size]).toEqual([count, count]);
  }, 180_000);
});
