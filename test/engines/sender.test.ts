/**
 * Case 7 on a real Redis server: the bundled senders, each in a process of its own, against providers that count what
 * arrives to the millisecond.
 */
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { planRates } from '../../lib/flow/rates/plan';
import { mostInWindow, PACE } from '../support/mailing';
import { atMost, EXACT, prove } from '../support/proof';
import { type RedisServer, redisMissing } from './redis';
import { CALL_MILLIS, isUp, metric, type Senders, Sink, sendersOnRedis, until } from './senders';
import { SmtpSink } from './smtp-sink';

const missing = redisMissing();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const SENDERS = 24;
const LIMIT = 100;
const plan = planRates('Mailing', {
  workload: { campaignMessages: 10_000, callSeconds: CALL_MILLIS / 1000 },
  limit: { perSecond: LIMIT },
  sender: 'deployment',
});
const pace = { ...PACE, messagesPerSecond: plan.value('messagesPerSecond'), slotSeconds: plan.value('slotSeconds') };
const CLAIM = {
  case: 7,
  construct: 'sender-container',
  engine: 'Redis',
  how: `The bundled senders, ${SENDERS} processes on one bucket in a real Redis server, calls of ${CALL_MILLIS} ms to a provider that notes every arrival to the millisecond.`,
  scaledBy: 'thousands of mails for half a million: a limit holds in a second.',
};

