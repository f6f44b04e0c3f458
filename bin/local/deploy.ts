/**
 * Deploys the reference stack to the local AWS with the CDK CLI, as a user would to a real account.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DroppedResource } from '../../stacks/local-profile';
import { localEnvironment } from './emulator';

const STEP_TIMEOUT_MILLIS = 5 * 60_000;

/** What was deployed and what was left out. */
export interface Deployment {
  readonly outputs: Readonly<Record<string, string>>;
  readonly dropped: readonly DroppedResource[];
}

/** Bootstraps and deploys; everything it writes goes under `dist/local`. */
export async function deployLocally(
  root: string,
  endpoint: string,
  stack: string,
  signal: AbortSignal,
): Promise<Deployment> {
  const folder = join(root, 'dist', 'local');
  mkdirSync(folder, { recursive: true });
  const outputsFile = join(folder, 'outputs.json');
  const droppedFile = join(folder, 'dropped.json');
  // A cache of accounts from another endpoint would send the deployment to the wrong one.
  const home = mkdtempSync(join(tmpdir(), 'backpressure-cdk-'));
  const environment = { ...localEnvironment(endpoint), CDK_HOME: home, CDK_DISABLE_VERSION_CHECK: '1', CI: 'true' };
  try {
    // In a folder without an app: bootstrapping needs none, and would synthesize it.
    await cdk(root, home, environment, signal, ['bootstrap', 'aws://000000000000/us-east-1']);
    await cdk(root, root, environment, signal, [
      'deploy',
      stack,
      ...['--context', 'local=true'],
      ...['--context', `droppedFile=${droppedFile}`],
      ...['--require-approval', 'never'],
      ...['--outputs-file', outputsFile],
      ...['--output', join(folder, 'cdk.out')],
      '--no-notices',
    ]);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  const outputs = JSON.parse(readFileSync(outputsFile, 'utf8')) as Record<string, Record<string, string>>;
  return { outputs: outputs[stack], dropped: JSON.parse(readFileSync(droppedFile, 'utf8')) as DroppedResource[] };
}

function cdk(
  root: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  args: readonly string[],
): Promise<void> {
  const cli = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd,
      env,
      signal,
      timeout: STEP_TIMEOUT_MILLIS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code, killed) => {
      if (code === 0) resolve();
      else if (killed)
        reject(
          new Error(`cdk ${args[0]} was ended by ${killed} after at most ${STEP_TIMEOUT_MILLIS / 1000} s:\n${output}`),
        );
      else reject(new Error(`cdk ${args[0]} failed with exit status ${code}:\n${output}`));
    });
  });
}
