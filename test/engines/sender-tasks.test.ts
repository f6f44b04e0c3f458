/**
 * The handler of Cloud Tasks with its bucket and its records in a real Redis server: two instances, a queue that has saved
 * as many dispatches as Google's texts allow at the worst, and a provider that notes every arrival.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { planTaskRates } from '../../lib/flow/rates/cloud-tasks';
import { bucketSettings } from '../../lib/flow/rates/question';
import { HttpProvider } from '../../lib/runtime/sender/http';
import { RedisBucket, RedisClaims } from '../../lib/runtime/sender/redis';
import { RefusalBrake } from '../../lib/runtime/sender/refusals';
import { taskEndpoint } from '../../lib/runtime/sender-tasks/tasks';
import { playTasks } from '../support/cloud-tasks';
import { CONFIG, mostInWindow } from '../support/mailing';
import { type RedisServer, redisMissing } from './redis';
import { CALL_MILLIS, Sink, sendersOnRedis } from './senders';

const missing = redisMissing();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const LIMIT = 100;
const INSTANCES = 2;
const plan = planTaskRates(
  'Mailing',
  { workload: { campaignMessages: 10_000, callSeconds: CALL_MILLIS / 1000 }, limit: { perSecond: LIMIT } },
  [],
  'redis',
);

suite('the handler of Cloud Tasks on a Redis server', () => {
  let redis: RedisServer;
  sendersOnRedis((server) => {
    redis = server;
  });

  /** One instance of Cloud Run. */
  async function start(queue: string, url: string): Promise<Server> {
    const callSeconds = plan.value('callTimeoutSeconds');
    const requestSeconds = plan.value('requestTimeoutSeconds');
    const header = { header: 'authorization', key: 'k', from: 'shop@example.com' };
    const provider = new RefusalBrake(
      new HttpProvider({ url, ...header, connections: plan.value('inFlight') }, callSeconds),
    );
    await provider.prepare();
    const endpoint = taskEndpoint(
      {
        ...CONFIG,
        requestSeconds,
        claimSeconds: requestSeconds,
        callSeconds,
        parkAtAttempt: plan.value('parkAtAttempt'),
        holdSeconds: plan.value('holdSeconds'),
      },
      {
        claims: new RedisClaims(redis.client, queue, plan.value('recordSeconds')),
        lanes: [
          {
            name: 'first',
            provider,
            bucket: new RedisBucket(redis.client, queue, 'first', bucketSettings(plan, 'first')),
          },
        ],
        async park() {
          throw new Error('none is parked here');
        },
        count: () => {},
        log: (event, detail) => console.warn(event, detail),
        now: Date.now,
        wait: async (millis) => {
          await wait(millis);
        },
        random: Math.random,
      },
    );
    const server = createServer(endpoint).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }

  test('a queue that has saved a whole second of its rate breaks no limit, and each mail is sent once', async () => {
    const sink = new Sink('http');
    const url = await sink.start();
    const servers = await Promise.all(Array.from({ length: INSTANCES }, () => start('tasks', url)));
    const count = 800;
    try {
      const halves = servers.map((server, half) => {
        const names = Array.from({ length: count }, (_, index) => `m${index}`).filter(
          // Every tenth mail has a task at both.
          (_, index) => index % INSTANCES === half || index % 10 === 0,
        );
        const body = (id: string) => JSON.stringify({ id, to: [`${id}@example.com`], subject: 'Hello', text: 'Hi' });
        return playTasks(
          `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
          new Map(names.map((id) => [`${id}-${half}`, body(id)])),
          {
            maxConcurrentDispatches: Math.ceil(plan.value('maxConcurrentDispatches') / INSTANCES),
            perSecond: plan.value('maxDispatchesPerSecond') / INSTANCES,
            saved: LIMIT / INSTANCES,
            deleteAfter: 1000,
            backoffMillis: 200,
          },
        );
      });
      const played = await Promise.all(halves);
      expect(played.flatMap(({ deleted }) => deleted)).toEqual([]);
      expect(new Set(sink.arrivals.map(({ id }) => id)).size).toBe(count);
      expect(sink.arrivals).toHaveLength(count);
      const most = mostInWindow(sink.times, 1000);
      const seconds = (sink.times[count - 1] - sink.times[0]) / 1000;
      console.info(
        `${count} mails in ${seconds.toFixed(2)} s, ${(count / seconds).toFixed(1)}/s; most in a second ${most}`,
      );
      expect(most).toBeLessThanOrEqual(LIMIT);
    } finally {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
      await sink.stop();
    }
  }, 120_000);
});
