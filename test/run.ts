/**
 * `npm test` and its siblings `test:heavy`, `test:engines`, `test:patterns`, `test:package`, `test:cluster`: installs what the
 * suite needs, runs jest, and ends with one plain line, "N passed, N failed, N skipped".
 *
 * `--suite heavy` picks long simulations and measurements of time, `--suite engines` and `--suite cluster` the tests against
 * real servers, `--suite patterns` those on templates of others, `--suite package` those of the package as it is installed;
 * `--long` runs the property tests ten times as long. Other arguments go to jest.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SUITES, type Suite, type SuiteName } from './suites';

const ROOT = join(__dirname, '..');
const RESULTS = join(ROOT, 'dist', 'test');

interface JestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: { readonly assertionResults: { readonly status: string; readonly fullName: string }[] }[];
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const name = args.includes('--suite') ? args[args.indexOf('--suite') + 1] : 'unit';
  const suite: Suite | undefined = SUITES[name as SuiteName];
  if (!suite) throw new Error(`--suite must be one of ${Object.keys(SUITES).join(', ')}, got '${name}'`);
  await suite.prepare();
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${name}.json`);
  rmSync(file, { force: true });
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const rest = args.filter((arg, i) => !['--long', '--suite'].includes(arg) && args[i - 1] !== '--suite');
  const child = spawnSync(
    process.execPath,
    [jest, '--ci', '--json', `--outputFile=${file}`, '--testLocationInResults', ...suite.jest, ...rest],
    {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...(args.includes('--long') ? { LONG: '1' } : {}) },
    },
  );
  const result = JSON.parse(readFileSync(file, 'utf8')) as JestResult;
  const skipped = result.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'pending');
  for (const { fullName } of skipped) console.log(`skipped: ${fullName}`);
  // A file that does not even load has no tests to count; it must not pass for that.
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  console.log(`${result.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped`);
  // What the unit suite needs, CI installs: a skipped test there is one that somebody forgot.
  const forgotten = process.env.CI === 'true' && name === 'unit' && skipped.length > 0;
  if (forgotten) console.log('a skipped test of this suite is a failure in CI: CI installs what it needs');
  return failed > 0 || forgotten || child.status !== 0 ? 1 : 0;
}

main().then(
  (status) => process.exit(status),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
