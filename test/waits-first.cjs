/** The order of the test files: the local run first, because it mostly waits and everything else fits beside it. */
const Sequencer = require('@jest/test-sequencer').default;

module.exports = class WaitsFirst extends Sequencer {
  sort(tests) {
    const waits = ({ path }) => (path.includes('/test/local/run.') ? 0 : 1);
    return [...super.sort(tests)].sort((a, b) => waits(a) - waits(b));
  }
};
