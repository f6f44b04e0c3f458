/** The reader of a stream: restart, lost answers, poison, a server that lost its memory, the end. */

import type { MergedKey } from '../../../lib/runtime/coalescer/merge';
import { type Entry, Loop, type LoopPorts, type Source } from '../../../lib/runtime/coalescer-container/loop';

const CONFIG = {
  windowSeconds: 1,
  maxBatch: 100,
  flushSeconds: 30,
  keysPerCall: 10,
  workers: 1,
  attempts: 5,
  backoffSeconds: 0.1,
  backoffCapSeconds: 1,
  callSeconds: 0.01,
  asideAfterSeconds: 600,
};

/** A stream in memory, with what its one reader holds. */
class Stream implements Source {
  public readonly unread: Entry[] = [];
  public held: Entry[] = [];
  public readonly aside: string[] = [];
  public prepared = 0;
  /** What the next call of each kind does before it answers. */
  public fail: Partial<Record<'next' | 'settle' | 'pending', (stream: Stream) => void>> = {};

  constructor(public clockMillis = 10_000) {}

  public add(id: number, key: string | undefined): void {
    this.unread.push({ id: `${id}-0`, fields: key === undefined ? {} : { key, value: `${key}${id}` } });
  }

  public async prepare(): Promise<void> {
    this.prepared += 1;
  }

  public async pending(count: number): Promise<Entry[]> {
    this.#fail('pending');
    return this.held.slice(0, count);
  }

  public async next(count: number): Promise<Entry[]> {
    const entries = this.unread.splice(0, count);
    this.held.push(...entries);
    this.#fail('next');
    return entries;
  }

  public async settle(
    ids: readonly string[],
    aside: readonly MergedKey[],
    malformed: readonly string[],
    dropped: readonly string[],
  ): Promise<void> {
    this.#fail('settle');
    this.held = this.held.filter(({ id }) => !ids.includes(id) && !dropped.includes(id));
    this.aside.push(...aside.map(({ key }) => key), ...malformed);
  }

  public async clock(): Promise<number> {
    return this.clockMillis;
  }

  #fail(name: 'next' | 'settle' | 'pending'): void {
    const fail = this.fail[name];
    delete this.fail[name];
    fail?.(this);
  }
}

/** Runs a loop until the stream has been empty for some turns. */
async function run(stream: Stream, invalidate: (keys: readonly MergedKey[]) => Promise<void> = async () => {}) {
  const worked: MergedKey[] = [];
  const counted: Record<string, number> = {};
  const delays: number[] = [];
  let turns = 0;
  const ports: LoopPorts = {
    invalidator: {
      async invalidate(keys) {
        await invalidate(keys);
        worked.push(...keys);
        return {};
      },
    },
    wait: async () => {},
    now: () => {
      turns += 1;
      if (turns > 200 || (turns > 60 && stream.unread.length + stream.held.length === 0)) loop.stop();
      return turns;
    },
    random: () => 0,
    log: () => {},
    count: (name, value) => {
      counted[name] = (counted[name] ?? 0) + value;
    },
    delay: (seconds) => delays.push(seconds),
  };
  const loop: Loop = new Loop(stream, CONFIG, ports);
  await loop.run();
  return { worked, counted, delays };
}

const names = (keys: readonly MergedKey[]) => keys.map(({ key }) => key);

test('collects, merges, works, and only then acknowledges', async () => {
  const stream = new Stream();
  for (const [id, key] of [
    [1000, 'a'],
    [1001, 'b'],
    [1002, 'a'],
  ] as const)
    stream.add(id, key);
  const heldWhileWorking: number[] = [];
  const { worked, counted, delays } = await run(stream, async () => {
    heldWhileWorking.push(stream.held.length);
  });
  expect(worked).toMatchObject([
    { key: 'a', id: '1002-0', value: 'a1002', events: 2 },
    { key: 'b', events: 1 },
  ]);
  expect(heldWhileWorking).toEqual([3]);
  expect(stream.held).toEqual([]);
  expect(counted).toMatchObject({ Events: 3, Keys: 2 });
  // By the clock of the server: the one of this machine may be wrong.
  expect(delays).toEqual([9]);
});

test('after a restart it works on what it held first', async () => {
  const stream = new Stream();
  stream.add(1, 'a');
  await stream.next(10);
  stream.add(2, 'b');
  const { worked } = await run(stream);
  expect(names(worked)).toEqual(['a', 'b']);
  expect(stream.held).toEqual([]);
});

test('an answer that was lost handed entries over all the same: they are worked on', async () => {
  const stream = new Stream();
  stream.add(1, 'a');
  stream.fail.next = () => {
    throw new Error('connection lost');
  };
  const { worked } = await run(stream);
  expect(names(worked)).toEqual(['a']);
  expect(stream.held).toEqual([]);
});

test('an acknowledgement that was lost makes a duplicate, and no loss', async () => {
  const stream = new Stream();
  stream.add(1, 'a');
  stream.fail.settle = () => {
    throw new Error('connection lost');
  };
  const { worked } = await run(stream);
  expect(names(worked)).toEqual(['a', 'a']);
  expect(stream.held).toEqual([]);
});

test('a server that lost its memory gets its group again', async () => {
  const stream = new Stream();
  stream.fail.pending = () => {
    throw new Error('NOGROUP No such key');
  };
  await run(stream);
  expect(stream.prepared).toBe(2);
});

test('a poisonous key and an entry without a key are set aside, the rest go on', async () => {
  const stream = new Stream();
  stream.add(1, 'poison');
  stream.add(2, 'a');
  stream.add(3, undefined);
  const { worked, counted } = await run(stream, async (keys) => {
    if (names(keys).includes('poison')) throw new Error('poison');
  });
  // Once more, to see that it is not the service that fails.
  expect([names(worked), stream.aside, stream.held]).toEqual([['a', 'a'], ['poison', '3-0'], []]);
  expect(counted.SetAside).toBe(2);
});

test('a service that is unavailable: nothing is acknowledged, and all keys are retried when it answers again', async () => {
  const stream = new Stream();
  stream.add(1, 'a');
  let down = 2 * CONFIG.attempts;
  const { worked, counted } = await run(stream, async () => {
    down -= 1;
    if (down >= 0) throw new Error('down');
  });
  expect(names(worked)).toEqual(['a']);
  expect(counted.Away).toBe(2);
  expect(stream.held).toEqual([]);
});

test('entries that the stream dropped are counted: they are lost', async () => {
  const stream = new Stream();
  stream.held.push({ id: '1-0', fields: null });
  const { counted } = await run(stream);
  expect(counted.Dropped).toBe(1);
  expect(stream.held).toEqual([]);
});

test('told to end, it finishes what it has and takes nothing new', async () => {
  const stream = new Stream();
  stream.add(1, 'a');
  let loop: Loop;
  const ports: LoopPorts = {
    invalidator: { invalidate: async () => ({}) },
    async wait() {
      stream.add(2, 'b');
      loop.stop();
    },
    now: () => 0,
    random: () => 0,
    log: () => {},
    count: () => {},
    delay: () => {},
  };
  loop = new Loop(stream, CONFIG, ports);
  await loop.run();
  expect(stream.held).toEqual([]);
  expect(stream.unread).toHaveLength(1);
});
