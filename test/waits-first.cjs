/**
 * The order of the test files: the local run first, because it mostly waits and everything else fits beside it. Files
 * that take more than one core come when its flood, which is measured, is over, but not last of all: the longest of them
 * takes a minute, and would run alone. The shortest files, most of all but a quarter of the time, run beside it.
 *
 * Of the suite that counts, the order is that of counts.json, which a fresh checkout does not know: the longest first, and beside
 * the torture run, which takes all of two cores, two that mostly wait.
 */
const Sequencer = require('@jest/test-sequencer').default;
const COUNTS = require('./counts.json');

const FIRST = /\/test\/local\/run\./;
const LATE = /\/test\/(local\/interrupt|fuzz\/\w+)\./;
/** Share of the other files that comes after the late ones. */
const SHORTEST = 0.7;

const rank = ({ path }) => COUNTS.findIndex((place) => path.includes(place));

module.exports = class WaitsFirst extends Sequencer {
  sort(tests) {
    const sorted = [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
    const those = (pattern) => sorted.filter(({ path }) => pattern.test(path));
    const others = sorted.filter(({ path }) => !FIRST.test(path) && !LATE.test(path));
    others.splice(Math.ceil(others.length * (1 - SHORTEST)), 0, ...those(LATE));
    return [...those(FIRST), ...others];
  }
};
