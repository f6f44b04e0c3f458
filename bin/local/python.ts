/**
 * The project's own virtual environment, `.venv`: complete or made anew. A marker shows that it is complete, and is
 * removed while pip works, so an interrupted installation does not count as complete.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProgramError, runProgram } from './children';
import { awaitLock } from './lock';
import { MachineError } from './machine-error';

/** How long each step may take, in milliseconds. */
export interface PythonLimits {
  /** Until an interpreter reports its version. */
  readonly answerMillis: number;
  /** Until a virtual environment is made. */
  readonly makeMillis: number;
  /** Until pip has installed a requirements file. */
  readonly installMillis: number;
}

const LIMITS: PythonLimits = { answerMillis: 20_000, makeMillis: 3 * 60_000, installMillis: 10 * 60_000 };

const VERSION = 'import sys; print("%d.%d" % sys.version_info[:2])';

/** Messages of pip when it cannot reach an index; for a missing package the message differs. */
const NO_INDEX = /connection|timed? ?out|name resolution|unreachable|proxyerror|sslerror|max retries/i;
const OTHER_HASH = /do not match the hashes|hashes are required/i;

/** Options of an installation. */
export interface InstallOptions {
  /** Ends the installation and what it started when it is aborted. */
  readonly signal?: AbortSignal;
  readonly limits?: PythonLimits;
  readonly env?: NodeJS.ProcessEnv;
}

/** Finds Python 3.10 or later. */
export async function findPython(env: NodeJS.ProcessEnv = process.env, options: InstallOptions = {}): Promise<string> {
  const { signal, limits = LIMITS } = options;
  const candidates = [env.PYTHON, 'python3', 'python'].filter((name): name is string => Boolean(name));
  const found: string[] = [];
  for (const candidate of candidates) {
    try {
      const printed = await runProgram(candidate, ['-c', VERSION], { env, signal, limitMillis: limits.answerMillis });
      const [major, minor] = printed.trim().split('.').map(Number);
      if (major > 3 || (major === 3 && minor >= 10)) return candidate;
      found.push(`${candidate} ${printed.trim()}`);
    } catch (error) {
      signal?.throwIfAborted();
      // Not found; try the next one.
      if (error instanceof ProgramError && error.timedOut)
        found.push(`${candidate}, which did not answer within ${limits.answerMillis / 1000} s`);
    }
  }
  const seen = found.length > 0 ? `found only ${found.join(', ')}` : 'found none';
  throw new MachineError(`The local AWS needs Python 3.10 or later, ${seen}; install python3 or name it in PYTHON.`);
}

/**
 * Installs a requirements file into the project's own virtual environment, once per version of the file, and returns the
 * folder of its programs. Waits while another process installs.
 */
export async function installPython(
  root: string,
  requirements: string,
  say: (line: string) => void,
  options: InstallOptions = {},
): Promise<string> {
  const venv = new Venv(root, say, options);
  const file = join(root, 'requirements', `${requirements}.txt`);
  const wanted = createHash('sha256').update(readFileSync(file)).digest('hex');
  const giveBack = await awaitLock(
    join(root, 'dist', 'venv.lock'),
    (pid) => say(`waiting for process ${pid}, which installs into .venv`),
    options.signal,
  );
  try {
    if (!(await venv.complete())) await venv.make();
    if (venv.marked(requirements) !== wanted) await venv.install(requirements, file, wanted);
  } finally {
    giveBack();
  }
  return venv.bin;
}

class Venv {
  public readonly bin: string;
  readonly #folder: string;
  readonly #python: string;
  readonly #limits: PythonLimits;
  readonly #env: NodeJS.ProcessEnv;

  constructor(
    root: string,
    private readonly say: (line: string) => void,
    private readonly options: InstallOptions,
  ) {
    this.#folder = join(root, '.venv');
    this.bin = join(this.#folder, process.platform === 'win32' ? 'Scripts' : 'bin');
    this.#python = join(this.bin, 'python');
    this.#limits = options.limits ?? LIMITS;
    this.#env = options.env ?? process.env;
  }

  /** Whether it was completed here and its interpreter still runs: a copy or an update of Python breaks it. */
  public async complete(): Promise<boolean> {
    if (this.marked('complete') !== this.#folder) return false;
    const limitMillis = this.#limits.answerMillis;
    try {
      await this.#run(this.#python, ['-c', 'import pip'], limitMillis);
      return true;
    } catch (error) {
      this.options.signal?.throwIfAborted();
      if (!(error instanceof ProgramError) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return false;
    }
  }

  public async make(): Promise<void> {
    const python = await findPython(this.#env, this.options);
    this.say(`${existsSync(this.#folder) ? 'making anew the' : 'making a'} virtual environment in .venv`);
    rmSync(this.#folder, { recursive: true, force: true });
    try {
      await this.#run(python, ['-m', 'venv', this.#folder], this.#limits.makeMillis);
    } catch (error) {
      this.options.signal?.throwIfAborted();
      throw new MachineError(`Python could not make a virtual environment: ${whyNoVenv(error as Error)}`);
    }
    this.#mark('complete', this.#folder);
  }

  public async install(requirements: string, file: string, wanted: string): Promise<void> {
    this.say(`installing requirements/${requirements}.txt`);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--require-hashes'];
    this.#unmark(requirements);
    this.#unmark('complete');
    try {
      await this.#run(this.#python, [...pip, '-r', file], this.#limits.installMillis);
    } catch (error) {
      this.options.signal?.throwIfAborted();
      // pip undoes its changes, unless it was ended from outside.
      if (error instanceof ProgramError && /ended with status/.test(error.message))
        this.#mark('complete', this.#folder);
      const why = whyNotInstalled(error as Error);
      throw new MachineError(`pip could not install requirements/${requirements}.txt: ${why}`);
    }
    this.#mark(requirements, wanted);
    this.#mark('complete', this.#folder);
  }

  /** Content of a marker; undefined without one. */
  public marked(name: string): string | undefined {
    const marker = join(this.#folder, `.${name}`);
    return existsSync(marker) ? readFileSync(marker, 'utf8') : undefined;
  }

  #mark(name: string, value: string): void {
    writeFileSync(join(this.#folder, `.${name}`), value);
  }

  #unmark(name: string): void {
    rmSync(join(this.#folder, `.${name}`), { force: true });
  }

  async #run(command: string, args: readonly string[], limitMillis: number): Promise<void> {
    await runProgram(command, args, { env: this.#env, signal: this.options.signal, limitMillis });
  }
}

function whyNoVenv(error: Error): string {
  const hint = /ensurepip|python3-venv/.test(outputOf(error)) ? '; on Debian install python3-venv' : '';
  return `${lastLine(error)}${hint}.`;
}

function whyNotInstalled(error: Error): string {
  const [said, output] = [lastLine(error), outputOf(error)];
  if (OTHER_HASH.test(output))
    return `${said}; a package is not the one that was pinned, \`npm run requirements\` pins anew.`;
  return NO_INDEX.test(output) ? `${said}; is a package index reachable?` : `${said}.`;
}

function outputOf(error: Error): string {
  return error instanceof ProgramError ? error.output : error.message;
}

/** The last error line of a program, or its exit status without one. */
function lastLine(error: Error): string {
  const timedOut = error instanceof ProgramError && error.timedOut;
  const lines = (timedOut ? error.message : outputOf(error) || error.message).trim().split('\n');
  return lines[lines.length - 1].slice(0, 300).replace(/\.$/, '');
}
