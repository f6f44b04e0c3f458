import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConditionalCheckFailedException, type DynamoDB } from '@aws-sdk/client-dynamodb';
import type { ThrottleSettings } from '../../../lib/flow/replication/control';
import { Guard } from '../../../lib/runtime/replica-guard/guard';
import { guardServer } from '../../../lib/runtime/replica-guard/serve';
import type { ReplicaSignal } from '../../../lib/runtime/replica-guard/signal';
import { Writers } from '../../../lib/runtime/replica-guard/writers';
import { metricLine } from '../../../lib/runtime/replica-guard-dynamodb/metric-line';
import { SignalTable, Superseded } from '../../../lib/runtime/replica-guard-dynamodb/store';

const settings: ThrottleSettings = {
  targetLagSeconds: 8,
  releaseLagSeconds: 4,
  decreaseRatio: 0.8,
  holdSeconds: 14,
  increasePerSecond: 1e6,
  floorPerSecond: 1200,
  leastBulkPerSecond: 12,
  mostPerSecond: 2400,
  unknownTicks: 1,
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

  test('counts writers over all pages', async () => {
    const pages = [{ Count: 2, LastEvaluatedKey: { guard: { S: 'orders' } } }, { Count: 3 }];
    const since: unknown[] = [];
    const query = async (input: { ExpressionAttributeValues: Record<string, unknown> }) => {
      since.push(input.ExpressionAttributeValues[':since']);
      return pages.shift();
    };
    const table = new SignalTable({ query } as unknown as DynamoDB, 'signals', 'orders', 5, 5000);
    expect(await table.writers(60_000)).toBe(5);
    expect(since).toEqual([{ N: '55000' }, { N: '55000' }]);
  });

  test('a lag that nobody knows is no metric', () => {
    const view = {
      signal,
      state: { ratePerSecond: 2400, heldUntilSeconds: 0, missed: 0, mode: 'open' as const },
      heartbeatAgeSeconds: 0.1,
      stopped: [],
    };
    expect(JSON.parse(metricLine('orders', view))).not.toHaveProperty('ReplicaLag');
    const line = JSON.parse(metricLine('orders', { ...view, signal: { ...signal, lagSeconds: 2 } }));
    expect(line).toMatchObject({ Guard: 'orders', ReplicaLag: 2, BulkRate: 1200 });
    expect(line._aws.CloudWatchMetrics[0].Metrics).toContainEqual({ Name: 'ReplicaLag', Unit: 'Seconds' });
  });
});