suite('senders on a Redis server', () => {
  let redis: RedisServer;
  let senders: Senders;

  sendersOnRedis((server, all) => {
    redis = server;
    senders = all;
  });

  const startSender = (queue: string, kind: 'smtp' | 'http', url: string) =>
    senders.start(queue, [{ kind, url, pace }]);

  test.each(['http', 'smtp'] as const)(
    `${SENDERS} processes, by %s: in no window of a second more than ${LIMIT}, and at least 95 % of it; every mail once`,
    async (kind) => {
      const sink = new Sink(kind);
      const url = await sink.start();
      const queue = `window-${kind}`;
      const count = 3000;
      const how = `${CLAIM.how} By ${kind.toUpperCase()}.`;
      let missed = 0;
      try {
        const all = await Promise.all(Array.from({ length: SENDERS }, () => startSender(queue, kind, url)));
        // All of them are there before the first mail is.
        await Promise.all(all.map(({ port }) => until(() => isUp(port), 60)));
        await senders.fill(queue, count);
        await until(async () => (await senders.left(queue)) === 0, 120);
        const counts = await Promise.all(all.map(({ port }) => metric(port, 'slots_missed_total')));
        missed = counts.reduce((sum, one) => sum + one, 0);
      } finally {
        await sink.stop();
      }
      const times = sink.times;
      // While mails wait: the last ones may have been hidden for a second.
      const [from, to] = [100, count - 200];
      const perSecond = ((to - from) * 1000) / (times[to] - times[from]);
      const most = mostInWindow(times, 1000);
      console.info(
        `${SENDERS} processes, ${kind}: at most ${most} in a second, ${perSecond.toFixed(1)} a second on average, ${missed} of ${count + missed} slots missed`,
      );
      expect(sink.arrivals).toHaveLength(count);
      prove(
        {
          ...CLAIM,
          how,
          metric: `mails in any second at most, at a limit of ${LIMIT}, by ${kind.toUpperCase()}`,
          unit: 'mails',
          predicted: LIMIT,
          measured: most,
          tolerance: atMost(0.9),
        },
        {
          ...CLAIM,
          how,
          metric: `mails a second, by ${kind.toUpperCase()}`,
          unit: 'mails/s',
          predicted: plan.value('messagesPerSecond'),
          measured: perSecond,
          // A slot that a busy machine makes a process miss is lost.
          tolerance: { least: 0.95, most: 1.01 },
        },
        {
          ...CLAIM,
          how,
          metric: `mails that arrive once, by ${kind.toUpperCase()}`,
          unit: 'mails',
          predicted: count,
          measured: new Set(sink.arrivals.map(({ id }) => id)).size,
          tolerance: EXACT,
        },
      );
      // A process that the machine keeps waiting for longer than a slot is valid loses it, and nothing else.
      expect(perSecond * (1 + missed / count)).toBeGreaterThanOrEqual(0.95 * LIMIT);
    },
    240_000,
  );

  test('three of eight processes are killed while they send: every mail is sent once or parked, none twice', async () => {
    const sink = new Sink('http');
    const url = await sink.start();
    const count = 600;
    try {
      const all = await Promise.all(Array.from({ length: 8 }, () => startSender('killed', 'http', url)));
      await senders.fill('killed', count);
      await until(async () => sink.arrivals.length > 150, 60);
      for (const { child } of all.slice(0, 3)) child.kill('SIGKILL');
      await until(async () => (await senders.left('killed')) === 0, 120);
    } finally {
      await sink.stop();
    }
    const ids = sink.arrivals.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const aside = await senders.parked('killed');
    expect(aside.length).toBeGreaterThan(0);
    expect(aside.every(({ attributes }) => /^perhaps sent/.test(attributes['backpressure-reason']))).toBe(true);
    const known = new Set([...ids, ...aside.map(({ body }) => JSON.parse(body).id)]);
    prove({
      ...CLAIM,
      metric: 'mails sent once or parked, with three of eight processes killed',
      unit: 'mails',
      predicted: count,
      measured: known.size,
      tolerance: EXACT,
    });
    expect(
      mostInWindow(
        sink.arrivals.map(({ at }) => at),
        1000,
      ),
    ).toBeLessThanOrEqual(LIMIT);
  }, 240_000);

  test('a provider by SMTP: what it refuses for its rate comes again, what nobody heard of is parked', async () => {
    const sink = new SmtpSink((recipient, times) => {
      if (recipient === 'mail3') return undefined;
      if (recipient === 'mail5') return '550 no such user';
      return times === 1 && /[02468]$/.test(recipient) ? '451 slow down' : '250 taken';
    });
    const url = await sink.start();
    try {
      const { child, port } = await startSender('smtp', 'smtp', url);
      await senders.fill('smtp', 20);
      await until(async () => (await senders.left('smtp')) === 0, 90);
      expect(await metric(port, 'throttled_total')).toBe(10);
      expect(await metric(port, 'sent_total')).toBe(18);
      expect(await metric(port, 'parked_total')).toBe(2);
      expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
      // Told to stop, it ends by itself once nothing is in flight.
      child.kill('SIGTERM');
      const [status] = await once(child, 'close');
      expect(status).toBe(0);
    } finally {
      await sink.stop();
    }
    expect(sink.taken).toHaveLength(19);
    expect(new Set(sink.taken).size).toBe(19);
    const reasons = (await senders.parked('smtp')).map(({ attributes }) => attributes['backpressure-reason']).sort();
    expect(reasons).toEqual([expect.stringMatching(/^perhaps sent/), expect.stringMatching(/^refused: .*550/)]);
  }, 120_000);

  test('a pause stops all of them at their next slot, and a bucket that Redis lost starts anew', async () => {
    const sink = new Sink('http');
    const url = await sink.start();
    try {
      await Promise.all([1, 2, 3].map(() => startSender('paused', 'http', url)));
      await senders.fill('paused', 300);
      await until(async () => sink.arrivals.length > 20, 60);
      await redis.client.hset('{paused:provider}:bucket', 'paused', '1');
      await wait(500);
      const before = sink.arrivals.length;
      await wait(1500);
      expect(sink.arrivals.length).toBe(before);
      await redis.client.del('{paused:provider}:bucket');
      await until(async () => (await senders.left('paused')) === 0, 60);
    } finally {
      await sink.stop();
    }
    expect(new Set(sink.arrivals.map(({ id }) => id)).size).toBe(300);
    expect(sink.arrivals).toHaveLength(300);
  }, 120_000);
});
