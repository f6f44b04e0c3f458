/**
 * `npm test`, `npm run test:engines`, `npm run test:patterns`, `npm run test:package`, `npm run test:cluster`: installs what
 * the suite needs, runs jest, and ends with one plain line, "N passed, N failed, N skipped".
 *
 * `--suite engines` and `--suite cluster` pick the tests against real servers, `--suite patterns` those on templates of
 * others, `--suite package` those of the package as it is installed; `--long` runs the property tests ten times as long.
 * Other arguments go to jest.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { installPython } from '../bin/local/python';

const ROOT = join(__dirname, '..');
const RESULTS = join(ROOT, 'dist', 'test');

/** What each suite consists of, and what makes it ready. */
const SUITES: Readonly<Record<string, { readonly jest: readonly string[]; readonly prepare: () => Promise<void> }>> = {
  unit: {
    jest: [],
    prepare: async () => {
      for (const requirements of ['local', 'judges'])
        await installPython(ROOT, requirements, (line) => console.error(line));
    },
  },
  // One file at a time: each starts servers of its own and measures.
  engines: {
    jest: ['--runInBand', '--testPathIgnorePatterns=/node_modules/', '--testPathPatterns=test/engines/'],
    prepare: async () => bundle(),
  },
  patterns: {
    jest: ['--testPathIgnorePatterns=/node_modules/', '--testPathPatterns=test/patterns/'],
    prepare: async () => installPatterns(),
  },
  // As a user gets it: builds and installs, and takes minutes.
  package: {
    jest: ['--testPathIgnorePatterns=/node_modules/', '--testPathPatterns=test/package/'],
    prepare: async () => {},
  },
  cluster: {
    jest: ['--runInBand', '--testPathIgnorePatterns=/node_modules/', '--testPathPatterns=test/cluster/'],
    prepare: async () => {
      // The SQS of the trigger tests; without it they are skipped by name.
      await installPython(ROOT, 'local', (line) => console.error(line)).catch(({ message }) => console.error(message));
      bundle();
      startCluster();
    },
  },
};

interface JestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: { readonly assertionResults: { readonly status: string; readonly fullName: string }[] }[];
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const name = args.includes('--suite') ? args[args.indexOf('--suite') + 1] : 'unit';
  const suite = SUITES[name];
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
  return failed > 0 || forgotten || child.status !== 0 ? 1 : 0;
}

/** What these suites run is what is shipped, not what was bundled some time ago. */
function bundle(): void {
  const { status } = spawnSync('npm', ['run', '--silent', 'prepare'], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`npm run prepare ended with ${status}`);
}

/** The constructs of others on whose templates the rules are tried; without their peers, which are ours already. */
function installPatterns(): void {
  const folder = join(ROOT, 'dist', 'patterns');
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(ROOT, 'test', 'patterns', 'package.json'), join(folder, 'package.json'));
  const args = ['install', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`npm install in ${folder} ended with ${status}`);
}

/** A control plane of one's own, when there is no KUBECONFIG and CLUSTER_UP names a script that starts one. */
function startCluster(): void {
  const { KUBECONFIG, CLUSTER_UP } = process.env;
  if (KUBECONFIG !== undefined) return;
  if (!CLUSTER_UP || !existsSync(CLUSTER_UP)) {
    console.error(
      'neither KUBECONFIG nor CLUSTER_UP (a script that starts a control plane) is set: nothing to test on',
    );
    return;
  }
  // The operators' own CRDs first, where a script beside it makes them.
  for (const script of [join(dirname(CLUSTER_UP), 'crds.sh'), CLUSTER_UP].filter(existsSync)) {
    const { status, signal } = spawnSync(script, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status === 0) continue;
    console.error(`${script} ended with ${status ?? signal}: there is no cluster to test on`);
    return;
  }
  process.env.KUBECONFIG = join(process.env.CLUSTER_HOME ?? join(homedir(), '.cache', 'cluster'), 'run', 'kubeconfig');
}

main().then(
  (status) => process.exit(status),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
