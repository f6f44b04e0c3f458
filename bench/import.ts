/**
 * What the first construct of an app costs: the import of ours for AWS beside the import of one of
 * aws-solutions-constructs, each in a process of its own, on the same aws-cdk-lib.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dependencies } from '../test/patterns/package.json';
import { type Line, line, median, progress } from './line';

const ROOT = join(__dirname, '..');
const OURS = join(ROOT, 'dist', 'lib', 'aws', 'index.js');
const THEIRS = '@aws-solutions-constructs/aws-sqs-lambda';
/** Below the root, so that both find the aws-cdk-lib of the project. */
const INSTALLED = join(ROOT, 'dist', 'bench', 'import');
const MOST = 1.1;
const ROUNDS = 15;
/** With the first use of a construct: before it ours has loaded next to nothing. */
const TIMED =
  'const begun = performance.now(); require(process.argv[1])[process.argv[2]]; console.log(performance.now() - begun);';

export function bench(): Line[] {
  if (!existsSync(OURS)) throw new Error(`no ${OURS}: run \`npm run build\` first`);
  install();
  progress(`import: ${ROUNDS} rounds`);
  const millis = { ours: [] as number[], theirs: [] as number[] };
  // In turns, so that other load on the machine slows both alike.
  for (let round = 0; round < ROUNDS; round++) {
    millis.ours.push(timed(OURS, 'RedriveQueue'));
    millis.theirs.push(timed(THEIRS, 'SqsToLambda'));
  }
  return [line(`import of /aws vs ${THEIRS}`, median(millis.ours), 'ms', median(millis.theirs), MOST)];
}

function install(): void {
  if (existsSync(join(INSTALLED, 'node_modules', THEIRS))) return;
  mkdirSync(INSTALLED, { recursive: true });
  writeFileSync(join(INSTALLED, 'package.json'), JSON.stringify({ private: true }));
  const args = ['install', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund'];
  run('npm', [...args, `${THEIRS}@${dependencies[THEIRS]}`]);
}

function timed(module: string, construct: string): number {
  return Number(run(process.execPath, ['-e', TIMED, module, construct]));
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: INSTALLED, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}
