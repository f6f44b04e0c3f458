/** Merging, and working on the keys of a flush: order, duplicates, poison, limits, failures. */
import { STORM } from '../../../lib/cases/case-09-invalidation-storm';
import { planCoalescing } from '../../../lib/flow/merging/plan';
import { type CacheClient, CacheInvalidator } from '../../../lib/runtime/coalescer/cache';
import { CloudFrontInvalidator, callerReference } from '../../../lib/runtime/coalescer/cloudfront';
import { type FlushConfig, type FlushPorts, flush, type Outcome } from '../../../lib/runtime/coalescer/flush';
import { LambdaInvalidator } from '../../../lib/runtime/coalescer/lambda';
import { type KeyEvent, type MergedKey, merge } from '../../../lib/runtime/coalescer/merge';

const event = (key: string, id: string, at = Number(id)): KeyEvent => ({ key, id, at, value: `${key}${id}` });
const keys = (...names: string[]): MergedKey[] =>
  names.map((key, first) => ({ key, id: String(first), events: 1, first, since: 0 }));
const names = (list: readonly { readonly key: string }[]) => list.map(({ key }) => key).sort();

describe('merge', () => {
  test('every key once, with its last event and how many it stands for', () => {
    const merged = merge([event('a', '1'), event('b', '2'), event('a', '3'), event('a', '4')], true);
    expect(merged).toEqual([
      { key: 'a', id: '4', value: 'a4', events: 3, first: 0, since: 1 },
      { key: 'b', id: '2', value: 'b2', events: 1, first: 1, since: 2 },
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
function world(
  answer: (call: readonly MergedKey[], number: number, now: number) => Outcome,
  millisPerCall: number | ((call: readonly MergedKey[], now: number) => number) = 0,
) {
  const calls: string[][] = [];
  const counted: Record<string, number> = {};
  let now = 0;
  const waits: number[] = [];
  const ports: FlushPorts = {
    invalidator: {
      async invalidate(call) {
        calls.push(call.map(({ key }) => key));
        const began = now;
        now += typeof millisPerCall === 'number' ? millisPerCall : millisPerCall(call, now);
        return answer(call, calls.length, began);
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
  return { ports, calls, counted, waits, now: () => now };
}

const CONFIG: FlushConfig = {
  keysPerCall: 2,
  workers: 1,
  attempts: 5,
  backoffSeconds: 0.2,
  backoffCapSeconds: 5,
  callSeconds: 0,
  asideAfterSeconds: Number.POSITIVE_INFINITY,
};
const many = (count: number, prefix = 'k'): MergedKey[] =>
  Array.from({ length: count }, (_, first) => ({ key: prefix + first, id: String(first), events: 1, first, since: 0 }));
const down = (): never => {
  throw new Error('ECONNREFUSED');
};
const has = (call: readonly MergedKey[], name: string) => call.some(({ key }) => key === name);
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

  test('a key that is busy for long has all of its attempts after that', async () => {
    let failures = 0;
    const { ports } = world(([{ key }], call) => {
      if (key !== 'b') return {};
      if (call < 12) return { busy: ['b'] };
      failures += 1;
      return { failed: ['b'] };
    });
    const { aside } = await flush(keys('a', 'b'), 'batch', FAR, { ...CONFIG, keysPerCall: 1 }, ports);
    expect([names(aside), failures]).toEqual([['b'], CONFIG.attempts]);
  });

  test('nothing succeeds: the service is unavailable, nothing is set aside, and everything is retried', async () => {
    const { ports } = world(() => {
      throw new Error('down');
    });
    const { done, aside, undone } = await flush(keys('a', 'b'), 'batch', FAR, CONFIG, ports);
    expect([done, aside, names(undone)]).toEqual([[], [], ['a', 'b']]);
  });

  test('a service that is unavailable is not called for every key: ten failures in a row are enough', async () => {
    const { ports, calls } = world(down);
    const { undone } = await flush(many(500), 'batch', FAR, CONFIG, ports);
    expect(undone).toHaveLength(500);
    // Ten in each of four rounds; then every key that is left has its attempts, until ten keys had them in vain.
    expect(calls.length).toBeLessThanOrEqual(4 * 10 + 10 * CONFIG.attempts);
    // Those that were not called yet come first.
    expect(new Set(calls.flat()).size).toBeGreaterThan(20);
  });

  test('a service that dies in the middle of a flush: nothing is set aside', async () => {
    const { ports, calls } = world(
      (_, __, now) => (now < 900 ? {} : down()),
      (call, now) => (now < 900 ? 1.8 * call.length : 1),
    );
    const { done, aside, undone } = await flush(many(1000), 'batch', FAR, { ...CONFIG, keysPerCall: 100 }, ports);
    expect([done.length, aside.length, undone.length]).toEqual([500, 0, 500]);
    expect(calls.length).toBeLessThan(100);
  });

  test('a service that restarts at any moment of the flush, for as long as it likes: nothing is set aside', async () => {
    for (const began of [0, 50, 300, 900, 1700]) {
      for (const seconds of [0.01, 0.2, 1, 1.5, 2, 3, 5, 8]) {
        const isDown = (now: number) => now >= began && now < began + 1000 * seconds;
        const { ports } = world(
          (_, __, now) => (isDown(now) ? down() : {}),
          (call, now) => (isDown(now) ? 1 : 1.8 * call.length),
        );
        const { aside, done, undone } = await flush(many(1000), 'batch', FAR, { ...CONFIG, keysPerCall: 100 }, ports);
        expect([began, seconds, aside.length, done.length + undone.length]).toEqual([began, seconds, 0, 1000]);
      }
    }
  });

  test('the service dies while a bad key is tried: neither it nor any other key is set aside', async () => {
    const { ports, now } = world(
      (call, _, at) => (at > 2500 || has(call, 'k7') ? down() : {}),
      (call) => 1.8 * call.length,
    );
    const { aside, undone } = await flush(many(350), 'batch', FAR, { ...CONFIG, keysPerCall: 100 }, ports);
    expect(now()).toBeGreaterThan(2500);
    expect([aside, names(undone)]).toEqual([[], ['k7']]);
  });

  test.each([
    ['throws', () => down()],
    [
      'names it',
      (call: readonly MergedKey[]) => ({ failed: call.map(({ key }) => key).filter((key) => key === 'k7') }),
    ],
  ])('a bad key among good ones, and the service %s: it alone is set aside', async (_, answer) => {
    const { ports } = world((call) => (has(call, 'k7') ? answer(call) : {}), 1);
    const { done, aside, undone } = await flush(many(350), 'batch', FAR, { ...CONFIG, keysPerCall: 100 }, ports);
    expect([done.length, names(aside), undone]).toEqual([349, ['k7'], []]);
  });

  describe('calls that hang until their time-out', () => {
    const plan = planCoalescing('Merge', { ...STORM, transport: 'kinesis' });
    const value = (knob: string) => plan.value(knob);
    const config: FlushConfig = {
      keysPerCall: value('keysPerCall'),
      workers: value('workers'),
      attempts: value('attempts'),
      backoffSeconds: value('backoffSeconds'),
      backoffCapSeconds: value('backoffCapSeconds'),
      callSeconds: value('callTimeoutSeconds'),
      asideAfterSeconds: value('asideAfterSeconds'),
    };
    const deadline = 1000 * (value('flushTimeoutSeconds') - value('spareSeconds'));
    const hanging = (isHanging: (call: readonly MergedKey[]) => boolean) =>
      world(
        (call) => (isHanging(call) ? down() : {}),
        (call) => (isHanging(call) ? 1000 * config.callSeconds : 1.8 * call.length),
      );

    test('one key: it is set aside, and the others are done, within one flush of the plan', async () => {
      const { ports, now } = hanging((call) => has(call, 'k17'));
      const { done, aside, undone } = await flush(many(400), 'batch', deadline, config, ports);
      expect([done.length, names(aside), undone]).toEqual([399, ['k17'], []]);
      expect(now()).toBeLessThanOrEqual(deadline);
    });

    test.each([2, 21, 40])('%d keys of 400: every flush sets one of them aside, and ends in time', async (count) => {
      const isBad = ({ key }: MergedKey) => Number(key.slice(1)) % Math.floor(400 / count) === 0;
      let left: readonly MergedKey[] = many(400);
      while (!left.every(isBad)) {
        const { ports, now } = hanging((call) => call.some(isBad));
        const { aside, undone } = await flush(left, 'batch', deadline, config, ports);
        expect([aside.length, aside.every(isBad)]).toEqual([1, true]);
        expect(now()).toBeLessThanOrEqual(deadline);
        // A shard goes back to the first key that was not done, and hands over again what comes after it.
        const first = undone.reduce((least, key) => Math.min(least, key.first), Number.POSITIVE_INFINITY);
        left = left.filter((key) => key.first >= first && !aside.includes(key));
      }
    });

    test('the whole service: the flush ends in time, nothing is set aside', async () => {
      const { ports, now } = hanging(() => true);
      const { done, aside, undone } = await flush(many(400), 'batch', deadline, config, ports);
      expect([done, aside, undone.length]).toEqual([[], [], 400]);
      expect(now()).toBeLessThanOrEqual(deadline);
    });
  });

  describe('the only key of a flush fails', () => {
    const OLD = { ...CONFIG, asideAfterSeconds: 60 };

    test.each([
      ['names it', () => ({ failed: ['a'] })],
      ['throws', down],
    ])('the service %s: it is retried until it is old, then set aside', async (_, answer) => {
      const young = await flush(keys('a'), 'batch', FAR, OLD, world(answer).ports);
      expect([young.aside, names(young.undone)]).toEqual([[], ['a']]);
      const { ports } = world(answer, 20_000);
      const old = await flush(keys('a'), 'batch', FAR, OLD, ports);
      expect([names(old.aside), old.undone]).toEqual([['a'], []]);
    });

    test('of several keys none is set aside by its age while the service throws', async () => {
      const { ports } = world(down, 20_000);
      expect((await flush(keys('a', 'b'), 'batch', FAR, OLD, ports)).aside).toEqual([]);
    });

    test('those that the service names are, once they are old', async () => {
      const { ports } = world((call) => ({ failed: call.map(({ key }) => key) }), 20_000);
      expect(names((await flush(keys('a', 'b'), 'batch', FAR, OLD, ports)).aside)).toEqual(['a', 'b']);
    });
  });

  test('200,000 keys: as many as there are, and no stack that overflows', async () => {
    const { ports } = world((call) => (call[0].first % 1000 === 0 ? { busy: call.map(({ key }) => key) } : {}), 1);
    const { done, undone } = await flush(many(200_000), 'batch', 5000, { ...CONFIG, keysPerCall: 100 }, ports);
    expect(done.length + undone.length).toBe(200_000);
    expect(done.length).toBeGreaterThan(150_000);
  });

  test('a limit does not make calls smaller', async () => {
    const { ports, calls } = world((_, call) => (call < 8 ? { busy: ['a', 'b'] } : {}));
    await flush(keys('a', 'b'), 'batch', FAR, CONFIG, ports);
    expect(calls).toEqual(Array.from({ length: 8 }, () => ['a', 'b']));
  });

  test('a limit: retried for as long as there is time, then with the next flush', async () => {
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

  test('the deadline: what failed is retried with the next flush, whatever succeeded', async () => {
    const { ports } = world((call) => (call[0].key === 'a' ? {} : { failed: call.map(({ key }) => key) }), 600);
    const { done, aside, undone } = await flush(keys('a', 'b'), 'batch', 1000, { ...CONFIG, keysPerCall: 1 }, ports);
    expect([names(done), aside, names(undone)]).toEqual([['a'], [], ['b']]);
  });

  test('the deadline before it begins: everything is retried with the next flush', async () => {
    const { ports, calls } = world(() => ({}));
    const { undone } = await flush(keys('a'), 'batch', -1, CONFIG, ports);
    expect([names(undone), calls]).toEqual([['a'], []]);
  });
});

describe('CloudFront', () => {
  type Sent = { readonly CallerReference: string; readonly Items: readonly string[] };
  const client = (answer: (items: readonly string[]) => void = () => {}) => {
    const sent: Sent[] = [];
    const send = async (command: {
      input: { InvalidationBatch: { CallerReference: string; Paths: { Items: string[] } } };
    }) => {
      const { CallerReference, Paths } = command.input.InvalidationBatch;
      sent.push({ CallerReference, Items: Paths.Items });
      answer(Paths.Items);
      return {};
    };
    return { sent, invalidator: new CloudFrontInvalidator('E1', 5, { send } as never) };
  };
  const named = (name: string) => Object.assign(new Error(name), { name });

  test('paths and tags; what is neither is refused, and spoils no call', async () => {
    const { sent, invalidator } = client();
    const outcome = await invalidator.invalidate(
      keys('/a', '#b', 'c', '/with space', '#x,y', `/${'a'.repeat(4000)}`),
      'batch',
    );
    expect(sent[0].Items).toEqual(['/a', '#b']);
    expect(outcome.refused).toHaveLength(4);
  });

  test('a retry of the same batch is the same invalidation, a later change of the same paths is another', async () => {
    const { sent, invalidator } = client();
    await invalidator.invalidate(keys('/a', '#b'), 'shard 1 9');
    await invalidator.invalidate(keys('/a', '#b'), 'shard 1 9');
    await invalidator.invalidate(keys('/a', '#b'), 'shard 10 19');
    await invalidator.invalidate(keys('/b'), 'shard 1 9');
    const [first, retry, later, other] = sent.map(({ CallerReference }) => CallerReference);
    expect(retry).toBe(first);
    expect(first).toBe(callerReference('shard 1 9', ['/a', '#b']));
    expect(new Set([first, later, other]).size).toBe(3);
  });

  test('too many in progress: busy, and fewer may pass; too many calls: busy; anything else fails', async () => {
    const failing = (name: string) =>
      client(() => {
        throw named(name);
      }).invalidator.invalidate(keys('/a'), 'batch');
    await expect(failing('TooManyInvalidationsInProgress')).resolves.toMatchObject({ busy: ['/a'], smaller: true });
    await expect(failing('ThrottlingException')).resolves.toMatchObject({ busy: ['/a'], smaller: false });
    await expect(failing('AccessDenied')).rejects.toThrow('AccessDenied');
  });

  /** Amazon CloudFront developer guide, Quotas: 3,000 paths in progress, and 15 with a wildcard; one takes a minute. */
  function distribution(inProgress = 0) {
    let now = 0;
    const running: { readonly end: number; readonly items: readonly string[] }[] = [];
    if (inProgress > 0) running.push({ end: 1e9, items: Array.from({ length: inProgress }, () => '/other') });
    const invalidated = new Set<string>();
    const { invalidator } = client((items) => {
      now += 100;
      const all = running.filter(({ end }) => end > now).flatMap((one) => one.items);
      const count = (wild: boolean) => [...all, ...items].filter((item) => item.endsWith('*') === wild).length;
      if (count(true) > 15 || count(false) > 3000) throw named('TooManyInvalidationsInProgress');
      running.push({ end: now + 60_000, items });
      for (const item of items) invalidated.add(item);
    });
    const { ports } = world(() => ({}));
    const all: FlushPorts = {
      ...ports,
      invalidator,
      now: () => now,
      wait: async (millis) => {
        now += millis;
      },
    };
    return { invalidated, ports: all, skip: (millis: number) => (now += millis), now: () => now };
  }
  const config = { ...CONFIG, keysPerCall: 3000, callSeconds: 5 };

  test('40 paths with a wildcard, 15 in progress: each flush invalidates some, and none is set aside', async () => {
    const { ports, invalidated, now } = distribution();
    let left: readonly MergedKey[] = keys(...Array.from({ length: 40 }, (_, index) => `/p${index}/*`));
    for (let turn = 0; turn < 5 && left.length > 0; turn += 1) {
      const { aside, undone } = await flush(left, `batch ${turn}`, now() + 60_000, config, ports);
      expect(aside).toEqual([]);
      expect(undone.length).toBeLessThan(left.length);
      left = undone;
    }
    expect(invalidated.size).toBe(40);
  });

  test('a wildcard that has to wait does not hold up paths without one', async () => {
    const { ports, invalidated } = distribution();
    const wild = Array.from({ length: 16 }, (_, index) => `/w${index}*`);
    const { done } = await flush(keys(...wild, '/a', '/b'), 'batch', 20_000, config, ports);
    expect([invalidated.has('/a'), invalidated.has('/b'), done.length]).toEqual([true, true, 17]);
  });

  test('others have 500 in progress: a call of 3,000 becomes smaller until it passes', async () => {
    const { ports } = distribution(500);
    const { done, undone } = await flush(many(3000, '/'), 'batch', 60_000, config, ports);
    expect(done.length).toBeGreaterThan(2300);
    expect(done.length + undone.length).toBe(3000);
  });
});

describe('a function that rebuilds', () => {
  const answering = (answer: { FunctionError?: string; Payload?: string }) =>
    new LambdaInvalidator('rebuild', 5, {
      send: async () => ({ ...answer, Payload: new TextEncoder().encode(answer.Payload ?? '') }),
    } as never).invalidate(keys('a', 'b'));

  test('names the keys that failed', async () => {
    await expect(answering({ Payload: '{"failed":["b"]}' })).resolves.toEqual({ failed: ['b'] });
    await expect(answering({ Payload: '{"failed":[]}' })).resolves.toEqual({ failed: [] });
    await expect(answering({ Payload: 'null' })).resolves.toEqual({});
    await expect(answering({})).resolves.toEqual({});
  });

  test.each(['{"failed":"a"}', '{"failed":["A"]}', '{"failed":["b",1]}', '<html>error</html>'])(
    'an answer that is not understood is no success: %s',
    async (Payload) => {
      await expect(answering({ Payload })).rejects.toMatchObject({ name: 'AnswerNotUnderstood' });
    },
  );

  test('fails as a whole when it throws', async () => {
    await expect(answering({ FunctionError: 'Unhandled', Payload: '{}' })).rejects.toMatchObject({
      name: 'FunctionError',
    });
  });
});

describe('a cache', () => {
  const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });
  const cache = (answer: (key: string) => number | Error) => {
    const unlinked: string[] = [];
    const client = {
      unlink: async (key: string) => {
        unlinked.push(key);
        const one = answer(key);
        if (one instanceof Error) throw one;
        return one;
      },
    } as unknown as CacheClient;
    return { unlinked, invalidator: new CacheInvalidator(client, 'page:') };
  };

  test('deletes every key by itself, and names those that failed', async () => {
    const { unlinked, invalidator } = cache((key) => (key === 'page:b' ? reply('ERR of this key') : 1));
    await expect(invalidator.invalidate(keys('a', 'b'))).resolves.toEqual({ failed: ['b'], busy: [] });
    expect(unlinked).toEqual(['page:a', 'page:b']);
  });

  test.each(['MOVED 1 10.0.0.2:6379', 'READONLY You can', 'NOAUTH', 'LOADING Redis is', 'CLUSTERDOWN', 'OOM command'])(
    'what is wrong with the server is the fault of no key: %s',
    async (message) => {
      const { invalidator } = cache((key) => (key === 'page:b' ? reply(message) : 1));
      await expect(invalidator.invalidate(keys('a', 'b', 'c'))).resolves.toEqual({ failed: [], busy: ['b'] });
    },
  );

  test('nor is a command that timed out', async () => {
    const { invalidator } = cache((key) => (key === 'page:b' ? new Error('Command timed out') : 1));
    await expect(invalidator.invalidate(keys('a', 'b'))).resolves.toMatchObject({ failed: [], busy: ['b'] });
  });

  test('a cluster that is not connected to as one: nothing is set aside', async () => {
    const { invalidator } = cache((key) => (Number(key.slice(6)) % 3 === 0 ? 1 : reply('MOVED 1 10.0.0.2:6379')));
    let now = 0;
    const all = { ...world(() => ({})).ports, invalidator, now: () => (now += 100) };
    expect((await flush(many(900), 'batch', 10_000, { ...CONFIG, keysPerCall: 1000 }, all)).aside).toEqual([]);
  });
});
