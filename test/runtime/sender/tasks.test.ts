/** The handler on Cloud Run: a server that plays Cloud Tasks calls it, and a provider by HTTP counts what arrives. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { HttpProvider } from '../../../lib/runtime/sender/http';
import { parkedCopy } from '../../../lib/runtime/sender/parking';
import type { Claim, Claims, Ports } from '../../../lib/runtime/sender/ports';
import { RefusalBrake } from '../../../lib/runtime/sender/refusals';
import type { Bucket, Reservation } from '../../../lib/runtime/sender/slots';
import { type TaskConfig, taskEndpoint } from '../../../lib/runtime/sender-tasks/tasks';
import { type Dispatch, playTasks, type TaskPlay } from '../../support/cloud-tasks';
import { CONFIG } from '../../support/mailing';

const TASKS: TaskConfig = { ...CONFIG, requestSeconds: 10, parkAtAttempt: 4, holdSeconds: 0, claimSeconds: 10 };
const PLAY: TaskPlay = { maxConcurrentDispatches: 8, deleteAfter: 8 };

/** Records of mails in memory, as a store keeps them. */
class MemoryClaims implements Claims {
  public readonly records = new Map<string, { state: Claim['state']; since: number; token: string }>();

  public async claim(id: string, now: number, token: string): Promise<Claim> {
    const known = this.records.get(id);
    if (known === undefined || known.token === token) {
      this.records.set(id, { state: 'sending', since: now, token });
      return { state: 'mine' };
    }
    const { state, since } = known;
    return state === 'sending' ? { state, since, ageMillis: now - since } : { state: state as 'sent' };
  }
  public async takeOver(): Promise<boolean> {
    return false;
  }
  public async release(id: string, token: string): Promise<void> {
    if (this.records.get(id)?.token === token) this.records.delete(id);
  }
  public async sent(id: string): Promise<void> {
    this.records.set(id, { state: 'sent', since: 0, token: '' });
  }
  public async parked(id: string): Promise<void> {
    this.records.set(id, { state: 'parked', since: 0, token: '' });
  }
}

/** A bucket that is open unless a test says otherwise. */
class OpenBucket implements Bucket {
  public closed?: Reservation;
  public throttles = 0;

  public async reserve(count: number): Promise<Reservation> {
    const at = Date.now();
    return this.closed ?? { slots: Array.from({ length: count }, () => ({ at, until: at + 5000 })) };
  }
  public async throttled(): Promise<void> {
    this.throttles += 1;
  }
  public async away(millis: number): Promise<void> {
    this.closed = { closed: 'away', retryMillis: millis };
  }
}

