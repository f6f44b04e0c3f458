/** The gate by itself: order, bound, deadline, priority, callers that hang up, the end. */
import { Gate, type Refusal, RefusedError } from '../../../lib/runtime/gate/gate';
import { retryAfter } from '../../../lib/runtime/gate/retry-after';
import { RetryBudget } from '../../../lib/runtime/gate/retry-budget';

const reasonOf = (entered: Promise<unknown>): Promise<Refusal | 'admitted'> =>
  entered.then(
    () => 'admitted',
    (error: RefusedError) => error.reason,
  );

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('slots are taken at once, a queue waits, and what comes beyond both is refused', async () => {
  const gate = new Gate({ slots: 2, queue: 1, waitSeconds: 1 });
  const [first] = await Promise.all([gate.enter(), gate.enter()]);
  const third = gate.enter();
  expect([gate.working, gate.waiting]).toEqual([2, 1]);
  expect(await reasonOf(gate.enter())).toBe('full');
  first();
  await third;
  expect([gate.working, gate.waiting, gate.admitted, gate.refused.full]).toEqual([2, 0, 3, 1]);
});

test('a slot that is given back twice is given back once', async () => {
  const gate = new Gate({ slots: 1, queue: 0, waitSeconds: 1 });
  const leave = await gate.enter();
  leave();
  leave();
  await gate.enter();
  expect(gate.working).toBe(1);
  expect(await reasonOf(gate.enter())).toBe('full');
});

test('first come, first served; those with priority first', async () => {
  const gate = new Gate({ slots: 1, queue: 9, waitSeconds: 1 });
  let leave = await gate.enter();
  const order: string[] = [];
  const waiting = ['a', 'b', 'HIGH', 'c'].map((name) =>
    gate.enter({ priority: name === 'HIGH' }).then((next) => {
      order.push(name);
      leave = next;
    }),
  );
  for (const _ of waiting) {
    leave();
    await jest.advanceTimersByTimeAsync(0);
  }
  expect(order).toEqual(['HIGH', 'a', 'b', 'c']);
});

test('with a full queue one with priority takes the place of the newest without', async () => {
  const gate = new Gate({ slots: 1, queue: 2, waitSeconds: 1 });
  await gate.enter();
  const [old, newest] = [reasonOf(gate.enter()), reasonOf(gate.enter())];
  const first = reasonOf(gate.enter({ priority: true }));
  expect(await newest).toBe('full');
  const second = reasonOf(gate.enter({ priority: true }));
  expect(await old).toBe('full');
  // Now only those with priority wait, and there is nothing to take.
  expect(await reasonOf(gate.enter({ priority: true }))).toBe('full');
  expect(gate.waiting).toBe(2);
  await jest.advanceTimersByTimeAsync(1000);
  expect(await Promise.all([first, second])).toEqual(['late', 'late']);
});

test('what has waited for its time is refused then, and never worked on', async () => {
  const gate = new Gate({ slots: 1, queue: 5, waitSeconds: 0.15 });
  const leave = await gate.enter();
  const late = reasonOf(gate.enter());
  const hurried = reasonOf(gate.enter({ waitSeconds: 0.05 }));
  await jest.advanceTimersByTimeAsync(50);
  expect(await hurried).toBe('late');
  expect(gate.waiting).toBe(1);
  await jest.advanceTimersByTimeAsync(100);
  expect(await late).toBe('late');
  leave();
  expect([gate.working, gate.admitted]).toEqual([0, 1]);
  expect(await reasonOf(gate.enter({ waitSeconds: -1 }))).toBe('admitted');
  expect(await reasonOf(gate.enter({ waitSeconds: -1 }))).toBe('late');
});

test('a caller that hangs up leaves the queue', async () => {
  const gate = new Gate({ slots: 1, queue: 1, waitSeconds: 1 });
  await gate.enter();
  const caller = new AbortController();
  const gone = reasonOf(gate.enter({ signal: caller.signal }));
  caller.abort();
  expect(await gone).toBe('late');
  expect(gate.waiting).toBe(0);
  const next = reasonOf(gate.enter());
  await jest.advanceTimersByTimeAsync(1000);
  expect(await next).toBe('late');
});

test('told to close it serves what it accepted, the queue too, and refuses the rest', async () => {
  const gate = new Gate({ slots: 1, queue: 1, waitSeconds: 1 });
  const leave = await gate.enter();
  const waiting = gate.enter();
  let isClosed = false;
  const closed = gate.close().then(() => {
    isClosed = true;
  });
  expect(await reasonOf(gate.enter())).toBe('closing');
  leave();
  const last = await waiting;
  await jest.advanceTimersByTimeAsync(0);
  expect(isClosed).toBe(false);
  last();
  await closed;
  await new Gate({ slots: 1, queue: 1, waitSeconds: 1 }).close();
});

test('a hundred thousand that wait and leave hold neither a slot nor a place', async () => {
  const gate = new Gate({ slots: 1, queue: 200_000, waitSeconds: 1 });
  let leave = await gate.enter();
  const some = Array.from({ length: 100_000 }, () => reasonOf(gate.enter()));
  await jest.advanceTimersByTimeAsync(1000);
  expect(new Set(await Promise.all(some))).toEqual(new Set(['late']));
  const next = gate.enter();
  leave();
  leave = await next;
  expect([gate.working, gate.waiting]).toEqual([1, 0]);
});

