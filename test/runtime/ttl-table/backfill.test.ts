/** A worker on a table in memory, with a clock that only its own waiting moves. */
import { Random } from '../../../lib/flow/numerics/random';
import {
  afterPage,
  backfill,
  type Dated,
  type ItemTable,
  type Key,
  type Page,
  type Progress,
  type ProgressTable,
  type Undated,
  type Work,
  type Worked,
} from '../../../lib/runtime/ttl-table/backfill';
import { MOST_UNANSWERED, Throttled, Unanswered } from '../../../lib/runtime/ttl-table/pacer';
import { UnitBucket } from '../../../lib/runtime/ttl-table/unit-bucket';

const DAY = 86_400;
const LEASE_MILLIS = 60_000;
const NOTHING: Progress = { place: undefined, passes: 0, changed: 0, changedBefore: 0, dated: 0, done: false };

/** Items by number, in pages. */
class Items implements ItemTable {
  public readonly expiries = new Map<number, number>();
  public readonly writtenAt: number[] = [];
  public throttleNext = 0;
  /** Calls of all kinds that are not answered. */
  public unansweredNext = 0;
  /** Items without a creation time. */
  public readonly timeless = new Set<number>();
  public beforeWrite: (id: number) => void = () => {};

  constructor(
    public count: number,
    private readonly clock: Clock,
    private readonly pageItems = 10,
    private readonly unitsEach = 1,
  ) {}

  public async page(_segment: number, from: Key | undefined): Promise<Page> {
    this.fail();
    const first = from === undefined ? 0 : Number(from.id.N) + 1;
    const ids = Array.from({ length: Math.min(this.pageItems, this.count - first) }, (_, index) => first + index);
    const next = first + ids.length < this.count ? { id: { N: String(first + ids.length - 1) } } : undefined;
    const items = ids
      .filter((id) => !this.expiries.has(id))
      .map(
        (id): Undated => ({
          key: { id: { N: String(id) } },
          created: this.timeless.has(id) ? undefined : { N: String(this.clock.millis / 1000 - 100 * DAY) },
        }),
      );
    return { items, next, units: ids.length / 8 };
  }

  public async date({ key }: Undated, expiry: number): Promise<Dated> {
    const id = Number(key.id.N);
    this.fail();
    if (this.throttleNext > 0) {
      this.throttleNext -= 1;
      throw new Throttled('ThrottlingException');
    }
    this.beforeWrite(id);
    if (this.expiries.has(id)) return { written: false, units: this.unitsEach };
    this.expiries.set(id, expiry);
    this.writtenAt.push(this.clock.millis);
    return { written: true, units: this.unitsEach };
  }

  private fail(): void {
    if (this.unansweredNext === 0) return;
    this.unansweredNext -= 1;
    throw new Unanswered('TimeoutError', { cause: new Error('socket hang up') });
  }
}

/** Progress of one segment. */
class Saved implements ProgressTable {
  public state: Progress = NOTHING;
  public holder: string | undefined;
  public saves = 0;
  /** When the lease was taken or renewed. */
  public readonly leasedAt: number[] = [];
  public startedAt: number | undefined;

  /** What one worker sees of it. */
  public of(name: string): ProgressTable {
    const { acquire, save, release, begin } = this;
    const isHolder = (nowMillis: number) => {
      this.leasedAt.push(nowMillis);
      return this.holder === name;
    };
    return {
      begin: begin.bind(this),
      acquire: async (_segment, nowMillis) => {
        this.leasedAt.push(nowMillis);
        const free = await acquire.call(this);
        if (free) this.holder = name;
        return free;
      },
      save: async (_segment, progress, nowMillis) => isHolder(nowMillis) && save.call(this, 0, progress),
      renew: async (_segment, nowMillis) => isHolder(nowMillis),
      release: release.bind(this),
    };
  }
  public async begin(now: number): Promise<number> {
    this.startedAt ??= now;
    return this.startedAt;
  }
  public async acquire(): Promise<Progress | undefined> {
    return this.state.done || this.holder !== undefined ? undefined : this.state;
  }
  public async save(_segment: number, progress: Progress): Promise<boolean> {
    this.saves += 1;
    this.state = progress;
    return true;
  }
  public async renew(): Promise<boolean> {
    return true;
  }
  public async release(): Promise<void> {
    this.holder = undefined;
  }
}

