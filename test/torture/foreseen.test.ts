/** What is foreseen of a flood with faults, and what is measured of its backlog beside it. */
import { until } from '../support/until';
import { watchBacklog } from './backlog';
import type { Sizing } from './engine';
import { foreseen, lastOverOf } from './foreseen';

describe('what is foreseen', () => {
  const sizing: Sizing = {
    perSecond: 100,
    instances: 4,
    clearedPerSecond: 160,
    shares: 'common',
    takeoverSeconds: 2,
    peakBacklog: 20,
  };

  test('a queue that answers nobody for 30 s drains in 30 s × rate ÷ spare capacity', () => {
    const { mostBacklog, recoveredAt } = foreseen(sizing, 200, [{ from: 50, to: 80 }]);
    expect(mostBacklog).toBeCloseTo(3000, -2);
    // All but what waits without a fault too: (3000 − 100) ÷ (160 − 100).
    expect(recoveredAt).toBeCloseTo(80 + 48.3, 0);
  });

  test('consumers that come back later than their engine recover later, and from when the engine was back', () => {
    const { recoveredAt } = foreseen(sizing, 200, [{ from: 50, to: 85, over: 80 }]);
    // 3,500 wait at 85 s.
    expect(recoveredAt).toBeCloseTo(85 + (3500 - 100) / 60, 0);
    expect(
      lastOverOf([
        { from: 50, to: 85, over: 80 },
        { from: 20, to: 30 },
      ]),
    ).toBe(80);
  });

  test('one consumer of four that is away is missed only where its letters are its own', () => {
    const away = [{ from: 50, to: 95, consumer: 1 }];
    expect(foreseen(sizing, 200, away).mostBacklog).toBe(20);
    // 25 letters a second for 45 s, which its own 40/s drain beside 25 new ones.
    const own = foreseen({ ...sizing, shares: 'own' }, 200, away);
    expect(own.mostBacklog).toBeCloseTo(1125, -1);
    expect(own.recoveredAt).toBeCloseTo(95 + (1125 - 100) / 15, 0);
  });

  test('what comes first waits longest for a queue that answers nobody; what comes later waits for those before it', () => {
    const { waits } = foreseen(sizing, 200, [{ from: 50, to: 80 }]);
    expect(waits.most).toBeCloseTo(30, 0);
    // Of 200 s of letters the 2 s that waited longest: each second after the first waits 1 - 100 ÷ 160 s less.
    expect(waits.p99).toBeCloseTo(30 - 2 * (1 - 100 / 160), 0);
    expect(foreseen(sizing, 200, []).waits).toEqual({ p99: 0, most: 0 });
  });

  test.each([
    // 3,000 wait at 30 s: the first round takes 18.75 s, in which 1,875 come.
    [1900, 18.75],
    // Another 5 s and 500 later the second takes 14.84 s.
    [1500, 18.75 + 5 + 14.84],
  ])('work in rounds, 5 s apart: no more than %i wait after %d s', (peakBacklog, seconds) => {
    const { mostBacklog, recoveredAt } = foreseen({ ...sizing, peakBacklog, pauseSeconds: 5 }, 200, [
      { from: 0, to: 30 },
    ]);
    expect(recoveredAt - 30).toBeCloseTo(seconds, 0);
    expect(mostBacklog).toBeCloseTo(3000, -2);
  });

  test('a changed plan counts from when it is there', () => {
    const changed = { from: 60, clearedPerSecond: 200 };
    expect(foreseen({ ...sizing, changed }, 200, [{ from: 50, to: 80 }]).recoveredAt).toBeCloseTo(80 + 29, 0);
    const late = { ...changed, from: 190 };
    expect(foreseen({ ...sizing, changed: late }, 200, [{ from: 50, to: 80 }]).recoveredAt).toBeCloseTo(80 + 48.3, 0);
  });

  test('what comes to partitions that nobody reads waits until they are read', () => {
    const unread = { from: 50, to: 80, ratio: 0.5 };
    const { mostBacklog, emptyAt } = foreseen({ ...sizing, unread }, 200, []);
    expect(mostBacklog).toBeCloseTo(1500, -2);
    expect(emptyAt).toBeCloseTo(200, 0);
    // Until then the others are drained and no more: 1,500 are left at the end, and 160/s leave.
    expect(foreseen({ ...sizing, unread }, 80, []).emptyAt).toBeCloseTo(80 + 1500 / 160, 0);
  });

  test('a consumer that is away in two ways is away once, and without spare capacity nothing drains', () => {
    const twice = [
      { from: 50, to: 80 },
      { from: 50, to: 80, consumer: 0 },
    ];
    expect(foreseen(sizing, 200, twice)).toEqual(foreseen(sizing, 200, [{ from: 50, to: 80 }]));
    expect(() => foreseen({ ...sizing, clearedPerSecond: 0 }, 10, [])).toThrow('never drain 100 letters/s at 0/s');
  });
});

test('what was worked off in a second is measured between two looks', async () => {
  let now = 0;
  const counts = [0, 0, 50, 150];
  const elapsed = () => {
    now += 1;
    return now - 1;
  };
  const watch = watchBacklog(
    { count: async () => counts[Math.min(3, now)] },
    () => 150,
    elapsed,
    () => {},
  );
  await until('it was looked at three times', () => now > 2);
  await watch.end();
  expect(watch.clearedPerSecond(0, 1)).toBe(50);
  expect(watch.clearedPerSecond(1, 1)).toBeUndefined();
  expect(watch.most()).toBe(150);
});
