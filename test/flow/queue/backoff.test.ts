import fc from 'fast-check';
import { Random } from '../../../lib/flow/numerics/random';
import {
  backoffBound,
  DEFAULT_BACKOFF,
  decorrelatedJitter,
  expectedDelay,
  fullJitter,
} from '../../../lib/flow/queue/backoff';
import { zeroOr } from '../../support/property';

const backoff = { baseSeconds: 0.5, capSeconds: 20 };

test.each([
  [0, 0.5],
  [1, 1],
  [5, 16],
  [6, 20],
  [2000, 20],
])('after failed attempt %d the delay is at most %d s: min(cap, base × 2ⁿ)', (attempt, bound) => {
  expect(backoffBound(attempt, backoff)).toBe(bound);
  expect(fullJitter(attempt, () => 0.999999, backoff)).toBeLessThanOrEqual(bound);
  expect(fullJitter(attempt, () => 0, backoff)).toBe(0);
});

test('decorrelated jitter stays within base and cap, whatever came before', () => {
  fc.assert(
    fc.property(zeroOr(0.001, 100), zeroOr(1e-9, 0.999999), (before, u) => {
      const delay = decorrelatedJitter(before, () => u, backoff);
      expect(delay).toBeGreaterThanOrEqual(backoff.baseSeconds);
      expect(delay).toBeLessThanOrEqual(backoff.capSeconds);
    }),
  );
});

test('the expected total over five attempts is the mean of what is drawn', () => {
  const random = new Random(1);
  const uniform = () => random.uniform();
  let sum = 0;
  for (let i = 0; i < 20_000; i += 1) for (let n = 0; n < 4; n += 1) sum += fullJitter(n, uniform, backoff);
  expect(expectedDelay(5, backoff)).toBe((0.5 + 1 + 2 + 4) / 2);
  expect(sum / 20_000 / expectedDelay(5, backoff)).toBeCloseTo(1, 1);
  expect(expectedDelay(1)).toBe(0);
});

test('the default counts in whole seconds, as SQS does', () => {
  expect(Number.isInteger(DEFAULT_BACKOFF.baseSeconds) && Number.isInteger(DEFAULT_BACKOFF.capSeconds)).toBe(true);
});
