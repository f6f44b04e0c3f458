/** The suites of tests that need more than jest, and what makes each ready. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { installPython } from '../bin/local/python';
import { KUBECTL } from './cluster/kubernetes';
import COUNTS from './counts.json';
import { testsEnd } from './deadline';
import HEAVY from './heavy.json';

const ROOT = join(__dirname, '..');

/** What jest is told for a suite, and what makes it ready. */
export interface Suite {
  readonly jest: readonly string[];
  readonly prepare: () => Promise<void>;
}

/** In place of the patterns of jest.config.cjs, which leave all of these suites out. */
function ignoring(files: readonly string[]): string {
  return `--testPathIgnorePatterns=${['/node_modules/', ...files].join('|')}`;
}

/** What each suite consists of, and what makes it ready. */
export const SUITES = {
  unit: {
    jest: [],
    prepare: async () => {
      for (const requirements of ['local', 'judges'])
        await installPython(ROOT, requirements, (line) => console.error(line));
    },
  },
  // One file at a time: each starts servers of its own and measures times.
  engines: {
    jest: ['--runInBand', ignoring(COUNTS), '--testPathPatterns=test/engines/'],
    prepare: prepareServers,
  },
  // What is counted, and what waits for seconds, does not depend on who else is at work.
  counts: {
    jest: ['--maxWorkers=2', ignoring([]), `--testPathPatterns=${COUNTS.join('|')}`],
    prepare: prepareServers,
  },
  heavy: {
    jest: [ignoring([]), `--testPathPatterns=${HEAVY.join('|')}`],
    prepare: async () => {},
  },
  patterns: {
    jest: [ignoring([]), '--testPathPatterns=test/patterns/'],
    prepare: async () => installPatterns(),
  },
  // As a user gets it: builds and installs, and takes minutes.
  package: {
    jest: [ignoring([]), '--testPathPatterns=test/package/'],
    prepare: async () => {},
  },
  // Most of their time they wait for controllers, each in namespaces of its own.
  cluster: {
    jest: ['--maxWorkers=2', ignoring([]), '--testPathPatterns=test/cluster/'],
    prepare: async () => {
      await prepareServers();
      startCluster();
    },
  },
} satisfies Readonly<Record<string, Suite>>;

/** The name of a suite. */
export type SuiteName = keyof typeof SUITES;

async function prepareServers(): Promise<void> {
  // The local AWS; without it its tests are skipped by name.
  await installPython(ROOT, 'local', (line) => console.error(line)).catch(({ message }) => console.error(message));
  bundle();
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
    const [command, ...args] = [...untilTestsEnd(), script];
    const { status, signal } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status === 0) continue;
    console.error(`${script} ended with ${status ?? signal}: there is no cluster to test on`);
    return;
  }
  process.env.KUBECONFIG = join(process.env.CLUSTER_HOME ?? join(homedir(), '.cache', 'cluster'), 'run', 'kubeconfig');
  installCrds();
}

/** From nothing the scripts build for half an hour, with children of their own: `timeout` ends all of them. */
function untilTestsEnd(): readonly string[] {
  const seconds = Math.ceil(testsEnd() - Date.now() / 1000);
  return Number.isFinite(seconds) ? ['timeout', `${Math.max(1, seconds)}`] : [];
}

/** Definitions of resources that the control plane of the script does not have, from the module that publishes them. */
const CRDS = { module: 'sigs.k8s.io/gateway-api@v1.4.0', file: 'gateway.networking.k8s.io_httproutes.yaml' };

/** What fails here, the tests on it tell. */
function installCrds(): void {
  const { stdout, status } = spawnSync('go', ['mod', 'download', '-json', CRDS.module], { encoding: 'utf8' });
  if (status !== 0) {
    console.error(`${CRDS.module} cannot be had: manifests with its resources will be refused`);
    return;
  }
  const { Dir } = JSON.parse(stdout) as { readonly Dir: string };
  const file = join(Dir, 'config', 'crd', 'standard', CRDS.file);
  for (const args of [
    ['apply', '--server-side', '-f', file],
    ['wait', '--for=condition=Established', '--timeout=60s', '-f', file],
  ])
    spawnSync(KUBECTL, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
