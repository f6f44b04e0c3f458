/** The worker that pulls: what it acknowledges, what it returns, and when it ends. */
import { EventEmitter } from 'node:events';
import {
  type OnMessage,
  type PulledMessage,
  type PulledSubscription,
  type PullOptions,
  pullMessages,
} from '../../lib/runtime/pubsub-worker/consumer';
import { MemoryStore } from '../support/effect-store';

/** What a subscription of Google's client does, as far as the worker asks for it. */
class Subscription extends EventEmitter implements PulledSubscription {
  public options: Parameters<PulledSubscription['setOptions']>[0] | undefined;
  public readonly answers: string[] = [];
  readonly #open = new Set<string>();
  #onEmpty: (() => void) | undefined;

  public setOptions(options: Parameters<PulledSubscription['setOptions']>[0]): void {
    this.options = options;
  }

  public async close(): Promise<void> {
    if (this.#open.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
  }

  public deliver(id: string, attempt = 1): void {
    this.#open.add(id);
    const answer = (what: string) => () => {
      this.answers.push(`${what} ${id}`);
      this.#open.delete(id);
      if (this.#open.size === 0) this.#onEmpty?.();
    };
    const message: PulledMessage = {
      ...{ id, data: Buffer.from('{}'), attributes: {}, deliveryAttempt: attempt },
      ack: answer('ack'),
      nack: answer('nack'),
    };
    this.emit('message', message);
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
let log: jest.SpyInstance;
let subscription: Subscription;
let store: MemoryStore;
const lines = () => log.mock.calls.map(([line]) => JSON.parse(line) as Record<string, unknown>);

beforeEach(() => {
  log = jest.spyOn(console, 'log').mockImplementation(() => {});
  subscription = new Subscription();
  store = new MemoryStore();
});
afterEach(() => {
  jest.useRealTimers();
  log.mockRestore();
  process.removeAllListeners('SIGTERM');
});

const pull = (onMessage: OnMessage<string[]>, options: PullOptions = {}) =>
  pullMessages(subscription, onMessage, store, { stopSeconds: 10, ...options });
const effect: OnMessage<string[]> = async ({ id }, writes) => void writes.push(id);

test('no more messages are held than are worked on, and the client waits for them when it is closed', () => {
  pull(effect, { slots: 3 });
  expect(subscription.options).toEqual({
    flowControl: { maxMessages: 3, allowExcessMessages: false },
    // The service counts messages of a stream; one that was answered counts until the answer is sent.
    streamingOptions: { maxStreams: 1 },
    batching: { maxMilliseconds: 10 },
    closeOptions: { behavior: 'WAIT' },
  });
});

test('a message is acknowledged after its effect is committed, not before', async () => {
  let commit: () => void = () => {};
  pull(async ({ id }, writes) => {
    writes.push(id);
    await new Promise<void>((resolve) => (commit = resolve));
  });
  subscription.deliver('a');
  await settled();
  expect([subscription.answers, store.effects]).toEqual([[], []]);
  commit();
  await settled();
  expect([subscription.answers, store.effects]).toEqual([['ack a'], ['a']]);
});

test('a message that is delivered twice has one effect, and is acknowledged twice', async () => {
  pull(effect);
  subscription.deliver('a');
  await settled();
  subscription.deliver('a', 2);
  await settled();
  expect(store.effects).toEqual(['a']);
  expect(subscription.answers).toEqual(['ack a', 'ack a']);
  expect(lines().map(({ message }) => message)).toEqual(['processed', 'duplicate']);
});

test('one that is published twice has one effect where the key says so', async () => {
  pull(effect, { keyOf: () => 'order-1' });
  subscription.deliver('a');
  await settled();
  subscription.deliver('b');
  await settled();
  expect(store.effects).toEqual(['a']);
});

test('poison is returned, and its error is not quoted in the log', async () => {
  pull(async () => {
    throw new TypeError('card 4711');
  });
  subscription.deliver('a', 4);
  await settled();
  expect(subscription.answers).toEqual(['nack a']);
  expect(lines()).toEqual([{ severity: 'WARNING', message: 'failed', error: 'TypeError', attempt: 4 }]);
});

test('a key that cannot be read is a failure of its message, and of no other', async () => {
  pull(effect, {
    keyOf: ({ id }) => {
      if (id === 'a') throw new Error('no number');
      return id;
    },
  });
  subscription.deliver('a');
  subscription.deliver('b');
  await settled();
  expect(subscription.answers.sort()).toEqual(['ack b', 'nack a']);
});

test('an item that hangs is given up and returned; when it ends after all, it is not acknowledged', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  let finish: () => void = () => {};
  pull(() => new Promise<void>((resolve) => (finish = resolve)), { itemSeconds: 60 });
  subscription.deliver('a');
  jest.advanceTimersByTime(59_999);
  expect(subscription.answers).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(subscription.answers).toEqual(['nack a']);
  finish();
  await settled();
  expect(subscription.answers).toEqual(['nack a']);
});

describe('SIGTERM', () => {
  test('what can be finished is finished, and then the worker is done', async () => {
    let finish: () => void = () => {};
    const { done } = pull(async ({ id }, writes) => {
      await new Promise<void>((resolve) => (finish = resolve));
      writes.push(id);
    });
    subscription.deliver('a');
    process.emit('SIGTERM');
    finish();
    await done;
    expect([subscription.answers, store.effects]).toEqual([['ack a'], ['a']]);
  });

  test('what cannot is returned 2 s before the instance is killed, so that another takes it at once', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const { done } = pull(() => new Promise<void>(() => {}));
    subscription.deliver('a');
    process.emit('SIGTERM');
    jest.advanceTimersByTime(7999);
    expect(subscription.answers).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(subscription.answers).toEqual(['nack a']);
    await done;
  });

  test('a message that was on its way is returned unseen', async () => {
    const seen: string[] = [];
    const { stop } = pull(async ({ id }) => void seen.push(id));
    const stopped = stop();
    subscription.deliver('late');
    await stopped;
    expect([seen, subscription.answers]).toEqual([[], ['nack late']]);
  });

  test('a client that does not close does not keep the process', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    subscription.close = () => new Promise(() => {});
    const { done } = pull(effect);
    process.emit('SIGTERM');
    jest.advanceTimersByTime(10_000);
    await done;
  });
});

test('a subscription that cannot be pulled ends the worker', async () => {
  const { done } = pull(effect);
  subscription.emit('error', Object.assign(new Error('no'), { code: 7 }));
  await expect(done).rejects.toThrow('no');
  expect(lines()[0]).toMatchObject({ severity: 'ERROR', error: 'Error 7' });
});

test('a setting of the environment that is no number is refused at the start', () => {
  process.env.SLOTS = 'many';
  try {
    expect(() => pull(effect)).toThrow("SLOTS must be a number above 0, got 'many'");
  } finally {
    delete process.env.SLOTS;
  }
});
