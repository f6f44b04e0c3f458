/** The benchmark of synthesis compares this library with the same objects written by hand, as long as they are the same. */
import { assertSameK8s } from '../../bench/synth/k8s';
import { assertSameWhenK8s } from '../../bench/synth/when/k8s-build';

test('the objects that the benchmark writes by hand are those of the library', () => {
  expect(assertSameK8s).not.toThrow();
});

test.each(['schedule', 'rates', 'merging'] as const)('so are those of cases 4, 7 and 9: %s', (subject) => {
  expect(() => assertSameWhenK8s(subject)).not.toThrow();
});

test('and those of case 12', () => {
  expect(() => assertSameWhenK8s('services')).not.toThrow();
});
