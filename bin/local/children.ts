/**
 * Child processes, each in its own process group: a Ctrl-C in the terminal reaches only this process, which then ends
 * every group.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Time that a group has after SIGTERM before it gets SIGKILL. */
const GRACE_MILLIS = 3000;
const GONE_LOOK_MILLIS = 20;
/** To look for a group is quick; to read the state of every process takes milliseconds. */
const LOOKS_A_SCAN = 5;
/** The most of its output that is kept for an error message. */
const MOST_OUTPUT = 20_000;

const groups = new Set<ChildProcess>();

/** A program ended other than with exit status 0. */
export class ProgramError extends Error {
  public override readonly name = 'ProgramError';
  constructor(
    message: string,
    /** The end of its output. */
    public readonly output: string,
    /** True when it was ended at its time limit. */
    public readonly timedOut: boolean,
  ) {
    super(message);
  }
}

/** Options of a program. */
export interface RunProgram {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the program's group when it is aborted. */
  readonly signal?: AbortSignal;
  /** The longest that it may take, in milliseconds; no limit by default. */
  readonly limitMillis?: number;
}

/** Starts a program in its own process group, which `endGroups` ends. */
export function spawnGroup(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, { ...options, detached: true });
  groups.add(child);
  child.once('error', () => groups.delete(child));
  return child;
}

/** Runs a program to its end and returns what it wrote to stdout. Throws `ProgramError`, or the signal's reason. */
export async function runProgram(command: string, args: readonly string[], options: RunProgram = {}): Promise<string> {
  const { cwd, env, signal, limitMillis } = options;
  signal?.throwIfAborted();
  const child = spawnGroup(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const written = { stdout: '', both: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    written.stdout += chunk.toString();
    written.both = (written.both + chunk.toString()).slice(-MOST_OUTPUT);
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    written.both = (written.both + chunk.toString()).slice(-MOST_OUTPUT);
  });
  let timedOut = false;
  const timer = setTimeout(
    () => {
      timedOut = true;
      void endGroup(child);
    },
    limitMillis ?? 2 ** 31 - 1,
  );
  const aborted = () => void endGroup(child);
  signal?.addEventListener('abort', aborted, { once: true });
  try {
    const [code, killed] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      // Not 'close': a process that it left running may hold its output open.
      child.once('exit', (code, killed) => setImmediate(() => resolve([code, killed])));
    });
    if (child.stdout && !child.stdout.readableEnded && !timedOut && !signal?.aborted) await drained(child);
    signal?.throwIfAborted();
    if (code === 0 && !timedOut) return written.stdout;
    const how = timedOut
      ? `did not end within ${(limitMillis ?? 0) / 1000} s`
      : `ended with ${killed ?? `status ${code}`}`;
    throw new ProgramError(`${command} ${how}`, written.both, timedOut);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
    if (child.exitCode === null && child.signalCode === null) await endGroup(child);
    endRest(child);
  }
}

/** Ends a process group: SIGTERM, then SIGKILL for the rest. Returns when no process of it is left. */
export async function endGroup(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!signalled(pid, signal)) break;
    const until = Date.now() + GRACE_MILLIS;
    let gone = !signalled(pid, 0);
    for (let look = 1; !gone && Date.now() < until; look += 1) {
      await wait(GONE_LOOK_MILLIS);
      gone = !signalled(pid, 0) || (look % LOOKS_A_SCAN === 0 && onlyEnded(pid));
    }
    if (gone) break;
  }
  groups.delete(child);
}

/** Ends every process group started here, except those left running on purpose. */
export async function endGroups(): Promise<void> {
  await Promise.all([...groups].map(endGroup));
}

/** Leaves a group running when this process ends. */
export function leaveRunning(child: ChildProcess): void {
  groups.delete(child);
  child.unref();
}

/** Ends processes that a finished program left in its group. */
function endRest(child: ChildProcess): void {
  if (child.pid !== undefined) signalled(child.pid, 'SIGKILL');
  groups.delete(child);
}

/** Reads the rest of the output of a finished program; a second at most. */
async function drained(child: ChildProcess): Promise<void> {
  await Promise.race([new Promise((resolve) => child.once('close', resolve)), wait(1000, undefined, { ref: false })]);
}

/**
 * Whether every process of a group has ended, and only its parent has not noticed: the first process of a container may
 * take seconds, or never do it. False where the system does not tell.
 */
function onlyEnded(group: number): boolean {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(stateOf)
      .every(({ state, of }) => of !== group || state === 'Z' || state === 'X');
  } catch {
    return false;
  }
}

/** State and group of a process, behind its name in /proc/<pid>/stat; the name may hold anything. */
function stateOf(pid: string): { readonly state: string; readonly of: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, , of] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, of: Number(of) };
  } catch {
    // It has ended since.
    return { state: 'X', of: 0 };
  }
}

/** Sends a signal to a group; false when it has no process left. */
function signalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
