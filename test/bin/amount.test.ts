/** Amounts are taken as they are printed: what `size` says can be given to `simulate`. */
import fc from 'fast-check';
import { type Amount, amount } from '../../bin/cli/amount';
import { duration, figure } from '../../lib/flow/figures';
import { spread } from '../support/property';

test.each<[Amount, string, number]>([
  ['per-second', '400', 400],
  ['per-second', '400/s', 400],
  ['per-second', '100,000/min', 100_000 / 60],
  ['per-second', '36 /h', 0.01],
  ['seconds', '90ms', 0.09],
  ['seconds', '90s', 90],
  ['seconds', '5m', 300],
  ['seconds', '1.5 h', 5400],
  ['seconds', '2 days', 172_800],
  ['bytes', '2GB', 2e9],
  ['bytes', '256 KiB', 262_144],
  ['ratio', '99.9 %', 0.999],
  ['multiple', '1.25 ×', 1.25],
  ['usd', '$1,200.50', 1200.5],
  ['items', '37,662', 37_662],
  ['count', '1e3', 1000],
  ['seconds', '-3s', -3],
])('%s %s is %d', (what, given, expected) => {
  expect(amount('--x', given, what)).toBe(expected);
});

test.each<[Amount, string, string]>([
  ['per-second', '400/week', '--x must be a number, alone or with /s, /min, /m, /h, /day, /d, got 400/week'],
  ['seconds', '90 GB', '--x must be a number, alone or with us, µs, ms, s, sec, m, min, h, d, day, days, got 90 GB'],
  ['count', '3 s', '--x must be a number, got 3 s'],
  ['ratio', '5 constructor', '--x must be a number, alone or with %, got 5 constructor'],
  ['seconds', '1,5', '--x must be a number, got 1,5'],
  ['seconds', 'soon', '--x must be a number, got soon'],
])('%s %s is refused', (what, given, message) => {
  expect(() => amount('--x', given, what)).toThrow(new Error(message));
});

test('every time and every count that is printed is taken back, to the digits that were printed', () => {
  fc.assert(
    fc.property(spread(1e-3, 1e7), (value) => {
      expect(Math.abs(amount('--x', duration(value), 'seconds') / value - 1)).toBeLessThan(0.006);
      expect(Math.abs(amount('--x', figure(value), 'items') / value - 1)).toBeLessThan(0.006);
    }),
  );
});
