/** Adds up what the suites of this checkout have found: the files that took longest, then "N passed, N failed", as CI reads it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { JestResult } from './second-run';

const ROOT = join(__dirname, '..');
const RESULTS = join(ROOT, 'dist', 'test');
const SHOWN = 30;

let [passed, failed] = [0, 0];
const files: { readonly seconds: number; readonly name: string }[] = [];
for (const file of readdirSync(RESULTS).filter((name) => name.endsWith('.json'))) {
  const result: JestResult = JSON.parse(readFileSync(join(RESULTS, file), 'utf8'));
  passed += result.numPassedTests;
  failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  for (const { name, startTime, endTime } of result.testResults) {
    files.push({ seconds: Math.round((endTime - startTime) / 1000), name: relative(ROOT, name) });
  }
}
const longest = files.sort((a, b) => b.seconds - a.seconds).slice(0, SHOWN);
console.log(`seconds of the longest: ${longest.map(({ seconds, name }) => `${seconds} ${name}`).join(', ')}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
