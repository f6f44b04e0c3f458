import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { ConditionalCheckFailedException, type DynamoDB } from '@aws-sdk/client-dynamodb';
import type { GuardSettings } from '../../../lib/flow/replication/settings';
import { Guard } from '../../../lib/runtime/replica-guard/guard';
import { guardServer } from '../../../lib/runtime/replica-guard/serve';
import type { ReplicaSignal } from '../../../lib/runtime/replica-guard/signal';
import { Writers } from '../../../lib/runtime/replica-guard/writers';
import { metricLine } from '../../../lib/runtime/replica-guard-dynamodb/metric-line';
import { Stamps } from '../../../lib/runtime/replica-guard-dynamodb/stamps';
import { SignalTable, Superseded } from '../../../lib/runtime/replica-guard-dynamodb/store';
import { httpSignal, WriteThrottle } from '../../../lib/runtime/replica-writer/consumer';

const settings: GuardSettings = {
  targetLagSeconds: 8,
  releaseLagSeconds: 4,
  decreaseRatio: 0.8,
  holdSeconds: 14,
  increasePerSecond: 1e6,
  floorPerSecond: 1200,
  leastBulkPerSecond: 12,
  mostPerSecond: 2400,
  unknownTicks: 1,
  writerPollSeconds: 1,
  signalStaleSeconds: 10,
};

