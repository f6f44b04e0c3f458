/**
 * A server that speaks MongoDB's wire protocol, on loopback, and MongoDB's own shell. Both come from their registries
 * once and stay in a cache; the data lasts as long as the server.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findPython } from '../../bin/local/python';

const run = promisify(execFile);

const ROOT = join(__dirname, '..', '..');
const REQUIREMENTS = join(ROOT, 'requirements', 'engines.txt');
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'backpressure');
const VENV = join(CACHE, 'mongo', 'venv');
const STAMP = join(VENV, '.engines');
const MONGOSH_VERSION = '2.12.0';
const MODULES = join(CACHE, 'mongosh', 'node_modules');
const MONGOSH = join(MODULES, '.bin', 'mongosh');
/** The program of the shell, for a process that is to become it. */
export const MONGOSH_PROGRAM = join(MODULES, '@mongosh', 'cli-repl', 'bin', 'mongosh.js');
/** The driver that the shell brings along. */
export const MONGO_DRIVER = join(MODULES, 'mongodb');
const INSTALL_TIMEOUT_MILLIS = 15 * 60_000;
const START_TIMEOUT_MILLIS = 60_000;
const SCRIPT_TIMEOUT_MILLIS = 120_000;

/** Why there is neither server nor shell on this machine; undefined when both can be had. */
export function mongoMissing(): string | undefined {
  const python = ['python3', 'python'].some((name) => spawnSync(name, ['-m', 'venv', '--help']).status === 0);
  return python ? undefined : 'no Python with venv';
}

/** A running server. */
export interface Mongo {
  readonly uri: string;
  /** Runs scripts of the shell, one after the other, with these variables, and gives back what they printed, line by line. */
  script(files: string | readonly string[], environment: Readonly<Record<string, string>>): Promise<string[]>;
  /** The value of an expression. */
  evaluate<T>(expression: string): Promise<T>;
  /** Starts a script that the caller ends. */
  start(files: string | readonly string[], environment: Readonly<Record<string, string>>): ChildProcess;
  /** Stops the server where it stands: connections stay open and nobody answers. */
  halt(): void;
  /** Lets a halted server go on. */
  resume(): void;
  /** Ends the server, with SIGTERM in order or with SIGKILL not, and starts it on the same data and port. */
  restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  stop(): Promise<void>;
}

/** Installs what is missing, and starts a server with an empty database. */
export async function startMongo(database: string): Promise<Mongo> {
  await installServer();
  await installShell();
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-mongo-'));
  const port = await freePort();
  const startServer = () =>
    spawn(
      join(VENV, 'bin', 'secantusd-py'),
      ['--host', '127.0.0.1', '--port', String(port), '--storage-path', join(folder, 'data'), '--log-level', 'ERROR'],
      { stdio: 'ignore' },
    );
  let server = startServer();
  const end = () => {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', end);
  await listening(port, server);
  const uri = `mongodb://127.0.0.1:${port}/${database}`;
  // The shell keeps settings at home; those of the person at the terminal are none of our business.
  const environment = (more: Readonly<Record<string, string>>) => ({
    ...process.env,
    ...more,
    HOME: folder,
    MONGODB_URI: uri,
  });
  const shell = async (args: string[], more: Readonly<Record<string, string>>) => {
    const options = { env: environment(more), timeout: SCRIPT_TIMEOUT_MILLIS, maxBuffer: 64 * 1024 ** 2 };
    const { stdout } = await run(MONGOSH, args, options);
    return stdout.split('\n').filter((line) => line.trim() !== '');
  };
  const asScript = (files: string | readonly string[]) => [
    '--nodb',
    '--quiet',
    '--norc',
    ...[files].flat().flatMap((file) => ['--file', file]),
  ];
  return {
    uri,
    script: (files, more) => shell(asScript(files), more),
    start: (files, more) => spawn(MONGOSH, asScript(files), { env: environment(more), stdio: 'ignore' }),
    async evaluate<T>(expression: string) {
      const lines = await shell([uri, '--quiet', '--norc', '--eval', `print(EJSON.stringify(${expression}))`], {});
      return JSON.parse(lines[lines.length - 1]) as T;
    },
    halt: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    async restart(signal) {
      const exit = new Promise((resolve) => server.once('exit', resolve));
      server.kill(signal);
      await exit;
      server = startServer();
      await listening(port, server);
    },
    async stop() {
      const exit = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await Promise.race([exit, wait(10_000, undefined, { ref: false })]);
      process.removeListener('exit', end);
      end();
    },
  };
}

async function installServer(): Promise<void> {
  const wanted = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  mkdirSync(VENV, { recursive: true });
  await run(await findPython(), ['-m', 'venv', VENV], { timeout: INSTALL_TIMEOUT_MILLIS });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
  await run(join(VENV, 'bin', 'python'), pip, { timeout: INSTALL_TIMEOUT_MILLIS });
  writeFileSync(STAMP, wanted);
}

async function installShell(): Promise<void> {
  if (existsSync(MONGOSH)) return;
  const prefix = join(CACHE, 'mongosh');
  mkdirSync(prefix, { recursive: true });
  // Its native add-ons are for Kerberos and field encryption; nothing here needs them, or a compiler.
  const npm = [
    'install',
    '--prefix',
    prefix,
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    `mongosh@${MONGOSH_VERSION}`,
  ];
  await run('npm', npm, { cwd: prefix, timeout: INSTALL_TIMEOUT_MILLIS });
}

async function listening(port: number, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MILLIS;
  while (Date.now() < deadline && server.exitCode === null) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.end());
    });
    if (open) return;
    await wait(100);
  }
  throw new Error('the MongoDB server did not start');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
