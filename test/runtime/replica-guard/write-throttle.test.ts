import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ReplicaSignal } from '../../../lib/runtime/replica-guard/signal';
import {
  type DynamoClient,
  dynamoSignal,
  httpSignal,
  WriteThrottle,
} from '../../../lib/runtime/replica-writer/consumer';

const signal = (changed: Partial<ReplicaSignal> = {}): ReplicaSignal => ({
  mode: 'open',
  lagSeconds: 1,
  targetLagSeconds: 8,
  bulkPerSecond: 1000,
  leastBulkPerSecond: 10,
  writers: 1,
  lags: { a: 1 },
  atMillis: Date.now(),
  ...changed,
});

describe('a writer', () => {
  test('gets the share that the signal gives, and the least when the signal is too old', async () => {
    let now = 1_000_000;
    const source = { read: async () => signal({ writers: 4, atMillis: now }) };
    const throttle = new WriteThrottle(source, { now: () => now });
    expect(throttle.ratePerSecond).toBe(1);
    await throttle.freshReplicas(10);
    expect(throttle.ratePerSecond).toBe(250);
    now += 10_001;
    expect(throttle.ratePerSecond).toBe(2.5);
    throttle.stop();
  });

  test('a guard that repeats an old signal opens nothing', async () => {
    const throttle = new WriteThrottle({ read: async () => signal({ atMillis: Date.now() - 60_000 }) });
    await throttle.freshReplicas(10);
    expect(throttle.ratePerSecond).toBe(10);
    expect(await throttle.freshReplicas(10)).toEqual([]);
    throttle.stop();
  });

  test('a source that fails leaves what was heard last; before that the first rate', async () => {
    let fails = true;
    const source = {
      read: async () => {
        if (fails) throw new Error('down');
        return signal();
      },
    };
    const throttle = new WriteThrottle(source, { pollSeconds: 0.01, firstPerSecond: 7 });
    await throttle.freshReplicas(1);
    expect(throttle.ratePerSecond).toBe(7);
    expect(throttle.signal).toBeUndefined();
    fails = false;
    for (let asked = 0; throttle.signal === undefined && asked < 1000; asked += 1) {
      await throttle.freshReplicas(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(throttle.ratePerSecond).toBe(1000);
    throttle.stop();
  });

  test('permits are served in order, a large one is paid off by those after it', async () => {
    let now = 0;
    const source = { read: async () => signal({ bulkPerSecond: 1000, atMillis: now }) };
    const throttle = new WriteThrottle(source, { now: () => now, pollSeconds: 0.01 });
    const order: string[] = [];
    const asked = ['a', 'b', 'c'].map((name, at) => throttle.permit(at === 0 ? 50 : 1).then(() => order.push(name)));
    const clock = setInterval(() => {
      now += 5;
    }, 1);
    await Promise.all(asked);
    clearInterval(clock);
    throttle.stop();
    expect(order).toEqual(['a', 'b', 'c']);
    // 50 at 1,000 a second.
    expect(now).toBeGreaterThanOrEqual(50);
  });

  test('a throttle that is stopped ends the wait with an error', async () => {
    const throttle = new WriteThrottle({ read: async () => signal({ bulkPerSecond: 1e-6 }) });
    await throttle.permit();
    const waiting = throttle.permit();
    const seen = expect(waiting).rejects.toThrow('the throttle was stopped');
    throttle.stop();
    await seen;
  });
});

describe('a guard that answers by HTTP', () => {
  let server: Server;
  let status = 200;
  const asked: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url as string);
      response.writeHead(status).end(JSON.stringify(signal({ mode: 'throttled' })));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => server.close());
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  test('a writer gives its name, and reads the signal of a refusal as well', async () => {
    for (status of [200, 429, 503]) expect(await httpSignal(url()).read('a b')).toMatchObject({ mode: 'throttled' });
    expect(asked).toContain('/throttle?writer=a+b');
    status = 404;
    await expect(httpSignal(url()).read('a')).rejects.toThrow('the guard answered 404');
  });
});

describe('a guard that leaves its signal in a table', () => {
  test('a writer says that it is there at every second poll, and reads what is newest', async () => {
    const written: unknown[] = [];
    const item: { value?: string } = {};
    const client: DynamoClient = {
      getItem: async ({ Key, ConsistentRead }) => {
        expect([Key, ConsistentRead]).toEqual([{ guard: { S: 'orders' }, item: { S: 'signal' } }, true]);
        return { Item: item.value === undefined ? undefined : { signal: { S: item.value } } };
      },
      putItem: async (input) => written.push(input),
    };
    const source = dynamoSignal(client, 'signals', 'orders');
    await expect(source.read('w')).rejects.toThrow('no signal');
    item.value = JSON.stringify(signal({ writers: 9 }));
    expect(await source.read('w')).toMatchObject({ writers: 9 });
    await source.read('w');
    expect(written).toHaveLength(2);
    expect(written[0]).toMatchObject({
      TableName: 'signals',
      Item: { guard: { S: 'orders' }, item: { S: 'writer#w' } },
    });
  });
});
