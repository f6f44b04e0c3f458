/** The bucket that all senders share: what a window holds, for any askers and clocks. */

import { Random } from '../../../lib/flow/numerics/random';
import { DailyBucket, takeOfDay } from '../../../lib/runtime/sender/day';
import { DynamoBucketStore, DynamoDayStore } from '../../../lib/runtime/sender/dynamo';
import { type Reservation, SharedBucket, type Slot } from '../../../lib/runtime/sender/slots';
import { DynamoTable } from '../../support/dynamo-table';
import { mostInWindow, PACE } from '../../support/mailing';

const START = 1_800_000_000_000;
/** A sender that may wait as long as it takes. */
const FAR = Number.POSITIVE_INFINITY;

const slotsOf = (reservation: Reservation): readonly Slot[] => {
  if ('closed' in reservation) throw new Error(`closed: ${reservation.closed}`);
  return reservation.slots;
};

function bucketAt(now: () => number, table = new DynamoTable(), pace = PACE) {
  return new SharedBucket(new DynamoBucketStore(table.client, 'mails', 'ses'), pace, now);
}

/** A function is back for its next batch that long after its last call ended. */
const BETWEEN_BATCHES_MILLIS = 50;

/** So many senders, each with a bucket of its own over one table, that take portions as soon as the last one is sent. */
async function crowd(senders: number, portion: number, seconds: number, pace = PACE) {
  const table = new DynamoTable();
  const random = new Random(7);
  // The calls of the senders interleave.
  table.pause = async () => {
    for (let turn = random.uniform() * 4; turn > 0; turn -= 1) await Promise.resolve();
  };
  let now = START;
  const free = Array.from({ length: senders }, () => START + random.uniform() * 50);
  const buckets = free.map(() => bucketAt(() => now, table, pace));
  const arrivals: number[] = [];
  while (now < START + seconds * 1000) {
    now = Math.min(...free);
    const ready = [...free.keys()].filter((one) => free[one] <= now + 2);
    await Promise.all(
      ready.map(async (one) => {
        const reservation = await buckets[one].reserve(portion, FAR);
        if ('closed' in reservation) {
          free[one] = now + (reservation.retryMillis ?? 0);
          return;
        }
        const { slots } = reservation;
        // It leaves at any time of its slot, and may be as long on its way.
        for (const { at, until } of slots) arrivals.push(at + (random.uniform() + random.uniform()) * (until - at));
        free[one] = slots[slots.length - 1].at + 150 + (portion > 1 ? BETWEEN_BATCHES_MILLIS : 0);
      }),
    );
  }
  const within = arrivals.filter((at) => at < START + seconds * 1000);
  return { arrivals, table, perSecond: within.length / seconds };
}

describe('what the provider sees', () => {
  test.each([
    ['20 callers with one slot each', 20, 1],
    ['24 callers with one slot each', 24, 1],
    ['2 functions with 23 messages each, the crew of case 7', 2, 23],
    ['5 functions with 6 messages each', 5, 6],
  ])('%s: never above the limit in any window of a second, and at least 95 %% of it', async (_, senders, portion) => {
    const { arrivals, perSecond } = await crowd(senders, portion, 20);
    expect(mostInWindow(arrivals, 1000)).toBeLessThanOrEqual(100);
    expect(perSecond).toBeGreaterThanOrEqual(95);
  });

  test('what is in flight shared out over both functions is too little: both wait for their last call at once', async () => {
    const { perSecond } = await crowd(2, 12, 20);
    expect(perSecond).toBeLessThan(80);
  });

  test('a burst of 2 lowers the rate and keeps the limit', async () => {
    const pace = { ...PACE, messagesPerSecond: 99 / 1.05, burst: 2 };
    const { arrivals } = await crowd(24, 1, 20, pace);
    expect(mostInWindow(arrivals, 1000)).toBeLessThanOrEqual(100);
  });

  test('the limit of a small provider: 14 a second', async () => {
    const { arrivals, perSecond } = await crowd(6, 1, 30, { ...PACE, messagesPerSecond: 14 / 1.05 });
    expect(mostInWindow(arrivals, 1000)).toBeLessThanOrEqual(14);
    expect(perSecond).toBeGreaterThanOrEqual(0.95 * 14 * (1 - 1 / 30));
  });
});

