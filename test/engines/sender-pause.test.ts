/**
 * Senders that pause by themselves, on a real Redis server: bundled processes that count together, and an SMTP server that
 * refuses a part of the recipients for good.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { planRates } from '../../lib/flow/rates/plan';
import { bucketSettings, pauseSettings } from '../../lib/flow/rates/question';
import { RedisPause } from '../../lib/runtime/sender/pause';
import { type RedisServer, redisMissing } from './redis';
import { isUp, metric, type Senders, sendersOnRedis, until } from './senders';
import { SmtpSink } from './smtp-sink';

const missing = redisMissing();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const PODS = 3;
const plan = planRates('Mailing', {
  workload: { campaignMessages: 10_000, callSeconds: 0.02, undeliverableRatio: 0.01 },
  limit: { perSecond: 200 },
  sender: 'deployment',
});
const pace = bucketSettings(plan, 'first');
const pause = pauseSettings(plan);

/** Takes or refuses mails by their number, at RCPT, and notes which came. */
function sink(refuses: (number: number) => boolean): { server: SmtpSink; calls: number[] } {
  const calls: number[] = [];
  const server = new SmtpSink(
    () => '250 taken',
    (recipient) => {
      const number = Number(/^mail(\d+)$/.exec(recipient)?.[1]);
      calls.push(number);
      return refuses(number) ? '550 no such user' : '250 ok';
    },
  );
  return { server, calls };
}

suite('senders that pause by themselves', () => {
  let redis: RedisServer;
  let senders: Senders;
  sendersOnRedis((server, all) => {
    redis = server;
    senders = all;
  });

  const start = async (queue: string, url: string) => {
    const pods = await Promise.all(
      Array.from({ length: PODS }, () => senders.start(queue, [{ kind: 'smtp', url, pace, pause }])),
    );
    await Promise.all(pods.map(({ port }) => until(() => isUp(port), 60)));
    return pods;
  };
  const reason = (queue: string) => redis.client.hget(`{${queue}:provider}:bucket`, 'paused');

  test('a tenth is refused: all pause at the share of the plan, tell why, and go on when a person says so', async () => {
    let isClean = false;
    const { server, calls } = sink((number) => !isClean && number % 10 === 0);
    const count = 1000;
    try {
      const pods = await start('dirty', await server.start());
      await senders.fill('dirty', count);
      await until(async () => (await reason('dirty')) !== null, 60);
      const [, refused, total] = /^(\d+) of (\d+) calls/.exec((await reason('dirty')) ?? '')!.map(Number);
      // Not before it says something, and as soon as it does: this list is over the ratio from the beginning.
      expect(total).toBe(pause.leastMessages);
      expect(refused / total).toBeGreaterThanOrEqual(pause.ratio);
      await wait(1500);
      const before = calls.length;
      await wait(2000);
      expect(calls.length).toBe(before);
      // What was in flight and waited for its slot when one of them paused, and no more.
      expect(before - total).toBeLessThanOrEqual(PODS * 2 + plan.value('inFlight'));
      const paused = await Promise.all(
        pods.map(async ({ port }) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
      );
      for (const text of paused) expect(text).toContain('sender_paused{provider="provider"} 1');

      isClean = true;
      await redis.client.hdel('{dirty:provider}:bucket', 'paused');
      await until(async () => (await senders.left('dirty')) === 0, 90);
      // What was refused before does not count towards the next pause.
      expect(await reason('dirty')).toBeNull();
      const sent = await Promise.all(pods.map(({ port }) => metric(port, 'sent_total')));
      expect(sent.reduce((sum, one) => sum + one, 0) + (await senders.parked('dirty')).length).toBe(count);
    } finally {
      server.stop();
    }
  }, 240_000);

  test('what the other provider had refused before a pause does not undo a resume', async () => {
    const settings = { ratio: 0.05, leastMessages: 10, windowSeconds: 3600 };
    const [first, other] = ['first', 'other'].map((lane) => new RedisPause(redis.client, 'two', lane, settings));
    for (let call = 1; call < settings.leastMessages; call += 1) await other.record('refused');
    for (let call = 1; call < settings.leastMessages; call += 1) await first.record('sent');
    const reason = await first.record('refused');
    expect(reason).toBe('1 of 10 calls were refused for good');
    await other.pause(reason!);
    expect(await redis.client.hget('{two:other}:bucket', 'paused')).toBe(reason);
    await redis.client.hdel('{two:other}:bucket', 'paused');
    expect(await other.record('sent')).toBeUndefined();
  });

  test('what is older than the window does not count, and nothing is kept for longer', async () => {
    const pauses = new RedisPause(redis.client, 'short', 'one', { ratio: 0.5, leastMessages: 3, windowSeconds: 12 });
    const now = Math.floor(Number((await redis.client.time())[0]));
    await redis.client.hset('{short:one}:calls', `${now - 13} refused`, 2, `${now - 5} refused`, 1);
    expect(await pauses.record('refused')).toBeUndefined();
    expect(await redis.client.ttl('{short:one}:calls')).toBeLessThanOrEqual(13);
    expect(await pauses.record('refused')).toBe('3 of 3 calls were refused for good');
    expect(await redis.client.exists('{short:one}:calls')).toBe(0);
  });

  test('a list as planned, of which some are refused, is sent to its end', async () => {
    const { server, calls } = sink((number) => number % 50 === 0);
    try {
      await start('clean', await server.start());
      await senders.fill('clean', 600);
      await until(async () => (await senders.left('clean')) === 0, 120);
      expect(new Set(calls).size).toBe(600);
      expect(await reason('clean')).toBeNull();
      expect(await senders.parked('clean')).toHaveLength(12);
    } finally {
      server.stop();
    }
  }, 240_000);
});