describe('what a guard answers', () => {
  let lag: number | undefined = 1;
  let now = Date.now();
  const writers = new Writers(5000);
  const guard = new Guard(settings, {
    source: { beat: async () => {} },
    replicas: [{ name: 'a', read: async () => ({ beatMillis: lag === undefined ? undefined : now - 1000 * lag }) }],
    writers: async () => writers.count(Date.now()),
    publish: async () => {},
    now: () => now,
    log: () => {},
  });
  const server: Server = guardServer(guard, writers, {
    guard: 'orders',
    retryAfterSeconds: 0.5,
    stalledMillis: 30_000,
  });
  const tick = async () => {
    now += 1000;
    await guard.tick();
  };
  const ask = (path: string, init?: RequestInit) =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, init);
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => server.close());

  test('200 with the share of a writer, 429 with a moment to ask again, 503 when nobody knows', async () => {
    await tick();
    await ask('/throttle?writer=a');
    await ask('/throttle?writer=b');
    await tick();
    const open = await ask('/throttle?writer=a');
    expect(open.status).toBe(200);
    expect(await open.json()).toMatchObject({ mode: 'open', writers: 2, sharePerSecond: 600, leastSharePerSecond: 6 });
    lag = 9;
    await tick();
    const full = await ask('/throttle?writer=a');
    expect([full.status, full.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await full.json()).toMatchObject({ mode: 'throttled', lagSeconds: 9 });
    lag = undefined;
    await tick();
    expect((await ask('/throttle')).status).toBe(503);
    lag = 1;
    await tick();
    expect((await ask('/throttle')).status).toBe(200);
  });

  test('HEAD has the same status and no body, as gh-ost asks; it has no share', async () => {
    const before = writers.count(Date.now());
    const answer = await ask('/throttle', { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(writers.count(Date.now())).toBe(before);
  });

  test('says how old its answer is, by its own clock', async () => {
    await tick();
    now += 700;
    expect(await (await ask('/throttle')).json()).toMatchObject({ ageSeconds: 0.7 });
  });

  test('a reader of fresh replicas is no bulk writer, and leaves the whole rate to the one that is', async () => {
    const own = new Writers(5000);
    const both = new Guard(settings, {
      source: { beat: async () => {} },
      replicas: [{ name: 'a', read: async () => ({ beatMillis: Date.now() }) }],
      writers: async () => own.count(Date.now()),
      publish: async () => {},
      now: Date.now,
      log: () => {},
    });
    const apart = guardServer(both, own, { guard: 'orders', retryAfterSeconds: 1, stalledMillis: 30_000 });
    await new Promise<void>((resolve) => apart.listen(0, '127.0.0.1', () => resolve()));
    const url = `http://127.0.0.1:${(apart.address() as AddressInfo).port}`;
    await both.tick();
    const [reader, writer] = [new WriteThrottle(httpSignal(url)), new WriteThrottle(httpSignal(url))];
    expect(await reader.freshReplicas(10)).toEqual(['a']);
    await writer.permit();
    await both.tick();
    expect(own.count(Date.now())).toBe(1);
    expect(both.view.signal.writers).toBe(1);
    for (const one of [reader, writer]) one.stop();
    apart.closeAllConnections();
    await new Promise((resolve) => apart.close(resolve));
  });

  test.each(['//', 'http://', '//[/throttle'])(
    'a target that is none, %s, is a bad request and no end',
    async (target) => {
      const { port } = server.address() as AddressInfo;
      const status = await new Promise<string>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${target} HTTP/1.1\r\nhost: guard\r\n\r\n`));
        socket.once('error', reject);
        socket.once('data', (bytes) => {
          socket.destroy();
          resolve(bytes.toString().split('\r\n')[0]);
        });
      });
      expect(status).toBe('HTTP/1.1 400 Bad Request');
      expect((await ask('/throttle')).status).toBe(200);
    },
  );

  test('metrics, health, and nothing else', async () => {
    expect(await (await ask('/metrics')).text()).toContain('replica_guard_lag_seconds{guard="orders",replica="a"} 1');
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ask('/')).status).toBe(404);
    expect((await ask('/throttle', { method: 'POST', body: 'x' })).status).toBe(405);
    now += 31_000;
    expect((await ask('/healthz')).status).toBe(503);
  });
});

describe('a guard that leaves its signal in a table', () => {
  const signal: ReplicaSignal = {
    mode: 'open',
    lagSeconds: null,
    targetLagSeconds: 8,
    bulkPerSecond: 1200,
    leastBulkPerSecond: 12,
    writers: 1,
    lags: {},
    writerPollSeconds: 1,
    signalStaleSeconds: 10,
    atMillis: 1000,
  };

  test('ends when another one was started after it, and goes on when the table does not answer', async () => {
    const answers: (() => unknown)[] = [
      () => ({}),
      () => {
        throw new ConditionalCheckFailedException({ message: 'no', $metadata: {} });
      },
      () => {
        throw new Error('throttled');
      },
    ];
    const inputs: unknown[] = [];
    const client = {
      putItem: async (input: unknown) => {
        inputs.push(input);
        return answers.shift()?.();
      },
    } as unknown as DynamoDB;
    const table = new SignalTable(client, 'signals', 'orders', 5, 5000);
    await table.publish(signal);
    expect(inputs[0]).toMatchObject({
      ConditionExpression: 'attribute_not_exists(epoch) OR epoch <= :mine',
      ExpressionAttributeValues: { ':mine': { N: '5' } },
    });
    await expect(table.publish(signal)).rejects.toThrow(Superseded);
    await expect(table.publish(signal)).rejects.toThrow('throttled');
  });

  const stamped = (writer: string, atMillis: number) => ({ item: { S: writer }, atMillis: { N: String(atMillis) } });

  test('counts the writers of its own partition, over all pages', async () => {
    const pages = [
      { Items: [stamped('a', 58_000), stamped('b', 59_000)], LastEvaluatedKey: { guard: { S: 'orders' } } },
      { Items: [stamped('c', 54_000), stamped('d', 60_000)] },
    ];
    const asked: unknown[] = [];
    const query = async (input: { ExpressionAttributeValues: Record<string, unknown> }) => {
      asked.push(input.ExpressionAttributeValues);
      return pages.shift();
    };
    const table = new SignalTable({ query } as unknown as DynamoDB, 'signals', 'orders', 5, 5000);
    expect(await table.writers(60_000)).toBe(3);
    expect(asked).toHaveLength(2);
    expect(asked[0]).toEqual({ ':writers': { S: 'orders#writers' }, ':since': { N: String(60_000 - 3_600_000) } });
  });

  test.each([
    ['behind', -60_000],
    ['ahead', 60_000],
  ])('a writer whose clock is a minute %s counts as long as it says that it is there', async (_, wrong) => {
    const stamps = new Stamps(5000);
    const at = (now: number, said: number) => stamps.count([{ writer: 'import', atMillis: said + wrong }], now);
    at(100_000, 99_000);
    expect(at(102_000, 101_000)).toBe(1);
    // It has said nothing since.
    expect(at(107_000, 101_000)).toBe(1);
    expect(at(107_001, 101_000)).toBe(0);
  });

  test('a writer that is gone from the table, and one that was gone before the guard came, count no more', () => {
    const stamps = new Stamps(5000);
    expect(stamps.count([{ writer: 'old', atMillis: 1000 }], 100_000)).toBe(0);
    expect(stamps.count([{ writer: 'new', atMillis: 99_500 }], 100_000)).toBe(1);
    expect(stamps.count([], 100_000)).toBe(0);
  });

  test('a lag that nobody knows is no metric', () => {
    const view = {
      signal,
      state: { ratePerSecond: 2400, heldUntilSeconds: 0, missed: 0, mode: 'open' as const },
      ageSeconds: 0,
      heartbeatAgeSeconds: 0.1,
      stopped: [],
    };
    expect(JSON.parse(metricLine('orders', view))).not.toHaveProperty('ReplicaLag');
    const line = JSON.parse(metricLine('orders', { ...view, signal: { ...signal, lagSeconds: 2 } }));
    expect(line).toMatchObject({ Guard: 'orders', ReplicaLag: 2, BulkRate: 1200 });
    expect(line._aws.CloudWatchMetrics[0].Metrics).toContainEqual({ Name: 'ReplicaLag', Unit: 'Seconds' });
  });
});