describe('calls', () => {
  test('a bucket in use takes one update for a portion, an idle one two, and no reads', async () => {
    const table = new DynamoTable();
    let now = START;
    const bucket = bucketAt(() => now, table);
    await bucket.reserve(10, FAR);
    expect(table.calls).toEqual(['UpdateItem', 'UpdateItem']);
    await bucket.reserve(10, FAR);
    expect(table.calls).toHaveLength(3);
    now += 60_000;
    const slots = slotsOf(await bucket.reserve(10, FAR));
    expect(table.calls).toHaveLength(5);
    // Nothing was saved while nothing was sent.
    expect(slots[0].at).toBe(now);
  });

  test('slots of one portion are equally spaced, and follow those of the portion before', async () => {
    const bucket = bucketAt(() => START);
    const slots = [...slotsOf(await bucket.reserve(3, FAR)), ...slotsOf(await bucket.reserve(2, FAR))];
    expect(slots.map(({ at }) => Math.round(at - START))).toEqual([0, 11, 21, 32, 42]);
    expect(slots.map(({ at, until }) => Math.round(until - at))).toEqual([25, 25, 25, 25, 25]);
  });

  test('four tries at most: a bucket that others move in between is asked again soon, and its provider is not away', async () => {
    const table = new DynamoTable();
    const store = new DynamoBucketStore(table.client, 'mails', 'ses');
    const busy = new SharedBucket(
      {
        ...bound(store),
        advance: async () => ({ done: false, item: undefined }),
        restart: async () => ({ done: false, item: undefined }),
      },
      PACE,
      () => START,
    );
    expect(await busy.reserve(1, FAR)).toEqual({ closed: 'busy', retryMillis: 100 });
  });
});

const bound = (store: DynamoBucketStore) => ({
  setFactor: store.setFactor.bind(store),
  setAway: store.setAway.bind(store),
});

describe('the clock', () => {
  test('a sender whose clock is behind takes the slots after those of the others, never one twice', async () => {
    const table = new DynamoTable();
    const [good, behind] = [bucketAt(() => START, table), bucketAt(() => START - 5000, table)];
    const first = slotsOf(await good.reserve(5, FAR));
    const second = slotsOf(await behind.reserve(5, FAR));
    expect(second[0].at).toBeGreaterThan(first[4].at);
  });

  test('a clock that is set back gives no slot a second time', async () => {
    let now = START;
    const bucket = bucketAt(() => now);
    const first = slotsOf(await bucket.reserve(5, FAR));
    now -= 3000;
    expect(slotsOf(await bucket.reserve(1, FAR))[0].at).toBeGreaterThan(first[4].at);
  });

  test('a clock an hour ahead sends alone, and gives no slot a second time: the others wait', async () => {
    const table = new DynamoTable();
    const [good, ahead] = [bucketAt(() => START, table), bucketAt(() => START + 3_600_000, table)];
    const slots = slotsOf(await ahead.reserve(5, FAR));
    const next = slots[4].at + 1000 / PACE.messagesPerSecond;
    const { retryMillis } = (await good.reserve(1, FAR)) as { retryMillis: number };
    expect(retryMillis).toBeCloseTo(next - (START + 60_000), 2);
    expect(slotsOf(await ahead.reserve(1, FAR))[0].at).toBeCloseTo(next, 2);
  });
});