class Clock {
  public millis = 1_800_000_000_000;
}

function world(count: number, more: Partial<Work> = {}, unitsEach = 1, perSecond = 50) {
  const clock = new Clock();
  const items = new Items(count, clock, 10, unitsEach);
  const saved = new Saved();
  const start = (name = 'first', again: Partial<Work> = {}): Promise<Worked> =>
    backfill({
      segment: 0,
      items,
      progress: saved.of(name),
      writes: new UnitBucket(perSecond, clock.millis),
      reads: new UnitBucket(1000, clock.millis),
      unitsPerItem: unitsEach,
      expiry: { retentionSeconds: 85 * DAY, drainSeconds: 10 * DAY },
      expireUnknownAge: false,
      leaseMillis: LEASE_MILLIS,
      backfillSeconds: 3600,
      passes: 10,
      nowMillis: () => clock.millis,
      untilMillis: clock.millis + 870_000,
      dice: () => 0.5,
      sleep: async (millis) => {
        clock.millis += millis;
      },
      ...more,
      ...again,
    });
  return { clock, items, saved, start };
}

test('every item gets its expiry, and a pass that finds nothing ends it', async () => {
  const { items, saved, start } = world(95);
  expect(await start()).toMatchObject({ dated: 95, spread: 95, unknownAge: 0, ended: 'done' });
  expect(items.expiries.size).toBe(95);
  expect(saved.state).toMatchObject({ passes: 2, dated: 95, done: true });
});

test('one pass is enough when the writers set the expiry', async () => {
  const { saved, start } = world(95, { passes: 1 });
  await start();
  expect(saved.state).toMatchObject({ passes: 1, done: true });
});

test('its write units keep to the budget, from the first second on', async () => {
  const { clock, items, start } = world(400, { passes: 1 });
  const began = clock.millis;
  await start();
  expect((clock.millis - began) / 1000).toBeGreaterThanOrEqual(400 / 50 - 1);
  for (const from of items.writtenAt) {
    const within = items.writtenAt.filter((at) => at >= from && at < from + 1000).length;
    expect(within).toBeLessThanOrEqual(2 * 50);
  }
  expect(items.writtenAt.filter((at) => at < began + 1000).length).toBeLessThanOrEqual(50);
});

test('items that take more units than planned slow it down by as much', async () => {
  const { clock, start } = world(200, { unitsPerItem: 1, passes: 1 }, 4);
  const began = clock.millis;
  await start();
  expect((clock.millis - began) / 1000).toBeGreaterThan(((200 * 4) / 50) * 0.9);
});

test('items that take longer than a worker has keep to the budget too, over many starts', async () => {
  // A date of 100 units at 0.05 a second: 2,000 s, and a worker has 870.
  const { clock, items, saved, start } = world(1000, { passes: 1 }, 100, 0.05);
  const random = new Random(7);
  for (let run = 0; run < 400; run += 1) {
    const began = clock.millis;
    const writes = new UnitBucket(0.05, clock.millis);
    await start(`worker ${run}`, { writes, untilMillis: began + 870_000, dice: () => random.uniform() });
    saved.holder = undefined;
    clock.millis = began + 900_000;
  }
  expect(items.expiries.size / ((400 * 870 * 0.05) / 100)).toBeCloseTo(1, 1);
});

test('reads keep to their budget too, where all items have an expiry', async () => {
  const { clock, items, start } = world(400, { passes: 1 });
  for (let id = 0; id < 400; id += 1) items.expiries.set(id, 1);
  const began = clock.millis;
  await start('first', { reads: new UnitBucket(5, clock.millis) });
  expect((clock.millis - began) / 1000).toBeGreaterThan((400 / 8 / 5) * 0.8);
});

