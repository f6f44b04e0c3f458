/** Merging, and working on the keys of a flush: order, duplicates, poison, limits, failures. */

import { type CacheClient, CacheInvalidator } from '../../../lib/runtime/coalescer/cache';
import { CloudFrontInvalidator, callerReference } from '../../../lib/runtime/coalescer/cloudfront';
import { type FlushPorts, flush, type Outcome } from '../../../lib/runtime/coalescer/flush';
import { LambdaInvalidator } from '../../../lib/runtime/coalescer/lambda';
import { type KeyEvent, type MergedKey, merge } from '../../../lib/runtime/coalescer/merge';

const event = (key: string, id: string, at = Number(id)): KeyEvent => ({ key, id, at, value: `${key}${id}` });
const keys = (...names: string[]): MergedKey[] =>
  names.map((key, first) => ({ key, id: String(first), events: 1, first }));
const names = (list: readonly { readonly key: string }[]) => list.map(({ key }) => key).sort();

describe('merge', () => {
  test('every key once, with its last event and how many it stands for', () => {
    const merged = merge([event('a', '1'), event('b', '2'), event('a', '3'), event('a', '4')], true);
    expect(merged).toEqual([
      { key: 'a', id: '4', value: 'a4', events: 3, first: 0 },
      { key: 'b', id: '2', value: 'b2', events: 1, first: 1 },
    ]);
  });

  test('the order of the source wins over clocks; without an order the later clock does', () => {
    const events = [event('a', '1', 200), event('a', '2', 100)];
    expect(merge(events, true)[0].id).toBe('2');
    expect(merge(events, false)[0].id).toBe('1');
  });

  test('a duplicate counts, and changes nothing else', () => {
    expect(merge([event('a', '1'), event('a', '1')], true)).toMatchObject([{ id: '1', events: 2 }]);
  });

  test('names that objects have by themselves are keys like any other', () => {
    expect(names(merge([event('__proto__', '1'), event('constructor', '2')], true))).toEqual([
      '__proto__',
      'constructor',
    ]);
  });
});

/** An invalidator that answers as it is told, with the calls that it got. */
function world(answer: (call: readonly MergedKey[], number: number) => Outcome, millisPerCall = 0) {
  const calls: string[][] = [];
  const counted: Record<string, number> = {};
  let now = 0;
  const waits: number[] = [];
  const ports: FlushPorts = {
    invalidator: {
      async invalidate(call) {
        calls.push(call.map(({ key }) => key));
        now += millisPerCall;
        return answer(call, calls.length);
      },
    },
    async wait(millis) {
      waits.push(millis);
      now += millis;
    },
    now: () => now,
    random: () => 1,
    log: () => {},
    count: (name, value) => {
      counted[name] = (counted[name] ?? 0) + value;
    },
  };
  return { ports, calls, counted, waits };
}

const CONFIG = { keysPerCall: 2, workers: 1, attempts: 5, backoffSeconds: 0.2, backoffCapSeconds: 5 };
const FAR = 1e9;