describe('a sender that has little time', () => {
  test('takes the slots that begin in its time, and leaves the others where they are', async () => {
    const table = new DynamoTable();
    const bucket = bucketAt(() => START, table);
    const first = slotsOf(await bucket.reserve(23, START + 100));
    expect(first.map(({ at }) => Math.round(at - START))).toEqual([0, 11, 21, 32, 42, 53, 63, 74, 84, 95]);
    const second = slotsOf(await bucket.reserve(23, START + 130));
    expect(second.map(({ at }) => Math.round(at - START))).toEqual([105, 116, 126]);
    const left = table.items.get('bucket#ses');
    // None is left for it: it is told when the next one begins, and takes nothing.
    const { retryMillis } = (await bucket.reserve(23, START + 130)) as { retryMillis: number };
    expect(retryMillis).toBeCloseTo(136.5, 1);
    expect(table.items.get('bucket#ses')).toEqual(left);
  });

  test('a bucket that was idle gives no more than that either', async () => {
    const bucket = bucketAt(() => START);
    expect(slotsOf(await bucket.reserve(23, START + 20))).toHaveLength(2);
    expect(await bucket.reserve(1, START - 1)).toMatchObject({ closed: 'busy' });
  });

  test('no slot is taken further away than the horizon, which is longer while the rate is low', async () => {
    const table = new DynamoTable();
    const bucket = bucketAt(() => START, table, { ...PACE, horizonSeconds: 1 });
    expect(slotsOf(await bucket.reserve(500, FAR))).toHaveLength(96);
    expect(await bucket.reserve(1, FAR)).toMatchObject({ closed: 'busy' });
    await bucket.throttled();
    expect(slotsOf(await bucket.reserve(500, FAR)).at(-1)!.at).toBeGreaterThan(START + 1400);
  });
});

describe('a refusal slows all senders down', () => {
  test('to 70 %, at most once in ten seconds, and 1 % comes back every ten seconds', async () => {
    const table = new DynamoTable();
    let now = START;
    const [one, other] = [bucketAt(() => now, table), bucketAt(() => now, table)];
    await one.reserve(1, FAR);
    await other.reserve(1, FAR);
    await Promise.all([one.throttled(), other.throttled(), one.throttled()]);
    expect(table.items.get('bucket#ses')?.rateFactor).toEqual({ N: '0.7' });
    // The other one sees it with its next portion.
    await other.reserve(1, FAR);
    const slots = slotsOf(await other.reserve(2, FAR));
    expect(Math.round(slots[1].at - slots[0].at)).toBe(Math.round(10.5 / 0.7));
    now += 10_000;
    await other.reserve(1, FAR);
    expect(table.items.get('bucket#ses')?.rateFactor).toEqual({ N: '0.71' });
    now += 10_000;
    await one.reserve(1, FAR);
    await one.throttled();
    expect(Number(table.items.get('bucket#ses')?.rateFactor.N)).toBeCloseTo(0.72, 5);
  });

  test('the rate comes back to that of the plan and not above', async () => {
    const table = new DynamoTable();
    let now = START;
    const bucket = bucketAt(() => now, table);
    await bucket.reserve(1, FAR);
    await bucket.throttled();
    for (let step = 0; step < 40; step += 1) {
      now += 10_001;
      await bucket.reserve(1, FAR);
    }
    expect(table.items.get('bucket#ses')?.rateFactor).toEqual({ N: '1' });
  });
});

describe('a closed bucket', () => {
  test('paused: there is no slot until a person resumes, and nothing was taken', async () => {
    const table = new DynamoTable();
    table.items.set('bucket#ses', { id: { S: 'bucket#ses' }, pausedAt: { N: '1' } });
    expect(await bucketAt(() => START, table).reserve(5, FAR)).toEqual({ closed: 'paused' });
    expect(table.items.get('bucket#ses')?.slotAt).toBeUndefined();
  });

  test('away: there is no slot until then', async () => {
    const table = new DynamoTable();
    let now = START;
    const bucket = bucketAt(() => now, table);
    await bucket.away(900_000);
    expect(await bucketAt(() => now, table).reserve(1, FAR)).toEqual({ closed: 'away', retryMillis: 900_000 });
    now += 900_000;
    expect(slotsOf(await bucket.reserve(1, FAR))).toHaveLength(1);
  });
});

