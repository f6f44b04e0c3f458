/** The benchmark of synthesis compares this library with the same resources written by hand, as long as they are the same. */
import { assertSameWork } from '../../bench/synth';
import { assertSameWhen } from '../../bench/synth/when/build';

test('the resources that the benchmark writes by hand are those of the library', () => {
  expect(assertSameWork).not.toThrow();
});

test.each(['schedule', 'rates', 'merging'] as const)('so are those of cases 4, 7 and 9: %s', (subject) => {
  expect(() => assertSameWhen(subject)).not.toThrow();
});

test('and those of case 12', () => {
  expect(() => assertSameWhen('services')).not.toThrow();
});
