/**
 * `npm run prove`: runs claims of the cases against real servers and writes docs/proof.json, docs/proof.md and
 * dist/proof.json. `--case 16` (also several) runs those of a case, `--proof` those of a name, `--list` says which there are
 * and what has changed since they ran, `--runs 3` measures each three times, `--json` prints the rows. Code that differs
 * from its commit is refused without `--dirty`.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { RunReport } from '../bin/local/intake';
import { write } from '../docs/generate';
import { inOrder, keyOf, type Measurement, type ProofRow, readProof } from '../docs/proof';
import { changedFiles, commitOf, sinceThen, whyNotProven } from './proof-code';
import { averaged } from './proof-rows';
import { PROOFS, type Proof } from './proofs';
import { SUITES } from './suites';
import { intakeClaims } from './support/intake-claims';
import { measurementOf } from './support/proof';

const ROOT = join(__dirname, '..');
const JEST = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
/** A flood of a minute and a half: long enough for a backlog, short enough for five minutes with its drain. */
const DELIVERIES = 6000;
/** What a proof without a test runs. */
const LOCAL = join('bin', 'local.ts');

interface Options {
  readonly case?: number[];
  readonly proof?: string[];
  readonly list: boolean;
  readonly runs: number;
  readonly dirty: boolean;
  readonly json: boolean;
}

const program = new Command('npm run prove --')
  .description('Runs claims of the cases against real servers and writes docs/proof.md.')
  .option('--case <number...>', 'only the proofs of these cases', (text: string, before: number[] = []) => [
    ...before,
    wholeNumber(text, 1, 20),
  ])
  .option('--proof <name...>', 'only the proofs of these names, as --list has them')
  .option('--list', 'say which proofs there are and what has changed since they ran, and run none', false)
  .option('--dirty', 'also measure code that differs from its commit; its rows have a + behind the commit', false)
  .option(
    '--runs <count>',
    'measure each so often, 1 to 20; the rows have mean and spread',
    (text) => wholeNumber(text, 1, 20),
    1,
  )
  .option('--json', 'print the rows to stdout', false)
  .addHelpText('after', '\nExit status 1 when a claim is outside its range, or a run did not come to its end.');