describe('a daily limit', () => {
  const HOUR = 3_600_000;

  test('holds in any 24 hours, not only from midnight to midnight', () => {
    let quarters = {};
    const sent: number[] = [];
    for (let now = START; now < START + 96 * HOUR; now += 7 * 60_000) {
      const taken = takeOfDay(quarters, 10, 500, now);
      if ('retryMillis' in taken) continue;
      quarters = taken.quarters;
      for (let mail = 0; mail < 10; mail += 1) sent.push(now);
    }
    expect(mostInWindow(sent, 24 * HOUR)).toBe(500);
    // A quarter of an hour a day is lost to counting in quarters.
    expect(sent.length).toBeGreaterThanOrEqual(4 * 500);
  });

  test('says when there may be room: a day after the quarter in which the first of them left', () => {
    const first = takeOfDay({}, 400, 400, START) as { quarters: Record<string, number> };
    const full = takeOfDay(first.quarters, 200, 400, START + HOUR) as { retryMillis: number };
    const room = START + HOUR + full.retryMillis;
    expect(room).toBeGreaterThan(START + 24 * HOUR);
    expect(room).toBeLessThanOrEqual(START + 24.25 * HOUR);
    expect(takeOfDay(first.quarters, 200, 400, room)).toHaveProperty('quarters');
    expect(takeOfDay(first.quarters, 200, 400, room - 1)).toHaveProperty('retryMillis');
  });

  test('gives what there is room for: a batch larger than the rest of the day, or than the whole day', () => {
    const first = takeOfDay({}, 400, 500, START);
    expect(first).toMatchObject({ taken: 400 });
    const { quarters } = first as { quarters: Record<string, number> };
    expect(takeOfDay(quarters, 200, 500, START)).toMatchObject({ taken: 100 });
    expect(takeOfDay({}, 23, 20, START)).toMatchObject({ taken: 20 });
  });

  test('holds where mails arrive: what waits for its slot over the end of a quarter counts in the next one', () => {
    const end = (Math.floor(START / 900_000) + 1) * 900_000;
    const first = takeOfDay({}, 500, 500, end - 1, end + 1500) as { quarters: Record<string, number> };
    // 24 hours after the end of the quarter in which it was taken, and before they are over where it arrived.
    expect(takeOfDay(first.quarters, 1, 500, end + 24 * HOUR)).toHaveProperty('retryMillis');
    expect(takeOfDay(first.quarters, 1, 500, end + 24.25 * HOUR)).toHaveProperty('quarters');
  });

  function daily(table: DynamoTable, messagesPerDay: number, now = () => START, pace = PACE) {
    const store = new DynamoDayStore(table.client, 'mails', 'ses');
    return new DailyBucket(bucketAt(now, table, pace), store, messagesPerDay, now);
  }
  const counted = (table: DynamoTable) =>
    Object.values<number>(JSON.parse(table.items.get('day#ses')?.quarters.S ?? '{}')).reduce(
      (sum, one) => sum + one,
      0,
    );

  test('counts in the quarter in which the last of a batch arrives', async () => {
    const end = (Math.floor(START / 900_000) + 1) * 900_000;
    const table = new DynamoTable();
    await daily(table, 50, () => end - 100).reserve(20, FAR);
    expect(JSON.parse(table.items.get('day#ses')?.quarters.S ?? '{}')).toEqual({ [end / 900_000]: 20 });
  });

  test('of two senders that count at once, one counts again', async () => {
    const table = new DynamoTable();
    const both = await Promise.all([daily(table, 50).reserve(20, FAR), daily(table, 50).reserve(20, FAR)]);
    expect(both.map((one) => slotsOf(one).length)).toEqual([20, 20]);
    expect(counted(table)).toBe(40);
    expect(slotsOf(await daily(table, 50).reserve(20, FAR))).toHaveLength(10);
    expect(await daily(table, 50).reserve(20, FAR)).toMatchObject({ closed: 'day', retryMillis: expect.any(Number) });
    expect(counted(table)).toBe(50);
  });

  test.each([
    ['away', (table: DynamoTable) => daily(table, 1000).away(900_000)],
    [
      'paused',
      async (table: DynamoTable) =>
        void table.items.set('bucket#ses', { id: { S: 'bucket#ses' }, pausedAt: { N: '1' } }),
    ],
  ])('a provider that is %s uses up nothing of its day', async (closed, close) => {
    const table = new DynamoTable();
    await close(table);
    for (let batch = 0; batch < 50; batch += 1) {
      expect(await daily(table, 1000).reserve(23, FAR)).toMatchObject({ closed });
    }
    expect(counted(table)).toBe(0);
  });

  test('slots that begin too late use up nothing of the day', async () => {
    const table = new DynamoTable();
    expect(await daily(table, 1000).reserve(23, START - 1)).toMatchObject({ closed: 'busy' });
    expect(slotsOf(await daily(table, 1000).reserve(23, START + 50))).toHaveLength(5);
    expect(counted(table)).toBe(5);
  });
});
