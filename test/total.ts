/** Adds up what the suites of this checkout have found: "N passed, N failed", as CI reads it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const RESULTS = join(__dirname, '..', 'dist', 'test');

let [passed, failed] = [0, 0];
for (const file of readdirSync(RESULTS).filter((name) => name.endsWith('.json'))) {
  const result = JSON.parse(readFileSync(join(RESULTS, file), 'utf8'));
  passed += result.numPassedTests;
  failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
