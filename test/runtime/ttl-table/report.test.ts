import { chosen, reportOf } from '../../../lib/runtime/ttl-table/report';

const NOW = 1_800_000_000;
const DAY = 86_400;
const table = { items: 1000, bytes: 5e6, expires: true };
const settings = { drainSeconds: 10 * DAY, lagSeconds: 2 * DAY };
const running = { startedAt: NOW - 500, doneAt: undefined, dated: 70 };
const done = (ago: number) => ({ startedAt: NOW - ago - 500, doneAt: NOW - ago, dated: 900 });
const number = (seconds: number) => ({ N: String(seconds) });

test('lag is that of the oldest in the sample, and counts are those of the table', () => {
  const sample = [number(NOW - 100), number(NOW - 7), number(NOW + 5), undefined];
  const report = reportOf(table, sample, done(60), settings, NOW);
  expect(report).toMatchObject({ TtlLagSeconds: 100, OverdueItems: 500, UnexpiringItems: 250, TtlDisabled: 0 });
});

test('what was found is there, whatever DynamoDB counted six hours ago', () => {
  const report = reportOf({ ...table, items: 0 }, [undefined, number(NOW - 1)], done(60), settings, NOW);
  expect(report).toMatchObject({ OverdueItems: 1, UnexpiringItems: 1 });
});

test('before the backfill is done nothing is said of items without an expiry, nor of the size that was wanted', () => {
  const report = reportOf(table, [undefined], running, settings, NOW);
  expect(report).toEqual({
    TableBytes: 5e6,
    TtlDisabled: 0,
    TtlLagSeconds: 0,
    OverdueItems: 0,
    BackfillSeconds: 500,
    DatedItems: 70,
  });
});

test('the size counts as settled after drain and lag', () => {
  expect(reportOf(table, [], done(11 * DAY), settings, NOW).SettledTableBytes).toBeUndefined();
  expect(reportOf(table, [], done(13 * DAY), settings, NOW).SettledTableBytes).toBe(5e6);
});

test('a table without time to live, and a backfill that never began', () => {
  const idle = { startedAt: undefined, doneAt: undefined, dated: 0 };
  expect(reportOf({ ...table, expires: false }, [], idle, settings, NOW)).toMatchObject({
    TtlDisabled: 1,
    BackfillSeconds: 0,
  });
});

test('segments are chosen without one twice, and all of them when there are few', () => {
  let seed = 0;
  const dice = () => {
    seed = (seed * 16_807 + 11) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const picked = chosen(20, 113_658, dice);
  expect(new Set(picked).size).toBe(20);
  expect(Math.max(...picked)).toBeLessThan(113_658);
  expect(chosen(20, 3, dice)).toEqual([0, 1, 2]);
});
