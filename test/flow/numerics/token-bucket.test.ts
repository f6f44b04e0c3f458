import fc from 'fast-check';
import { InvalidInputError } from '../../../lib/flow/errors';
import { TokenBucket } from '../../../lib/flow/numerics/token-bucket';
import { zeroOr } from '../../support/property';

/** How many single tokens can be had at one moment. */
function drain(bucket: TokenBucket, now: number): number {
  let taken = 0;
  while (bucket.take(now) === 0) taken += 1;
  return taken;
}

// The seed's bucket clamps to the rate: burst 500 became 100, burst 10 became 100 after a pause, and a rate below one
// a second never sent anything.
describe('the burst is the limit, not the rate', () => {
  test.each([
    [100, 500],
    [100, 10],
    [0.25, 3],
  ])('%d/s with a burst of %d: the burst at first, and the burst again after any pause', (rate, burst) => {
    const bucket = new TokenBucket(rate, burst);
    expect(drain(bucket, 0)).toBe(burst);
    expect(drain(bucket, 1e6)).toBe(burst);
  });
});

test('below one a second: one token in four seconds, and it says how long to wait', () => {
  const bucket = new TokenBucket(0.25, 1);
  expect(bucket.take(0)).toBe(0);
  expect(bucket.take(1)).toBeCloseTo(3, 12);
  expect(bucket.take(3.9)).toBeGreaterThan(0);
  expect(bucket.take(4)).toBe(0);
});

test('waiting as long as it says is always enough, and taking nothing costs nothing', () => {
  const bucket = new TokenBucket(3, 7);
  bucket.take(0, 7);
  const wait = bucket.take(0, 5);
  expect(wait).toBeCloseTo(5 / 3, 12);
  expect(bucket.take(wait, 5)).toBe(0);
});

test('more than the burst never comes', () => expect(new TokenBucket(1, 2).take(0, 3)).toBe(Number.POSITIVE_INFINITY));

test('a clock that steps back gains nothing', () => {
  const bucket = new TokenBucket(1, 1);
  bucket.take(10);
  expect(bucket.take(5)).toBeGreaterThan(0);
  expect(bucket.take(10.5)).toBeCloseTo(0.5, 12);
});

test('over any time it passes at most burst + rate × time', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 1000, noNaN: true }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(zeroOr(0.001, 3), { maxLength: 200 }),
      (rate, burst, gaps) => {
        const bucket = new TokenBucket(rate, burst);
        let now = 0;
        let passed = 0;
        for (const gap of gaps) {
          now += gap;
          if (bucket.take(now) === 0) passed += 1;
        }
        expect(passed).toBeLessThanOrEqual(burst + rate * now + 1e-6);
      },
    ),
  );
});

test('names everything that is out of range', () => {
  expect(() => new TokenBucket(0, -1)).toThrow(InvalidInputError);
  expect(() => new TokenBucket(0, -1)).toThrow(/ratePerSecond.*burst/);
});
