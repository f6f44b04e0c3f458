/**
 * Spark and Delta Lake from PyPI, the reader of Kafka from Maven: installed once into a cache. A program is Python with two
 * threads on this machine, in a process group of its own, so that a driver can be killed with its JVM.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPython } from '../../bin/local/python';
import { DELTA_SETTINGS } from '../../lib/flow/etl/settings';

const run = promisify(execFile);

const SPARK = '3.5.7';
const DELTA = '3.3.1';
const FOLDER = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
  'backpressure',
  'spark',
  `${SPARK}-${DELTA}`,
);
const JARS = join(FOLDER, 'jars');
const PYTHON = join(FOLDER, 'venv', 'bin', 'python');
const COMPLETE = join(FOLDER, '.complete');
const INSTALL_TIMEOUT_MILLIS = 15 * 60_000;
/** The rest of what Maven brings is in pyspark. */
const NEEDED = /^(delta-|spark-sql-kafka-|spark-token-provider-kafka-|kafka-clients-|commons-pool2-)/;

/** Why Spark cannot be had on this machine; undefined when it can. */
export function sparkMissing(): string | undefined {
  if (spawnSync('java', ['-version']).status !== 0) return 'no java';
  if (existsSync(COMPLETE)) return undefined;
  if (spawnSync('mvn', ['-v']).status !== 0) return 'no Spark in the cache, and no mvn to bring its reader of Kafka';
  return spawnSync('python3', ['-m', 'venv', '--help']).status === 0 ? undefined : 'no Python with venv';
}

/** Installs what is missing. */
export async function installSpark(): Promise<void> {
  if (existsSync(COMPLETE)) return;
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(JARS, { recursive: true });
  const limit = { timeout: INSTALL_TIMEOUT_MILLIS };
  await run(await findPython(), ['-m', 'venv', join(FOLDER, 'venv')], limit);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  await run(PYTHON, [...pip, `pyspark==${SPARK}`, `delta-spark==${DELTA}`], limit);
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${JARS}`];
  await run('mvn', ['-q', '-B', '-f', join(__dirname, 'spark', 'pom.xml'), ...goal], limit);
  writeFileSync(COMPLETE, '');
}

/** A program that runs. */
export interface SparkProgram {
  readonly process: ChildProcess;
  /** What it has written so far, and why. */
  output(): string;
  /** Ends driver and JVM where they stand. */
  kill(): Promise<void>;
  /** Resolves to its exit code. */
  readonly ended: Promise<number | null>;
}

/** Runs a Python program with Spark on two threads. */
export function startSpark(folder: string, program: string, args: readonly string[]): SparkProgram {
  const jars = readdirSync(JARS).filter((name) => NEEDED.test(name));
  const settings = {
    ...DELTA_SETTINGS,
    'spark.ui.enabled': 'false',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.driver.host': '127.0.0.1',
    'spark.sql.warehouse.dir': join(folder, 'warehouse'),
  };
  const submit = [
    '--master local[2]',
    '--driver-memory 1g',
    `--jars ${jars.map((name) => join(JARS, name)).join(',')}`,
    ...Object.entries(settings).map(([name, value]) => `--conf ${name}=${value}`),
    'pyspark-shell',
  ].join(' ');
  const child = spawn(PYTHON, ['-B', program, ...args], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: folder, TZ: 'UTC', PYSPARK_SUBMIT_ARGS: submit, SPARK_LOCAL_DIRS: folder },
  });
  let written = '';
  child.stdout.on('data', (chunk) => (written += chunk));
  child.stderr.on('data', (chunk) => (written += chunk));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      process.kill(-child.pid, 'SIGKILL');
    }
    await ended;
  };
  return { process: child, output: () => written, kill, ended };
}
