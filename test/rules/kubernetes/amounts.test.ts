/** Quantities and durations, as Kubernetes and Prometheus write them. */
import { durationSeconds } from '../../../lib/flow/prometheus-duration';
import { rateWindows } from '../../../lib/rules/kubernetes/read/prometheus-config';
import { mebibytes, parseQuantity, plain } from '../../../lib/rules/kubernetes/read/quantities';

test.each([
  ['1', 1],
  ['500m', 0.5],
  ['2.5', 2.5],
  ['.5', 0.5],
  ['1Gi', 2 ** 30],
  ['1G', 1e9],
  ['128Mi', 2 ** 27],
  ['4k', 4000],
  ['1e3', 1000],
  ['2E', 2e18],
] as const)('the quantity %s is %d', (text, amount) => {
  expect(parseQuantity(text)).toBeCloseTo(amount, 12);
});

test.each(['', undefined, 'lots', '1 GB', '1KB', '{{ .Values.memory }}Mi', '1Gi2', 'm'])(
  '%s is no quantity',
  (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  },
);

test.each([
  ['30s', 30],
  ['1m30s', 90],
  ['2h', 7200],
  ['500ms', 0.5],
  ['1d', 86_400],
  ['1w', 604_800],
] as const)('the duration %s is %d s', (text, seconds) => {
  expect(durationSeconds(text)).toBe(seconds);
});

test.each(['', undefined, '30', 'soon', '1m soon', 's30'])('%s is no duration', (text) => {
  expect(durationSeconds(text)).toBeUndefined();
});

test('windows are those that a rate is taken over', () => {
  expect(rateWindows('sum by (job) (rate(a_total[5m])) / increase(b_total[1h:30s]) + max_over_time(c[10s])')).toEqual([
    300, 3600,
  ]);
  // A selector with brackets of its own is not taken apart, and nothing is said about it.
  expect(rateWindows('rate(a_total{path=~"/x[0-9]"}[5m])')).toEqual([]);
});

test('amounts read without the noise of binary fractions', () => {
  expect(plain(0.1 * 3)).toBe('0.3');
  expect(mebibytes(1.5 * 2 ** 30)).toBe('1536 MiB');
});
