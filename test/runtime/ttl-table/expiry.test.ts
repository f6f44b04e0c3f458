import fc from 'fast-check';
import {
  createdSeconds,
  Expiry,
  expirySeconds,
  FIVE_YEARS_SECONDS,
  stateOf,
} from '../../../lib/runtime/ttl-table/expiry';
import { runs } from '../../support/property';

const NOW = 1_800_000_000;
const DAY = 86_400;
const settings = { retentionSeconds: 85 * DAY, drainSeconds: 10 * DAY };

describe('when an item was created', () => {
  test.each<[string, Parameters<typeof createdSeconds>[0], number | undefined]>([
    ['seconds', { N: '1700000000' }, 1_700_000_000],
    ['milliseconds', { N: '1700000000123' }, 1_700_000_000.123],
    ['an ISO date with its time', { S: '2023-11-14T22:13:20Z' }, 1_700_000_000],
    ['an ISO date alone', { S: '2023-11-14' }, Date.UTC(2023, 10, 14) / 1000],
    ['a number as text', { S: '1700000000' }, 1_700_000_000],
    ['a year as text', { S: '2023' }, undefined],
    ['words', { S: 'yesterday' }, undefined],
    ['a date that there is not', { S: '2023-99-99' }, undefined],
    ['zero', { N: '0' }, undefined],
    ['the zero date of .NET', { S: '0001-01-01T00:00:00Z' }, undefined],
    ['nanoseconds', { N: '1700000000000000000' }, undefined],
    ['a flag', { BOOL: true }, undefined],
    ['nothing', undefined, undefined],
  ])('%s', (_, value, seconds) => {
    expect(createdSeconds(value)).toBe(seconds);
  });
});

describe('when it expires', () => {
  const drainFrom = NOW + DAY;

  test('created + retention, when that is after the backfill', () => {
    expect(expirySeconds(NOW - 10 * DAY, NOW, drainFrom, settings, 0.5)).toBe(NOW + 75 * DAY);
  });

  test('what does not say when it was created counts as new', () => {
    expect(expirySeconds(undefined, NOW, drainFrom, settings, 0.5)).toBe(NOW + 85 * DAY);
  });

  test('what is too old, or is so before the end of the backfill, is spread over the drain', () => {
    expect(expirySeconds(NOW - 90 * DAY, NOW, drainFrom, settings, 0)).toBe(drainFrom);
    expect(expirySeconds(NOW - 84.5 * DAY, NOW, drainFrom, settings, 0.5)).toBe(drainFrom + 5 * DAY);
  });

  test('a backfill that is late spreads from now on', () => {
    expect(expirySeconds(NOW - 90 * DAY, NOW, NOW - DAY, settings, 0.5)).toBe(NOW + 5 * DAY);
  });

  test('never in the past, so never more than five years ago, and in whole seconds', () => {
    const input = [
      fc.double({ min: -1e9, max: 3e9, noNaN: true }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
    ] as const;
    fc.assert(
      fc.property(...input, (created, dice) => {
        const due = expirySeconds(created, NOW, drainFrom, settings, dice);
        expect(due).toBeGreaterThanOrEqual(drainFrom);
        expect(Number.isInteger(due)).toBe(true);
        expect(due).toBeLessThanOrEqual(
          Math.max(Math.ceil(created + settings.retentionSeconds), drainFrom + settings.drainSeconds),
        );
      }),
      { numRuns: runs },
    );
  });
});

describe('what DynamoDB does with it', () => {
  test.each<[string, Parameters<typeof stateOf>[0], Expiry, number]>([
    ['to come', { N: String(NOW + 1) }, Expiry.TO_COME, 0],
    ['waits', { N: String(NOW - 60) }, Expiry.OVERDUE, 60],
    ['milliseconds', { N: String(1000 * NOW) }, Expiry.NEVER, 0],
    ['text', { S: String(NOW) }, Expiry.NEVER, 0],
    ['too long ago', { N: String(NOW - FIVE_YEARS_SECONDS - 1) }, Expiry.NEVER, 0],
    ['none', undefined, Expiry.NEVER, 0],
  ])('%s', (_, value, state, overdueSeconds) => {
    expect(stateOf(value, NOW)).toEqual({ state, overdueSeconds });
  });
});
