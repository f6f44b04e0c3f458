/**
 * Adds up what the suites of this checkout have found: the files that took longest, those that there was no time for, then
 * "N passed, N failed", as CI reads it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { testsEnd } from './deadline';
import { type JestFile, type JestResult, longestFirst } from './second-run';

const ROOT = join(__dirname, '..');
const RESULTS = join(ROOT, 'dist', 'test');
const SHOWN = 30;

let [passed, failed] = [0, 0];
const testResults: JestFile[] = [];
for (const file of readdirSync(RESULTS).filter((name) => name.endsWith('.json'))) {
  const result: JestResult = JSON.parse(readFileSync(join(RESULTS, file), 'utf8'));
  passed += result.numPassedTests;
  failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  testResults.push(...result.testResults);
}
const longest = longestFirst({ testResults })
  .slice(0, SHOWN)
  .map(({ seconds, file }) => `${Math.round(seconds)} ${relative(ROOT, file.name)}`);
console.log(`seconds of the longest: ${longest.join(', ')}`);
const late = testResults.filter(
  ({ startTime, assertionResults }) =>
    startTime / 1000 > testsEnd() && assertionResults.every(({ status }) => status === 'pending'),
);
if (late.length > 0)
  console.log(`not run, no time was left: ${late.map(({ name }) => relative(ROOT, name)).join(', ')}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
