import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ReplicaSignal } from '../../../lib/runtime/replica-guard/signal';
import {
  type DynamoClient,
  dynamoSignal,
  httpSignal,
  WriteThrottle,
  type WriteThrottleOptions,
} from '../../../lib/runtime/replica-writer/consumer';
import { heardAt } from '../../../lib/runtime/replica-writer/heard';
import { until } from '../../support/until';

const signal = (changed: Partial<ReplicaSignal> = {}): ReplicaSignal => ({
  mode: 'open',
  lagSeconds: 1,
  targetLagSeconds: 8,
  bulkPerSecond: 1000,
  leastBulkPerSecond: 10,
  writers: 1,
  lags: { a: 1 },
  writerPollSeconds: 1,
  signalStaleSeconds: 10,
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

  /** Permits that are served at once, 20 s after a signal that is polled each 0.2 s and counts for 30 s. */
  async function servedAtOnce(options: WriteThrottleOptions): Promise<number> {
    let now = 1_000_000;
    const answers = [
      async () => {
        const answer = signal({ writerPollSeconds: 0.2, signalStaleSeconds: 30, atMillis: now });
        now += 20_000;
        return answer;
      },
    ];
    const unanswered = new Promise<ReplicaSignal>(() => {});
    const read = () => answers.shift()?.() ?? unanswered;
    const throttle = new WriteThrottle({ read }, { now: () => now, ...options });
    let served = 0;
    const asked = Array.from({ length: 1000 }, () =>
      throttle.permit().then(
        () => {
          served += 1;
        },
        () => {},
      ),
    );
    await asked[0];
    // The clock stands still: nobody is served later.
    for (let before = -1; before < served; await new Promise(setImmediate)) before = served;
    throttle.stop();
    await Promise.all(asked);
    return served;
  }

  test('saves a poll of permits, and takes a signal for too old, as the signal says', async () => {
    expect(await servedAtOnce({})).toBe(200);
  });

  test('unless it is told otherwise', async () => {
    expect(await servedAtOnce({ pollSeconds: 0.5 })).toBe(500);
    expect(await servedAtOnce({ staleSeconds: 19 })).toBe(2);
  });

  test('asks by its name while it wants permits, and without one for replicas alone', async () => {
    const names: (string | undefined)[] = [];
    const source = {
      read: async (writer?: string) => {
        names.push(writer);
        return signal();
      },
    };
    const throttle = new WriteThrottle(source, { writer: 'import', pollSeconds: 0.01 });
    await throttle.freshReplicas(10);
    expect(names).toEqual([undefined]);
    await throttle.permit();
    await until('it asks by its name', () => names.includes('import'), 10, 5);
    // It goes on as a reader.
    await until(
      'its name is left out again',
      () => {
        void throttle.freshReplicas(10);
        return names[names.length - 1] === undefined;
      },
      10,
      5,
    );
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

describe('the age of a signal', () => {
  const at = (atMillis: number, more: Partial<ReplicaSignal> = {}) => signal({ atMillis, ...more });

  test('is what the guard says, and the time since it was asked, whatever the clocks are', () => {
    const wrong = at(5_000_000, { ageSeconds: 0.4 });
    expect(heardAt(wrong, 1000, undefined).decidedMillis).toBe(600);
  });

  test('in a table goes by the clock of the guard at first', () => {
    expect(heardAt(at(9500), 10_000, undefined).decidedMillis).toBe(9500);
    expect(heardAt(at(12_000), 10_000, undefined).decidedMillis).toBe(10_000);
  });

  test.each([
    ['right', 0, 10_500],
    ['11 s ahead', 11_000, 21_000],
    ['11 s behind', -11_000, 0],
  ])('of a later one is known to a poll: clock %s', (_, wrong, decided) => {
    const before = heardAt(at(9500), 10_000 + wrong, undefined);
    const now = 11_000 + wrong;
    const { decidedMillis } = heardAt(at(10_500), now, before);
    expect(decidedMillis).toBe(decided);
    expect(now - decidedMillis).toBeLessThanOrEqual(1000);
  });

  test('of one that is repeated grows: a guard that is gone is noticed by any clock', () => {
    const first = heardAt(at(50_000), 10_000, undefined);
    expect(heardAt(at(50_000), 30_000, first).decidedMillis).toBe(10_000);
  });

  test('a writer 11 s ahead of the guard is not slowed down for that', async () => {
    let decided = 0;
    const source = {
      read: async () => {
        decided += 5;
        return signal({ atMillis: Date.now() - 11_000 + decided });
      },
    };
    const throttle = new WriteThrottle(source, { pollSeconds: 0.01 });
    await throttle.permit();
    await until('it has the whole rate', () => throttle.ratePerSecond === 1000, 10, 5);
    throttle.stop();
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
    await httpSignal(url()).read();
    expect(asked).toContain('/throttle');
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
      Item: { guard: { S: 'orders#writers' }, item: { S: 'w' } },
    });
  });

  test('a reader writes nothing: it may have the right to read only', async () => {
    const client: DynamoClient = {
      getItem: async () => ({ Item: { signal: { S: JSON.stringify(signal()) } } }),
      putItem: async () => {
        throw new Error('AccessDeniedException');
      },
    };
    const reader = new WriteThrottle(dynamoSignal(client, 'signals', 'orders'));
    expect(await reader.freshReplicas(5)).toEqual(['a']);
    reader.stop();
  });
});
