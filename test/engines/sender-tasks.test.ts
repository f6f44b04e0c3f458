/**
 * The handler of Cloud Tasks with its bucket and its records in a real Redis server: processes of the bundle, and two
 * instances in this one; a queue that has saved
 * as many dispatches as Google's texts allow at the worst, and a provider that notes every arrival.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { planTaskRates } from '../../lib/flow/rates/cloud-tasks';
import { bucketSettings } from '../../lib/flow/rates/question';
import { handlerVariables } from '../../lib/gcp/rates/sender-handler';
import { HttpProvider } from '../../lib/runtime/sender/http';
import { RedisBucket, RedisClaims } from '../../lib/runtime/sender/redis';
import { RefusalBrake } from '../../lib/runtime/sender/refusals';
import { taskEndpoint } from '../../lib/runtime/sender-tasks/tasks';
import { READY_PATH } from '../../lib/runtime/webhook-receiver/contract';
import { playTasks } from '../support/cloud-tasks';
import { CONFIG, mostInWindow } from '../support/mailing';
import { atMost, EXACT, prove } from '../support/proof';
import { type RedisServer, redisMissing } from './redis';
import { CALL_MILLIS, mail, type Senders, Sink, sendersOnRedis, until } from './senders';

const missing = redisMissing();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const LIMIT = 100;
const INSTANCES = 2;
/** As many processes as test/engines/sender.test.ts has containers. */
const PROCESSES = 24;
const WORKLOAD = { campaignMessages: 10_000, callSeconds: CALL_MILLIS / 1000 };
const plan = planTaskRates('Mailing', { workload: WORKLOAD, limit: { perSecond: LIMIT } }, [], 'redis');

/** Whether a handler answers. */
function isReady(address: string): Promise<boolean> {
  return fetch(`${address}${READY_PATH.slice(1)}`).then(
    ({ ok }) => ok,
    () => false,
  );
}

suite('the handler of Cloud Tasks on a Redis server', () => {
  let redis: RedisServer;
  let senders: Senders;
  sendersOnRedis((server, all) => {
    redis = server;
    senders = all;
  });

  test(`${PROCESSES} processes: in no window of a second more than ${LIMIT}, and at least 95 % of it; every mail once`, async () => {
    const sink = new Sink('http');
    const url = await sink.start();
    const count = 3000;
    const counts = new Map<string, number>();
    try {
      const handler = {
        from: 'shop@example.com',
        redis: { host: '127.0.0.1', tls: false },
        http: { url, keySecret: 'none' },
        network: { network: 'none', subnetwork: 'none' },
      };
      const variables = {
        ...handlerVariables('many', handler, WORKLOAD, plan),
        CALL_TIMEOUT_SECONDS: String(plan.value('callTimeoutSeconds')),
        PROVIDER_KEY: 'secret',
      };
      const all = await Promise.all(
        Array.from({ length: PROCESSES }, () => senders.startHandler(variables as Record<string, string>, counts)),
      );
      const addresses = all.map(({ port }) => `http://127.0.0.1:${port}/`);
      await Promise.all(addresses.map((address) => until(() => isReady(address), 60)));
      const tasks = new Map(Array.from({ length: count }, (_, at) => [`t${at}`, mail(`mail${at}`)]));
      const { deleted } = await playTasks(addresses, tasks, {
        maxConcurrentDispatches: plan.value('maxConcurrentDispatches'),
        perSecond: plan.value('maxDispatchesPerSecond'),
        saved: LIMIT,
        deleteAfter: 1000,
        backoffMillis: 1000 * plan.value('minBackoffSeconds'),
      });
      expect(deleted).toEqual([]);
    } finally {
      await sink.stop();
    }
    const { times } = sink;
    // While mails wait: the last ones may have been dispatched again.
    const [from, to] = [100, count - 200];
    const perSecond = ((to - from) * 1000) / (times[to] - times[from]);
    const most = mostInWindow(times, 1000);
    const missed = counts.get('SlotsMissed') ?? 0;
    console.info(
      `${PROCESSES} processes: at most ${most} in a second, ${perSecond.toFixed(1)} a second on average, ${missed} of ${count + missed} slots missed`,
    );
    const claim = {
      case: 7,
      construct: 'sender-tasks',
      engine: 'Redis, played Cloud Tasks',
      how: `The bundled handler of Cloud Tasks, ${PROCESSES} processes on one bucket in a real Redis server; a queue that is played by its documented limits, and has saved a second of its rate; calls of ${CALL_MILLIS} ms to a provider that notes every arrival to the millisecond.`,
      scaledBy: 'thousands of mails for half a million: a limit holds in a second.',
    };
    expect(sink.arrivals).toHaveLength(count);
    prove(
      {
        ...claim,
        metric: `mails in any second at most, at a limit of ${LIMIT}, from tasks`,
        unit: 'mails',
        predicted: LIMIT,
        measured: most,
        tolerance: atMost(0.9),
      },
      {
        ...claim,
        metric: 'mails a second, from tasks',
        unit: 'mails/s',
        predicted: plan.value('messagesPerSecond'),
        measured: perSecond,
        // A slot that a busy machine makes a process miss is lost.
        tolerance: { least: 0.95, most: 1.01 },
      },
      {
        ...claim,
        metric: 'mails that arrive once, from tasks',
        unit: 'mails',
        predicted: count,
        measured: new Set(sink.arrivals.map(({ id }) => id)).size,
        tolerance: EXACT,
      },
    );
    // A process that the machine keeps waiting for longer than a slot is valid loses it, and nothing else.
    expect(perSecond * (1 + missed / count)).toBeGreaterThanOrEqual(0.95 * LIMIT);
  }, 240_000);

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
