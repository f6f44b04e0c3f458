/** `npm start` in a checkout of its own, with a Python that does what a test wants of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../support/reference';
import { until } from '../support/until';

const SOURCES = ['bin', 'lib', 'stacks', 'requirements', 'package.json', 'tsconfig.json', 'cdk.json'];

/** Where the stand-in for Python stops; `deploy` is an emulator that is healthy and answers nothing else. */
export type Stage = 'version' | 'venv' | 'pip' | 'start' | 'deploy' | 'foreign';

/** How the stand-in behaves. */
export interface Behaviour {
  readonly stage: Stage;
  /** What it writes to stderr at that stage before it fails with status 1, instead of hanging. */
  readonly failure?: string;
  /** True when it and its child ignore SIGTERM. */
  readonly stubborn?: boolean;
}

/**
 * The stand-in: it answers as Python, makes a `.venv` with itself in it, and at its stage starts a child and hangs. It
 * notes the process ids of both.
 */
const PYTHON = `#!${process.execPath}
const fs = require('node:fs'), path = require('node:path'), http = require('node:http');
const { stage, failure, stubborn, pids } = JSON.parse(process.env.STAND_IN);
const args = process.argv.slice(2);
const code = args[0] === '-c' ? args[1] : '';
const now = args[1] === 'venv' ? 'venv' : args[1] === 'pip' ? 'pip' : /ministack/.test(code) ? 'start' : /version_info/.test(code) ? 'version' : '';
const hang = () => {
  if (failure !== undefined) { fs.writeSync(2, failure); process.exit(1); }
  const ignore = stubborn ? "process.on('SIGTERM', () => {});" : '';
  if (stubborn) process.on('SIGTERM', () => {});
  const child = require('node:child_process').spawn(process.execPath, ['-e', ignore + 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  fs.appendFileSync(pids, process.pid + '\\n' + child.pid + '\\n');
  setInterval(() => {}, 1000);
};
const serve = (edition) => http.createServer((request, response) => {
  if (request.url === '/_ministack/health') response.end(JSON.stringify({ edition }));
}).listen(Number(process.env.GATEWAY_PORT), '127.0.0.1');
if (now === 'venv') {
  fs.mkdirSync(path.join(args[2], 'bin'), { recursive: true });
  fs.copyFileSync(__filename, path.join(args[2], 'bin', 'python'));
}
if (now === 'start' && stage === 'deploy') { serve(process.env.MINISTACK_EDITION); hang(); }
else if (now === 'start' && stage === 'foreign') { serve('light'); hang(); }
else if (now === stage) hang();
else if (now === 'version') console.log('3.11');
`;

/** A program that runs, what it said so far, and how it ended. */
export interface Started {
  readonly child: ChildProcess;
  said(): string;
  /** Resolves with the exit status, or with the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** A copy of what `npm start` needs, in a folder of its own. */
export class Checkout {
  public readonly root = mkdtempSync(join(tmpdir(), 'backpressure-checkout-'));
  readonly #pids = join(this.root, 'pids');
  readonly #python = join(this.root, 'stand-in');
  readonly #started: ChildProcess[] = [];

  constructor() {
    for (const name of SOURCES) cpSync(join(ROOT, name), join(this.root, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(this.root, 'node_modules'));
    writeFileSync(this.#python, PYTHON);
    chmodSync(this.#python, 0o755);
  }

  /** The environment in which the stand-in is Python. */
  public environment(behaviour: Behaviour): NodeJS.ProcessEnv {
    return { PYTHON: this.#python, STAND_IN: JSON.stringify({ ...behaviour, pids: this.#pids }) };
  }

  public start(behaviour: Behaviour, args: readonly string[] = []): Started {
    rmSync(this.#pids, { force: true });
    const started = start(this.root, args, this.environment(behaviour));
    this.#started.push(started.child);
    return started;
  }

  /** Processes that the stand-in started and that are still there. */
  public left(): number[] {
    return this.#noted().filter(isThere);
  }

  /** Waits until the stand-in is at its stage. */
  public async atStage(started: Started): Promise<void> {
    await until(
      `the stand-in is at its stage:\n${started.said()}`,
      () => this.#noted().length > 0 || started.child.exitCode !== null,
    );
  }

  /**
   * Kills what a failed test left, also what the stand-in has not noted: every process that got its environment here. Once
   * more as long as there are any, because one that starts another may be found before the other is there.
   */
  public end(): void {
    for (const child of this.#started.splice(0)) child.kill('SIGKILL');
    for (let turn = 0; turn < MOST_TURNS; turn += 1) {
      const left = [...new Set([...this.left(), ...startedWith(this.root)])];
      if (left.length === 0) return;
      for (const pid of left) killed(pid);
    }
  }

  public remove(): void {
    this.end();
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Whole lines only: the file is there before its first one. */
  #noted(): number[] {
    if (!existsSync(this.#pids)) return [];
    return readFileSync(this.#pids, 'utf8').split('\n').slice(0, -1).map(Number);
  }
}

/** Processes die within a few turns; one that cannot be killed must not hold up the tests. */
const MOST_TURNS = 1000;

/** Processes whose environment names a folder; none where the system does not tell. */
function startedWith(root: string): number[] {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return pid !== process.pid && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(root) && !zombie(pid);
      } catch {
        return false;
      }
    });
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended since.
  }
}

/** Starts the program as a user does. */
export function start(root: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'bin', 'local.ts'), ...args], {
    cwd: root,
    env: { ...process.env, CDK_VALIDATION: undefined, AWS_ENDPOINT_URL: undefined, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('close', (status, signal) => resolve(status ?? signal)),
  );
  return { child, said: () => said, ended };
}

/** Whether a process is there and has not ended. */
export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !zombie(pid);
  } catch {
    return false;
  }
}

/** Ended, and not yet noticed by its parent; a container's first process may never notice. */
function zombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}