describe('flush', () => {
  test('calls of so many keys, each key once', async () => {
    const { ports, calls } = world(() => ({}));
    const { done, aside, undone } = await flush(keys('a', 'b', 'c'), 'batch', FAR, CONFIG, ports);
    expect(calls).toEqual([['a', 'b'], ['c']]);
    expect([names(done), aside, undone]).toEqual([['a', 'b', 'c'], [], []]);
  });

  test('so many calls at once, and no more', async () => {
    let [active, most] = [0, 0];
    const { ports } = world(() => ({}));
    const slow: FlushPorts = {
      ...ports,
      invalidator: {
        async invalidate() {
          active += 1;
          most = Math.max(most, active);
          await new Promise((resolve) => setImmediate(resolve));
          active -= 1;
          return {};
        },
      },
    };
    await flush(keys('a', 'b', 'c', 'd', 'e', 'f', 'g'), 'batch', FAR, { ...CONFIG, keysPerCall: 1, workers: 3 }, slow);
    expect(most).toBe(3);
  });

  test('a key that always fails is set aside, those that shared its call are done', async () => {
    const { ports, waits } = world((call) => {
      if (call.some(({ key }) => key === 'poison')) throw new Error('poison');
      return {};
    });
    const { done, aside, undone } = await flush(keys('a', 'poison', 'b', 'c'), 'batch', FAR, CONFIG, ports);
    expect([names(done), names(aside), undone]).toEqual([['a', 'b', 'c'], ['poison'], []]);
    expect(waits).toEqual([200, 400, 800, 1600]);
  });

  test('what goes away in the middle of a flush: what it has done is done, the rest comes again, none is set aside', async () => {
    const { ports } = world((_, call) => {
      if (call > 2) throw new Error('down');
      return {};
    });
    const names6 = keys('a', 'b', 'c', 'd', 'e', 'f');
    const { done, aside, undone } = await flush(names6, 'batch', FAR, CONFIG, ports);
    expect([names(done), aside, names(undone)]).toEqual([['a', 'b', 'c', 'd'], [], ['e', 'f']]);
  });

  test('a key that is busy for long and then fails once has not failed at every attempt', async () => {
    const { ports } = world(([{ key }], call) => (key !== 'b' ? {} : call < 12 ? { busy: ['b'] } : { failed: ['b'] }));
    const { aside, undone } = await flush(keys('a', 'b'), 'batch', FAR, { ...CONFIG, keysPerCall: 1 }, ports);
    expect([aside, names(undone)]).toEqual([[], ['b']]);
  });

  test('nothing succeeds: what is behind is away, nothing is set aside, and everything comes again', async () => {
    const { ports } = world(() => {
      throw new Error('down');
    });
    const { done, aside, undone } = await flush(keys('a', 'b'), 'batch', FAR, CONFIG, ports);
    expect([done, aside, names(undone)]).toEqual([[], [], ['a', 'b']]);
  });

  test('what is away is not called for every key: ten failures in a row are enough', async () => {
    const many = keys(...Array.from({ length: 500 }, (_, index) => `k${index}`));
    const { ports, calls } = world(() => {
      throw new Error('down');
    });
    const { undone } = await flush(many, 'batch', FAR, CONFIG, ports);
    expect([undone.length, calls.length]).toEqual([500, 10 * CONFIG.attempts]);
    // Those that were not called yet come first.
    expect(new Set(calls.flat()).size).toBeGreaterThan(20);
  });

  test('a limit does not make calls smaller', async () => {
    const { ports, calls } = world((_, call) => (call < 8 ? { busy: ['a', 'b'] } : {}));
    await flush(keys('a', 'b'), 'batch', FAR, CONFIG, ports);
    expect(calls).toEqual(Array.from({ length: 8 }, () => ['a', 'b']));
  });

  test("a limit is nobody's fault: retried for as long as there is time, then it comes again", async () => {
    const { ports, counted, calls } = world(
      (call) => (call.some(({ key }) => key === 'c') ? { busy: call.map(({ key }) => key) } : {}),
      100,
    );
    const { done, aside, undone } = await flush(keys('a', 'b', 'c'), 'batch', 20_000, CONFIG, ports);
    expect([names(done), aside, names(undone)]).toEqual([['a', 'b'], [], ['c']]);
    expect(calls.length).toBeGreaterThan(CONFIG.attempts);
    expect(counted.FlushRefused).toBe(calls.length - 1);
  });

  test('a key that was refused is set aside at once', async () => {
    const { ports, calls } = world(() => ({ refused: ['a'] }));
    const { aside } = await flush(keys('a'), 'batch', FAR, CONFIG, ports);
    expect([names(aside), calls.length]).toEqual([['a'], 1]);
  });

  test('the time is over: what failed comes again, whatever succeeded', async () => {
    const { ports } = world((call) => (call[0].key === 'a' ? {} : { failed: call.map(({ key }) => key) }), 600);
    const { done, aside, undone } = await flush(keys('a', 'b'), 'batch', 1000, { ...CONFIG, keysPerCall: 1 }, ports);
    expect([names(done), aside, names(undone)]).toEqual([['a'], [], ['b']]);
  });

  test('the time is over before it begins: everything comes again', async () => {
    const { ports, calls } = world(() => ({}));
    const { undone } = await flush(keys('a'), 'batch', -1, CONFIG, ports);
    expect([names(undone), calls]).toEqual([['a'], []]);
  });
});

