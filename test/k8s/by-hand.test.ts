/** The benchmark of synthesis compares this library with the same objects written by hand, as long as they are the same. */
import { assertSameK8s } from '../../bench/synth/k8s';

test('the objects that the benchmark writes by hand are those of the library', () => {
  expect(assertSameK8s).not.toThrow();
});
