/**
 * The order of the test files: the local run first, because it mostly waits and everything else fits beside it. Files
 * that take more than one core for a minute come last, when its flood, which is measured, is over.
 */
const Sequencer = require('@jest/test-sequencer').default;

const FIRST = /\/test\/local\/run\./;
const LAST = /\/test\/(local\/interrupt|fuzz\/\w+)\./;

module.exports = class WaitsFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => (FIRST.test(path) ? 0 : LAST.test(path) ? 2 : 1);
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
};