describe('CloudFront', () => {
  const client = (answer: () => void) => {
    const sent: { CallerReference?: string; Items?: string[] }[] = [];
    const send = async (command: {
      input: { InvalidationBatch?: { CallerReference?: string; Paths?: { Items?: string[] } } };
    }) => {
      const { CallerReference, Paths } = command.input.InvalidationBatch ?? {};
      sent.push({ CallerReference, Items: Paths?.Items });
      answer();
      return {};
    };
    return { sent, invalidator: new CloudFrontInvalidator('E1', { send } as never) };
  };

  test('paths and tags; what is neither is refused, and spoils no call', async () => {
    const { sent, invalidator } = client(() => {});
    const outcome = await invalidator.invalidate(
      keys('/a', '#b', 'c', '/with space', '#x,y', `/${'a'.repeat(4000)}`),
      'batch',
    );
    expect(sent[0].Items).toEqual(['/a', '#b']);
    expect(outcome.refused).toHaveLength(4);
  });

  test('a retry of the same batch is the same invalidation, a later change of the same paths is another', async () => {
    expect(callerReference('shard 1 9', ['/a'])).toBe(callerReference('shard 1 9', ['/a']));
    expect(callerReference('shard 1 9', ['/a'])).not.toBe(callerReference('shard 10 19', ['/a']));
    expect(callerReference('shard 1 9', ['/a'])).not.toBe(callerReference('shard 1 9', ['/b']));
  });

  test('too many in progress: busy; anything else fails', async () => {
    const failing = (name: string) =>
      client(() => {
        throw Object.assign(new Error(name), { name });
      }).invalidator.invalidate(keys('/a'), 'batch');
    await expect(failing('TooManyInvalidationsInProgress')).resolves.toMatchObject({ busy: ['/a'] });
    await expect(failing('AccessDenied')).rejects.toThrow('AccessDenied');
  });
});

describe('a function that rebuilds', () => {
  const answering = (answer: { FunctionError?: string; Payload?: string }) =>
    new LambdaInvalidator('rebuild', 5, {
      send: async () => ({ ...answer, Payload: new TextEncoder().encode(answer.Payload ?? '') }),
    } as never).invalidate(keys('a', 'b'));

  test('names the keys that failed; a name that it was not given is not believed', async () => {
    await expect(answering({ Payload: '{"failed":["b","z",1]}' })).resolves.toEqual({ failed: ['b'] });
    await expect(answering({ Payload: 'null' })).resolves.toEqual({});
    await expect(answering({})).resolves.toEqual({});
  });

  test('fails as a whole when it throws', async () => {
    await expect(answering({ FunctionError: 'Unhandled', Payload: '{}' })).resolves.toEqual({ failed: ['a', 'b'] });
  });
});

describe('a cache', () => {
  const cache = (answers: [Error | null, unknown][] | null) => {
    const unlinked: string[] = [];
    const pipeline = { unlink: (key: string) => unlinked.push(key), exec: async () => answers };
    const client = { pipeline: () => pipeline } as unknown as CacheClient;
    return { unlinked, invalidator: new CacheInvalidator(client, 'page:') };
  };

  test('deletes every key by itself, and names those that failed', async () => {
    const { unlinked, invalidator } = cache([
      [null, 1],
      [new Error('MOVED'), null],
    ]);
    await expect(invalidator.invalidate(keys('a', 'b'))).resolves.toEqual({ failed: ['b'] });
    expect(unlinked).toEqual(['page:a', 'page:b']);
  });

  test("a password that has changed is no key's fault", async () => {
    const { invalidator } = cache([[new Error('NOAUTH'), null]]);
    await expect(invalidator.invalidate(keys('a'))).rejects.toThrow('NOAUTH');
  });
});
