/**
 * The Kubernetes that the cluster tests run on: the one of KUBECONFIG. `npm run test:cluster` starts one when
 * CLUSTER_UP names a script that does.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { until } from '../support/until';

/** kubectl of the same version as the server, if it was built beside it. */
const BUILT_KUBECTL = join(homedir(), '.cache', 'cluster', 'bin', 'kubectl');
export const KUBECTL = process.env.KUBECTL ?? (existsSync(BUILT_KUBECTL) ? BUILT_KUBECTL : 'kubectl');
const TIMEOUT_MILLIS = 60_000;

/** Whether there is a cluster to test on; without one the tests are skipped by name. */
export const HAS_CLUSTER =
  process.env.KUBECONFIG !== undefined && spawnSync(KUBECTL, ['version', '--request-timeout=5s']).status === 0;

/** Runs kubectl and returns what it printed; a failure is an error with what it said. */
export async function kubectl(args: readonly string[], input?: string): Promise<string> {
  return (await run(args, input)).stdout;
}

/**
 * Runs kubectl and returns what the `Warning` headers of the responses say, those of admission and of the API; kubectl
 * prints a text once. A failure is an error with what it said.
 */
export async function warnings(args: readonly string[], input?: string): Promise<string[]> {
  const { stderr } = await run(args, input);
  return stderr.split('\n').flatMap((line) => /^Warning: (.*)$/.exec(line)?.[1] ?? []);
}

function run(args: readonly string[], input?: string): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT_MILLIS, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(KUBECTL, [...args], options, (error, stdout, stderr) => {
      if (error) reject(new Error(`kubectl ${args.join(' ')}: ${stderr || stdout || error.message}`));
      else resolve({ stdout, stderr });
    });
    child.stdin?.end(input ?? '');
  });
}

/** One object of the cluster. */
// biome-ignore lint/suspicious/noExplicitAny: objects of any kind
export async function get(kind: string, name: string, namespace: string): Promise<any> {
  return JSON.parse(await kubectl(['get', kind, name, '-n', namespace, '-o', 'json']));
}

/** Waits for namespaces that a test before deleted: until they are gone, nothing can be made in them. */
export function settled(): Promise<void> {
  const ending = async () =>
    (await kubectl(['get', 'namespaces', '-o', 'jsonpath={.items[*].status.phase}'])).includes('Terminating');
  return until('every namespace is active', async () => !(await ending()), 180);
}
