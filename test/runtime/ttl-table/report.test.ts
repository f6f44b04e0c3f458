import { chosen, reportOf, type SampledItem } from '../../../lib/runtime/ttl-table/report';

const NOW = 1_800_000_000;
const DAY = 86_400;
const table = { items: 1000, bytes: 5e6, expires: true };
const settings = { drainSeconds: 10 * DAY, lagSeconds: 2 * DAY, expireUnknownAge: false };
const running = { startedAt: NOW - 500, doneAt: undefined, dated: 70 };
const done = (ago: number) => ({ startedAt: NOW - ago - 500, doneAt: NOW - ago, dated: 900 });
const number = (seconds: number) => ({ N: String(seconds) });
/** Items that say when they were created, with these expiries. */
const read = (...expiries: SampledItem['expiry'][]) => ({
  items: expiries.map((expiry): SampledItem => ({ expiry, created: number(NOW - DAY) })),
  isRead: true,
});

test('lag is that of the oldest in the sample, and counts are those of the table', () => {
  const sample = read(number(NOW - 100), number(NOW - 7), number(NOW + 5), undefined);
  const report = reportOf(table, sample, done(60), settings, NOW);
  expect(report).toMatchObject({ TtlLagSeconds: 100, OverdueItems: 500, UnexpiringItems: 250, TtlDisabled: 0 });
});

test('what was found is there, whatever DynamoDB counted six hours ago', () => {
  const report = reportOf({ ...table, items: 0 }, read(undefined, number(NOW - 1)), done(60), settings, NOW);
  expect(report).toMatchObject({ OverdueItems: 1, UnexpiringItems: 1 });
});

test('before the backfill is done nothing is said of items without an expiry, nor of the size that was wanted', () => {
  const report = reportOf(table, read(undefined), running, settings, NOW);
  expect(report).toEqual({
    TableBytes: 5e6,
    TtlDisabled: 0,
    TtlLagSeconds: 0,
    OverdueItems: 0,
    UnknownAgeItems: 0,
    BackfillSeconds: 500,
    DatedItems: 70,
  });
});

describe('items without an expiry that do not say when they were created', () => {
  const sample = {
    items: [
      { expiry: undefined, created: undefined },
      { expiry: undefined, created: { S: 'yesterday' } },
      { expiry: undefined, created: number(NOW - DAY) },
      { expiry: number(1000 * NOW), created: undefined },
    ],
    isRead: true,
  };

  test('are counted apart: they stay as they are, and no alarm is on because of them', () => {
    expect(reportOf(table, sample, done(60), settings, NOW)).toMatchObject({
      UnknownAgeItems: 500,
      // That of a writer who forgot the expiry, and the one in milliseconds.
      UnexpiringItems: 500,
    });
  });

  test('are as wrong as all others where they should expire', () => {
    const report = reportOf(table, sample, done(60), { ...settings, expireUnknownAge: true }, NOW);
    expect(report).toMatchObject({ UnexpiringItems: 1000 });
    expect(report).not.toHaveProperty('UnknownAgeItems');
  });
});

test('where nothing could be read nothing is said of the items: a lag of 0 would be a number that nobody measured', () => {
  const report = reportOf(table, { items: [], isRead: false }, done(60), settings, NOW);
  expect(report).toEqual({ TableBytes: 5e6, TtlDisabled: 0, BackfillSeconds: 0, DatedItems: 900 });
});

test('the size counts as settled after drain and lag', () => {
  expect(reportOf(table, read(), done(11 * DAY), settings, NOW).SettledTableBytes).toBeUndefined();
  expect(reportOf(table, read(), done(13 * DAY), settings, NOW).SettledTableBytes).toBe(5e6);
});

test('a table without time to live, and a backfill that never began', () => {
  const idle = { startedAt: undefined, doneAt: undefined, dated: 0 };
  expect(reportOf({ ...table, expires: false }, read(), idle, settings, NOW)).toMatchObject({
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