test('a throttled write is made again, more slowly, and nothing is lost', async () => {
  const { items, start } = world(60);
  items.throttleNext = 7;
  expect(await start()).toMatchObject({ dated: 60, throttled: 7, ended: 'done' });
});

describe('items that do not say when they were created, such as settings and accounts', () => {
  const mixed = (more: Partial<Work> = {}) => {
    const made = world(95, more);
    for (let id = 0; id < 95; id += 5) made.items.timeless.add(id);
    return made;
  };

  test('get no expiry, are counted once whatever the number of passes, and keep no pass going', async () => {
    const { items, saved, start } = mixed();
    expect(await start()).toMatchObject({ dated: 76, spread: 76, unknownAge: 19, ended: 'done' });
    expect([...items.expiries.keys()].filter((id) => items.timeless.has(id))).toEqual([]);
    expect(saved.state).toMatchObject({ passes: 2, dated: 76, done: true });
  });

  test('get that of an item of today where they are to expire, never that of an old one', async () => {
    const { clock, items, start } = mixed({ expireUnknownAge: true });
    const began = clock.millis / 1000;
    expect(await start()).toMatchObject({ dated: 95, spread: 76, unknownAge: 19, ended: 'done' });
    for (const id of items.timeless) expect(items.expiries.get(id)).toBeGreaterThanOrEqual(began + 85 * DAY);
  });
});

describe('calls that are not answered', () => {
  test('are made again, more slowly: one time-out does not end a worker', async () => {
    const { items, start } = world(60);
    items.unansweredNext = MOST_UNANSWERED - 1;
    expect(await start()).toMatchObject({ dated: 60, unanswered: MOST_UNANSWERED - 1, throttled: 0, ended: 'done' });
  });

  test('ten times in a row end it, with the error of the connection', async () => {
    const { items, start } = world(60);
    items.unansweredNext = MOST_UNANSWERED;
    await expect(start()).rejects.toThrow('socket hang up');
  });

  test('ten times end it in the middle of a page, too, and the next worker goes on', async () => {
    const { items, saved, start } = world(60);
    items.beforeWrite = (id) => {
      if (id === 25 && saved.state.place?.id.N === '19') items.unansweredNext = 1000;
    };
    await expect(start()).rejects.toThrow('socket hang up');
    items.unansweredNext = 0;
    items.beforeWrite = () => {};
    saved.holder = undefined;
    await start('second');
    expect(items.expiries.size).toBe(60);
  });
});

describe('at a pace at which a page takes longer than the lease', () => {
  test('the lease is renewed while calls wait, so that no other worker takes the segment', async () => {
    // An item takes 80 s.
    const { saved, start } = world(10, { passes: 1 }, 1, 1 / 80);
    expect(await start()).toMatchObject({ dated: 10, ended: 'done' });
    const gaps = saved.leasedAt.slice(1).map((at, index) => at - saved.leasedAt[index]);
    expect(Math.max(...gaps)).toBeLessThanOrEqual((2 / 3) * LEASE_MILLIS);
    // Not at every wait: each renewal is a write.
    expect(saved.leasedAt.length).toBeLessThan(60);
  });

  test('a worker that finds the lease with another one while it waits stops', async () => {
    const { items, saved, start } = world(30, { passes: 1 }, 1, 0.1);
    items.beforeWrite = (id) => {
      if (id === 3) saved.holder = 'second';
    };
    expect(await start()).toMatchObject({ ended: 'lease lost' });
    expect(items.expiries.size).toBeLessThan(10);
  });

  test('its time is up in the middle of a page: that is no error, and what is dated counts', async () => {
    const { clock, items, saved, start } = world(30, { passes: 1 }, 100, 1);
    const until = clock.millis + 870_000;
    expect(await start()).toMatchObject({ ended: 'time is up' });
    expect(clock.millis).toBeLessThanOrEqual(until);
    const dated = items.expiries.size;
    expect(dated).toBeGreaterThan(0);
    expect(dated).toBeLessThan(10);
    expect([saved.holder, saved.state.place, saved.state.dated]).toEqual([undefined, undefined, dated]);
    for (let day = 0; day < 10 && !saved.state.done; day += 1)
      await start(`next ${day}`, { untilMillis: clock.millis + 870_000 });
    expect(saved.state).toMatchObject({ dated: 30, done: true });
  });

  test('throttled without end it stops when its time is up', async () => {
    const { clock, items, start } = world(30);
    items.throttleNext = Number.POSITIVE_INFINITY;
    const until = clock.millis + 870_000;
    expect(await start()).toMatchObject({ dated: 0, ended: 'time is up' });
    expect(clock.millis).toBeLessThanOrEqual(until);
  });
});