async function main(): Promise<number> {
  const options = program.parse().opts<Options>();
  const chosen = PROOFS.filter(
    ({ cases, name }) =>
      (options.case === undefined || cases.some((one) => options.case?.includes(one))) &&
      (options.proof === undefined || options.proof.includes(name)),
  );
  if (chosen.length === 0 && options.proof !== undefined) {
    console.error(`no proof ${options.proof.join(', ')}; there are ${PROOFS.map(({ name }) => name).join(', ')}`);
    return 1;
  }
  if (chosen.length === 0) {
    const known = [...new Set(PROOFS.flatMap(({ cases }) => cases))].sort((a, b) => a - b);
    console.error(`no proof of case ${options.case?.join(', ')}; there are proofs of ${known.join(', ')}`);
    return 1;
  }
  if (options.list) {
    list(chosen);
    return 0;
  }
  const refused = whyNotProven(changedFiles(ROOT), options.dirty);
  if (refused !== undefined) {
    console.error(refused);
    return 1;
  }
  const tidy = await prepare(chosen);
  const failed: string[] = [];
  const rows: ProofRow[] = [];
  try {
    for (const [index, proof] of chosen.entries()) {
      console.error(`${index + 1} of ${chosen.length}: ${proof.name}, ${proof.title}`);
      const { rows: own, ok } = run(proof, options.runs);
      // After each proof, so that an interrupted run keeps what it has.
      record(own);
      rows.push(...own);
      for (const row of own)
        console.error(`  ${row.ok ? 'ok' : 'NOT OK'}  case ${row.case}, ${row.metric}: ${row.ratio.toPrecision(3)}`);
      if (!ok) failed.push(proof.name);
    }
  } finally {
    tidy();
  }
  if (options.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  const ok = rows.filter((row) => row.ok).length;
  if (failed.length > 0) console.error(`did not come to its end: ${failed.join(', ')}`);
  console.error(`${ok} ok, ${rows.length - ok} not ok`);
  return failed.length > 0 || ok < rows.length ? 1 : 0;
}

function list(proofs: readonly Proof[]): void {
  const rows = readProof(ROOT);
  for (const { name, cases, suite, title, file = LOCAL } of proofs) {
    const row = rows.find(({ proof }) => proof === name);
    const took = row === undefined ? 'not run yet' : `${Math.round(row.seconds)} s`;
    console.log(`${name.padEnd(18)} case ${cases.join(', ').padEnd(7)} ${suite.padEnd(8)} ${took.padEnd(12)} ${title}`);
    if (row !== undefined) console.log(`${' '.repeat(19)}${row.date} ${sinceThen(ROOT, file, row.commit)}`);
  }
}

/** Starts what the suites need; gives back what stops what was started here. */
async function prepare(proofs: readonly Proof[]): Promise<() => void> {
  const given = process.env.KUBECONFIG;
  for (const name of ['engines', 'cluster'] as const) {
    if (proofs.some(({ suite }) => suite === name)) await SUITES[name].prepare();
  }
  return () => {
    const { CLUSTER_UP } = process.env;
    if (given !== undefined || process.env.KUBECONFIG === undefined || CLUSTER_UP === undefined) return;
    const down = join(dirname(CLUSTER_UP), 'down.sh');
    if (existsSync(down)) spawnSync(down, { stdio: 'ignore' });
  };
}

function run(proof: Proof, times: number): { rows: ProofRow[]; ok: boolean } {
  const load = loadavg()[0];
  const began = Date.now();
  const measured: Measurement[] = [];
  let ok = true;
  for (let time = 0; time < times; time += 1) {
    const { rows, status } = proof.suite === 'local' ? runIntake() : runTest(proof);
    measured.push(...rows);
    // A claim outside its range ends a test with 1 as well; its row says so.
    ok &&= rows.length > 0 && (status === 0 || rows.some((row) => !row.ok));
  }
  const common = {
    proof: proof.name,
    seconds: Math.round((Date.now() - began) / 1000 / times),
    date: new Date().toISOString().slice(0, 10),
    commit: commitOf(ROOT),
    machine: `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    load: Math.round(load * 10) / 10,
  };
  return { rows: averaged(measured).map((row) => ({ ...row, ...common })), ok };
}

function runTest({ name, file }: Proof): { rows: Measurement[]; status: number | null } {
  const folder = join(ROOT, 'dist', 'proof');
  mkdirSync(folder, { recursive: true });
  const rows = join(folder, `${name}.jsonl`);
  rmSync(rows, { force: true });
  const { status } = child(
    process.execPath,
    [JEST, '--ci', '--runInBand', '--testPathIgnorePatterns=/node_modules/', `--testPathPatterns=${file}`],
    {
      PROOF_ROWS: rows,
    },
  );
  const lines = existsSync(rows) ? readFileSync(rows, 'utf8').trim().split('\n').filter(Boolean) : [];
  return { rows: lines.map((line) => JSON.parse(line) as Measurement), status };
}

function runIntake(): { rows: Measurement[]; status: number | null } {
  const { status, stdout } = child(
    process.execPath,
    ['--import', 'tsx', LOCAL, '--deliveries', String(DELIVERIES), '--json'],
    {},
  );
  try {
    return { rows: intakeClaims(JSON.parse(stdout) as RunReport).map(measurementOf), status };
  } catch (error) {
    console.error(`the local run left no report: ${(error as Error).message}`);
    return { rows: [], status };
  }
}

function child(command: string, args: readonly string[], env: NodeJS.ProcessEnv): SpawnSyncReturns<string> {
  const more = { cwd: ROOT, env: { ...process.env, ...env }, encoding: 'utf8', maxBuffer: 2 ** 28 } as const;
  return spawnSync(command, args, { ...more, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Replaces the rows of the same key, and writes every page that has rows. */
function record(rows: readonly ProofRow[]): void {
  const keys = new Set(rows.map(keyOf));
  const proofs = new Set(rows.map(({ proof }) => proof));
  // What a proof no longer claims goes with its last run.
  const kept = readProof(ROOT).filter((row) => !keys.has(keyOf(row)) && !proofs.has(row.proof));
  const text = `${JSON.stringify({ rows: inOrder([...kept, ...rows]) }, null, 2)}\n`;
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  for (const folder of ['docs', 'dist']) writeFileSync(join(ROOT, folder, 'proof.json'), text);
  write(ROOT);
}

function wholeNumber(text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
}

main().then(
  (status) => process.exit(status),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
