/**
 * `npm test`: installs the Python judges, runs jest, and ends with one plain line, "N passed, N failed, N skipped".
 * `--long` runs the property tests ten times as long. Other arguments go to jest.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { installPython } from '../bin/local/emulator';

const ROOT = join(__dirname, '..');
const RESULT = join(ROOT, 'dist', 'test', 'jest.json');

interface JestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: { readonly assertionResults: { readonly status: string; readonly fullName: string }[] }[];
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const long = args.includes('--long');
  for (const requirements of ['local', 'judges'])
    await installPython(ROOT, requirements, (line) => console.error(line));
  mkdirSync(join(ROOT, 'dist', 'test'), { recursive: true });
  rmSync(RESULT, { force: true });
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const rest = args.filter((arg) => arg !== '--long');
  const child = spawnSync(
    process.execPath,
    [jest, '--ci', '--json', `--outputFile=${RESULT}`, '--testLocationInResults', ...rest],
    {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...(long ? { LONG: '1' } : {}) },
    },
  );
  const result = JSON.parse(readFileSync(RESULT, 'utf8')) as JestResult;
  const skipped = result.testResults
    .flatMap((file) => file.assertionResults)
    .filter(({ status }) => status === 'pending');
  for (const { fullName } of skipped) console.log(`skipped: ${fullName}`);
  // A file that does not even load has no tests to count; it must not pass for that.
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  console.log(`${result.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped`);
  // Where CI installs everything, a skipped test is one that somebody forgot.
  const forgotten = process.env.CI === 'true' && skipped.length > 0;
  return failed > 0 || forgotten || child.status !== 0 ? 1 : 0;
}

main().then(
  (status) => process.exit(status),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
