/** The benchmark of synthesis compares this library with the same resources written by hand, as long as they are the same. */
import { assertSameWork } from '../../bench/synth';

test('the resources that the benchmark writes by hand are those of the library', () => {
  expect(assertSameWork).not.toThrow();
});