test('Retry-After is a whole second at least, and half of it up or down', () => {
  expect([0, 0.5, 1].map((chance) => retryAfter(1, 0.5, chance))).toEqual(['1', '1', '2']);
  expect([0, 0.5, 1].map((chance) => retryAfter(10, 0.5, chance))).toEqual(['5', '10', '15']);
});

describe('a budget of retries', () => {
  /** Sends so many requests a second of which all fail, and retries as often as it may, up to three times each. */
  const storm = (perSecond: number, seconds: number, ratio = 0.2, reserve = 10) => {
    let millis = 0;
    const budget = new RetryBudget(ratio, reserve, () => millis);
    let retries = 0;
    for (let sent = 0; sent < perSecond * seconds; sent += 1) {
      millis = (1000 * sent) / perSecond;
      budget.request();
      for (let attempt = 0; attempt < 3 && budget.retry(); attempt += 1) retries += 1;
    }
    return retries;
  };

  test('when everything fails, retries are a fifth of the requests and ten a second, not three times the requests', () => {
    expect(storm(500, 60) / (500 * 60)).toBeCloseTo(0.2 + 10 / 500, 2);
    expect(storm(500, 60, 0.2, 0) / (500 * 60)).toBeCloseTo(0.2, 2);
  });

  test('a client with few requests still retries', () => {
    expect(storm(1, 60)).toBe(3 * 60);
  });

  test('a client whose requests bring less than one retry in ten seconds still has one', () => {
    // One request in ten seconds, a hundredth of a retry a second beside: a fifth for each, and a tenth in that time.
    expect(storm(0.1, 6000, 0.2, 0.01)).toBeGreaterThanOrEqual(0.25 * 600);
  });

  test('what was not used for minutes is no store for a storm', () => {
    let millis = 0;
    const budget = new RetryBudget(0.2, 10, () => millis);
    for (let sent = 0; sent < 60_000; sent += 1) {
      millis += 2;
      budget.request();
    }
    let stored = 0;
    while (budget.retry()) stored += 1;
    // Ten seconds of 500 requests, a fifth of them, and ten a second.
    expect(stored).toBeGreaterThan(1000);
    expect(stored).toBeLessThan(1200);
  });
});

describe('a limit that follows the work', () => {
  const limit = {
    name: 'aimd',
    initial: 4,
    floor: 1,
    ceiling: 4,
    serviceSeconds: 0.1,
    tolerance: 1.2,
    windowRequests: 4,
  } as const;

  /** So many requests at a time, each of which takes so many seconds, until so many have ended. */
  async function work(gate: Gate, requests: number, secondsOf: (working: number) => number): Promise<number> {
    let most = 0;
    const all = Array.from({ length: requests }, async () => {
      const leave = await gate.enter().catch(() => undefined);
      if (leave === undefined) return;
      most = Math.max(most, gate.working);
      await new Promise((resolve) => setTimeout(resolve, 1000 * secondsOf(gate.working)));
      leave();
    });
    await jest.advanceTimersByTimeAsync(60_000);
    await Promise.all(all);
    return most;
  }

  test('it falls while the work is slow, and what waits then waits for fewer slots', async () => {
    const gate = new Gate({ slots: 4, queue: 100, waitSeconds: 100, limit });
    await work(gate, 12, () => 0.5);
    // Three windows: 4, 3, 2, 1.
    expect(gate.slots).toBe(1);
    expect(await work(gate, 3, () => 0.1)).toBe(1);
    expect(gate.working).toBe(0);
  });

  test('it comes back when the work is as planned, and gives its new slots to what waits', async () => {
    const gate = new Gate({ slots: 4, queue: 100, waitSeconds: 100, limit });
    await work(gate, 12, () => 0.5);
    expect(await work(gate, 20, () => 0.1)).toBe(4);
    expect(gate.slots).toBe(4);
  });

  test('with fewer slots fewer wait: the last one still begins in time', async () => {
    const gate = new Gate({ slots: 4, queue: 8, waitSeconds: 100, limit: { ...limit, initial: 2 } });
    const entered = Array.from({ length: 10 }, () => gate.enter().catch(() => undefined));
    expect([gate.working, gate.waiting, gate.refused.full]).toEqual([2, 4, 4]);
    const leave = await entered[0];
    leave!();
    expect([gate.working, gate.waiting]).toEqual([2, 3]);
  });

  test.each([
    ['a program that does not answer is not quick', false, 2],
    ['it goes by the seconds of work, not by those in the slot', 0.1, 3],
    ['by those in the slot where it is told of none', undefined, 1],
  ])('%s: %s', async (_claim, seconds, slots) => {
    const gate = new Gate({ slots: 4, queue: 0, waitSeconds: 1, limit: { ...limit, initial: 2, windowRequests: 1 } });
    const [leave] = await Promise.all([gate.enter(), gate.enter()]);
    await jest.advanceTimersByTimeAsync(1000);
    leave(seconds as number | false | undefined);
    expect(gate.slots).toBe(slots);
  });
});