test('killed in the middle of a page, the next worker continues at its begin and dates each item once', async () => {
  const { items, saved, start } = world(100);
  let killed = false;
  items.beforeWrite = () => {
    if (items.expiries.size >= 45 && !killed) {
      killed = true;
      throw new Error('killed');
    }
  };
  await expect(start()).rejects.toThrow('killed');
  const before = new Map(items.expiries);
  expect(saved.state.place).toEqual({ id: { N: '39' } });
  // Its lease lasts.
  expect(await start('second')).toMatchObject({ dated: 0, ended: 'not mine' });
  saved.holder = undefined;
  expect(await start('second', { dice: () => 0.9 })).toMatchObject({ dated: 100 - before.size, ended: 'done' });
  for (const [id, expiry] of before) expect(items.expiries.get(id)).toBe(expiry);
});

test('when its time is up it gives the lease back, with its place saved', async () => {
  const { clock, saved, start } = world(1000);
  expect(await start('first', { untilMillis: clock.millis + 3000 })).toMatchObject({ ended: 'time is up' });
  expect(saved.holder).toBeUndefined();
  expect(saved.state.place).toBeDefined();
  expect(await start('second')).toMatchObject({ ended: 'done' });
  expect(saved.state.dated).toBe(1000);
});

test('a worker whose lease went to another one stops', async () => {
  const { items, saved, start } = world(100);
  items.beforeWrite = () => {
    saved.holder = 'second';
  };
  expect(await start()).toMatchObject({ ended: 'lease lost' });
});

test('an item that a writer dated meanwhile keeps that expiry', async () => {
  const { items, start } = world(20);
  items.beforeWrite = (id) => {
    if (id === 3) items.expiries.set(3, 42);
  };
  expect(await start()).toMatchObject({ dated: 19 });
  expect(items.expiries.get(3)).toBe(42);
});

describe('passes', () => {
  const at = (changed: number, changedBefore: number, passes: number) =>
    afterPage({ ...NOTHING, changed, changedBefore, passes }, 0, undefined, 10);

  test('go on while each finds less than half of the one before', () => {
    expect(at(100, 0, 0)).toMatchObject({ done: false, passes: 1, changed: 0, changedBefore: 100 });
    expect(at(40, 100, 1).done).toBe(false);
    expect(at(0, 40, 2).done).toBe(true);
  });

  test('end when writers without an expiry keep the number up, and after the last one', () => {
    expect(at(60, 100, 1).done).toBe(true);
    expect(afterPage({ ...NOTHING, changed: 1, changedBefore: 100, passes: 9 }, 0, undefined, 10).done).toBe(true);
  });
});

test('a bucket that is throttled halves its rate, and comes back', () => {
  const bucket = new UnitBucket(100, 0);
  bucket.take(50);
  expect(bucket.waitMillis(0)).toBe(500);
  bucket.slowDown();
  expect(bucket.waitMillis(0)).toBe(1000);
  for (let page = 0; page < 20; page += 1) bucket.recover();
  expect(bucket.waitMillis(0)).toBe(500);
  // A clock that goes back gives nothing.
  expect(bucket.waitMillis(-10_000)).toBe(500);
});
