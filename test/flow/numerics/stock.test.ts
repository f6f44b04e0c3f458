import {
  retentionFor,
  secondsUntilFull,
  steadyBytes,
  steadyItems,
  storedBytes,
} from '../../../lib/flow/numerics/stock';

const DAY = 86_400;
const logs = { arrivalsPerSecond: 1000, itemBytes: 200, retentionSeconds: 7 * DAY };

test('what is kept in the end is rate × bytes × retention, times the copies', () => {
  expect(steadyItems(logs)).toBe(1000 * 7 * DAY);
  expect(steadyBytes(logs)).toBe(1000 * 200 * 7 * DAY);
  expect(steadyBytes({ ...logs, copies: 3 })).toBe(3 * steadyBytes(logs));
});

test('it grows evenly until the retention is reached, and no further', () => {
  expect(storedBytes(logs, 3.5 * DAY)).toBe(steadyBytes(logs) / 2);
  expect(storedBytes(logs, 30 * DAY)).toBe(steadyBytes(logs));
  expect(storedBytes(logs, -1)).toBe(0);
});

test('a disk that is smaller fills, one that is larger never does', () => {
  expect(secondsUntilFull(logs, 1000 * 200 * DAY)).toBeCloseTo(DAY, 6);
  expect(secondsUntilFull(logs, steadyBytes(logs))).toBe(Number.POSITIVE_INFINITY);
});

test('the longest retention that fits fills the disk exactly', () => {
  const retentionSeconds = retentionFor(logs, 5e10);
  expect(steadyBytes({ ...logs, retentionSeconds })).toBeCloseTo(5e10, 0);
  expect(retentionFor({ ...logs, arrivalsPerSecond: 0 }, 1)).toBe(Number.POSITIVE_INFINITY);
});