interface World {
  readonly url: string;
  readonly claims: MemoryClaims;
  readonly bucket: OpenBucket;
  readonly arrived: string[];
  readonly parked: { readonly body: string; readonly attributes: Record<string, string> }[];
  readonly log: string[];
  /** What the provider answers to the mail of that id, by how often it has come. */
  answer: (id: string, times: number) => number;
  /** Whether the topic takes nothing. */
  topicIsDown: boolean;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function listen(server: Server): Promise<string> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function start(config: Partial<TaskConfig> = {}): Promise<World> {
  const times = new Map<string, number>();
  const world = {
    claims: new MemoryClaims(),
    bucket: new OpenBucket(),
    arrived: [] as string[],
    parked: [] as World['parked'][number][],
    log: [] as string[],
    answer: () => 200,
    topicIsDown: false,
  };
  const provider = createServer((request, response) => {
    request.resume();
    if (request.method === 'HEAD') return void response.end();
    const id = String(request.headers['idempotency-key']);
    times.set(id, (times.get(id) ?? 0) + 1);
    const status = (world.answer as World['answer'])(id, times.get(id)!);
    if (status === 200) world.arrived.push(id);
    // Longer than the second delivery of a task takes to come.
    setTimeout(() => response.writeHead(status).end('{"id":"x"}'), 20);
  });
  const url = await listen(provider);
  const ports: Ports = {
    claims: world.claims,
    lanes: [
      {
        name: 'first',
        bucket: world.bucket,
        provider: new RefusalBrake(
          new HttpProvider({ url, header: 'authorization', key: 'k', from: 'shop@example.com', connections: 1 }, 5),
        ),
      },
    ],
    async park(message, reason) {
      if (world.topicIsDown) throw new Error('no topic');
      world.parked.push(parkedCopy(message, reason));
    },
    count: () => {},
    log: (event, detail) => world.log.push(JSON.stringify({ event, ...detail })),
    now: Date.now,
    wait: async (millis) => {
      await wait(millis);
    },
    random: () => 0.5,
  };
  return Object.assign(world, { url: await listen(createServer(taskEndpoint({ ...TASKS, ...config }, ports))) });
}

const mails = (...ids: string[]) =>
  new Map(
    ids.map((id) => [
      `task-${id}`,
      JSON.stringify({ id, to: [`${id}@example.com`], subject: 'Hello', text: 'Dear customer' }),
    ]),
  );
const statuses = (dispatches: readonly Dispatch[], task: string) =>
  dispatches.filter((one) => one.task === `task-${task}`).map(({ status }) => status);
const ids = Array.from({ length: 30 }, (_, index) => `m${index}`);

test('every mail once, though each has two tasks, some of which are delivered again', async () => {
  const world = await start();
  const twice = new Map([
    ...mails(...ids),
    ...[...mails(...ids)].map(([name, body]) => [`${name}-again`, body] as const),
  ]);
  const { dispatches, deleted } = await playTasks(world.url, twice, {
    ...PLAY,
    deleteAfter: 1000,
    backoffMillis: 20,
    repeats: (task) => task.endsWith('0'),
  });
  expect([...world.arrived].sort()).toEqual([...ids].sort());
  expect(deleted).toEqual([]);
  expect(world.parked).toEqual([]);
  expect(dispatches.length).toBeGreaterThan(2 * ids.length);
});

test('429 of the provider is 429 to Cloud Tasks, which slows its queue down; the retry is sent', async () => {
  const world = await start();
  world.answer = (_, times) => (times === 1 ? 429 : 200);
  const { dispatches } = await playTasks(world.url, mails('a'), PLAY);
  expect(statuses(dispatches, 'a')).toEqual([429, 204]);
  expect(Number(dispatches[0].retryAfter)).toBeGreaterThanOrEqual(1);
  expect([world.bucket.throttles, world.arrived]).toEqual([1, ['a']]);
});

test('at its last attempt a mail that was never sent is parked, masked, before Cloud Tasks deletes its task', async () => {
  const world = await start();
  world.answer = () => 503;
  const { dispatches, deleted } = await playTasks(world.url, mails('a'), PLAY);
  // X-CloudTasks-TaskRetryCount is 0 at the first attempt, 3 at the fourth.
  expect(statuses(dispatches, 'a')).toEqual([502, 502, 502, 204]);
  expect(deleted).toEqual([]);
  const [{ body, attributes }] = world.parked;
  expect(JSON.parse(body).id).toBe('a');
  expect(body).not.toContain('example.com');
  expect(attributes).toMatchObject({ 'backpressure-reason': 'not sent in 4 attempts', 'backpressure-receives': '4' });
  // What is delivered again is a duplicate, and not sent although the provider is back.
  world.answer = () => 200;
  await playTasks(world.url, mails('a'), PLAY);
  expect([world.arrived, world.parked.length]).toEqual([[], 1]);
});

test('the last attempt is sent when it succeeds', async () => {
  const world = await start();
  world.answer = (_, times) => (times < 4 ? 503 : 200);
  await playTasks(world.url, mails('a'), PLAY);
  expect([world.arrived, world.parked]).toEqual([['a'], []]);
});

test('the topic takes nothing at the last attempt: the task stays, and is parked with the next one', async () => {
  const world = await start();
  world.answer = () => 503;
  world.topicIsDown = true;
  const playing = playTasks(world.url, mails('a'), { ...PLAY, deleteAfter: 1000, backoffMillis: 10 });
  while (world.log.length < 5) await wait(10);
  expect(world.claims.records.get('a')?.state).not.toBe('parked');
  world.topicIsDown = false;
  const { dispatches } = await playing;
  expect(statuses(dispatches, 'a').filter((status) => status === 500).length).toBeGreaterThanOrEqual(1);
  expect(world.parked).toHaveLength(1);
});

test.each([
  ['refused for good', 400, 'refused: status 400'],
  ['perhaps sent', 500, 'perhaps sent: status 500'],
])('%s: parked at once, whatever attempts are left', async (_, status, reason) => {
  const world = await start();
  world.answer = () => status;
  const { dispatches } = await playTasks(world.url, mails('a'), PLAY);
  expect(statuses(dispatches, 'a')).toEqual([204]);
  expect(world.parked[0].attributes['backpressure-reason']).toBe(reason);
});

test('while sending is paused every mail is 503, and none is parked before its last attempt', async () => {
  const world = await start({ parkAtAttempt: 1000, closedSeconds: 60 });
  world.bucket.closed = { closed: 'paused' };
  const { dispatches, deleted } = await playTasks(world.url, mails('a'), { ...PLAY, deleteAfter: 6 });
  expect(new Set(statuses(dispatches, 'a'))).toEqual(new Set([503]));
  expect(dispatches[0].retryAfter).toBe('60');
  expect([deleted, world.parked, world.arrived]).toEqual([['task-a'], [], []]);
});

test('a handler that ended between call and record: its mail is parked, not sent a second time', async () => {
  const world = await start({ claimSeconds: 0.2 });
  world.claims.records.set('a', { state: 'sending', since: Date.now(), token: 'of another' });
  const { dispatches } = await playTasks(world.url, mails('a'), { ...PLAY, deleteAfter: 1000, backoffMillis: 20 });
  expect(statuses(dispatches, 'a')[0]).toBe(503);
  expect(world.arrived).toEqual([]);
  expect(world.parked[0].attributes['backpressure-reason']).toContain('perhaps sent');
});

describe('what is no task of a mail', () => {
  test('a body that is no mail is parked at once', async () => {
    const world = await start();
    await playTasks(world.url, new Map([['task-x', '{"id":"x"}']]), PLAY);
    expect(world.parked[0].attributes['backpressure-reason']).toContain('malformed');
  });

  test('a request without the name of a task is not sent, and not retried', async () => {
    const world = await start();
    const response = await fetch(world.url, { method: 'POST', body: [...mails('a').values()][0] });
    expect([response.status, world.arrived]).toEqual([400, []]);
  });

  test('the probe is answered, and nothing else', async () => {
    const world = await start();
    expect((await fetch(`${world.url}ready`)).status).toBe(200);
    expect((await fetch(world.url)).status).toBe(405);
  });
});

test('a connection is opened before the slot of a mail, through the brake on refusals as well', async () => {
  const ready = jest.fn(async () => () => {});
  const brake = new RefusalBrake({ prepare: async () => {}, ready, send: async () => ({ kind: 'throttled' }) });
  await brake.ready({ id: 'a', to: ['a@example.com'] });
  expect(ready).toHaveBeenCalledWith({ id: 'a', to: ['a@example.com'] });
});
