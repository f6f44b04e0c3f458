/**
 * Deploys the reference stack to the local AWS with the CDK CLI, as a user would to a real account.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DroppedResource } from '../../stacks/local-profile';
import { ProgramError, runProgram } from './children';
import { localEnvironment } from './emulator';

const STEP_TIMEOUT_MILLIS = 5 * 60_000;

/** Deployed and left out resources. */
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
  // Of an earlier run.
  for (const file of [outputsFile, droppedFile]) rmSync(file, { force: true });
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

async function cdk(
  root: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  args: readonly string[],
): Promise<void> {
  const cli = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  try {
    await runProgram(process.execPath, [cli, ...args], { cwd, env, signal, limitMillis: STEP_TIMEOUT_MILLIS });
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw new Error(`cdk ${args[0]}: ${error.message}:\n${error.output}`);
  }
}
