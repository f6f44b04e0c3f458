/** What the benchmark measures starts at all: it is run by hand, and a handler with one more setting would stop it. */
import { functionBundles, load, start } from '../../bench/bundles';

test.each(functionBundles())('the bundle of %s loads with the settings of the benchmark', (name) => {
  expect(() => start(load(name))).not.toThrow();
});
