/**
 * `npm test` and its siblings `test:heavy`, `test:engines`, `test:counts`, `test:patterns`, `test:package`, `test:cluster`: installs
 * what the suite needs, runs jest, and ends with one plain line, "N passed, N failed, N skipped".
 *
 * `--suite heavy` picks long simulations and measurements of time, `--suite engines`, `--suite counts` and `--suite cluster` the
 * tests against real servers, `--suite patterns` those on templates of others, `--suite package` those of the package as it is installed;
 * `--long` runs the property tests ten times as long. `--twice` runs the files that failed a second time, alone, and counts
 * that run: for measurements on a machine that others load too. Other arguments go to jest. After TESTS_END, in seconds since
 * the epoch, no file begins: its tests are skipped.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { isPast, testsEnd } from './deadline';
import { failedFiles, type JestResult, withSecondRun } from './second-run';
import { SUITES, type Suite, type SuiteName } from './suites';

const ROOT = join(__dirname, '..');
const RESULTS = join(ROOT, 'dist', 'test');
/** A second run may begin so long after TESTS_END: one measurement that a busy machine has spoilt is not the end of all. */
const SECOND_RUN_SECONDS = 12 * 60;

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const name = args.includes('--suite') ? args[args.indexOf('--suite') + 1] : 'unit';
  const suite: Suite | undefined = SUITES[name as SuiteName];
  if (!suite) throw new Error(`--suite must be one of ${Object.keys(SUITES).join(', ')}, got '${name}'`);
  const began = Date.now();
  // Its tests are then skipped, each file by name.
  if (!isPast()) await suite.prepare();
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${name}.json`);
  rmSync(file, { force: true });
  const rest = args.filter((arg, i) => !['--long', '--suite', '--twice'].includes(arg) && args[i - 1] !== '--suite');
  const long = args.includes('--long');
  // Each synthesis leaves a folder behind, tens of thousands in all.
  const temporary = mkdtempSync(join(tmpdir(), 'backpressure-'));
  process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));
  // Servers have sockets in theirs, whose paths may not be long.
  const env: Record<string, string> = name === 'unit' ? { TMPDIR: temporary } : {};
  let { result, status } = runJest(file, [...suite.jest, ...rest], long, env);
  const again = failedFiles(result);
  if (args.includes('--twice') && again.length > 0) {
    console.log(`once more: ${again.map((path) => relative(ROOT, path)).join(', ')}`);
    const options = suite.jest.filter((option) => !/^--(testPathPatterns|maxWorkers)/.test(option));
    const later = { ...env, TESTS_END: `${testsEnd() + SECOND_RUN_SECONDS}` };
    const second = runJest(file, [...options, '--runInBand', '--runTestsByPath', ...again], long, later);
    result = withSecondRun(result, second.result);
    status = second.status;
    writeFileSync(file, JSON.stringify(result));
  }
  const skipped = result.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'pending');
  for (const { fullName } of skipped) console.log(`skipped: ${fullName}`);
  // A file that does not even load has no tests to count; it must not pass for that.
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  console.log(`suite ${name}: ${Math.round((Date.now() - began) / 1000)} s`);
  console.log(`${result.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped`);
  // What the unit suite needs, CI installs: a skipped test there is one that somebody forgot.
  const forgotten = process.env.CI === 'true' && name === 'unit' && skipped.length > 0;
  if (forgotten) console.log('a skipped test of this suite is a failure in CI: CI installs what it needs');
  return failed > 0 || forgotten || status !== 0 ? 1 : 0;
}

/** What jest has found, which it also leaves in the file. */
function runJest(
  file: string,
  options: readonly string[],
  long: boolean,
  env: Readonly<Record<string, string>>,
): { result: JestResult; status: number | null } {
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const { status } = spawnSync(
    process.execPath,
    [jest, '--ci', '--json', `--outputFile=${file}`, '--testLocationInResults', ...options],
    {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...env, ...(long ? { LONG: '1' } : {}) },
    },
  );
  return { result: JSON.parse(readFileSync(file, 'utf8')) as JestResult, status };
}

main().then(
  (status) => process.exit(status),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
