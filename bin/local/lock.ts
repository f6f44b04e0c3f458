/**
 * A lock file that names the process that holds it. An ended process holds no lock, and a new process with the same
 * number differs by its start time.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const LOOK_MILLIS = 200;

interface Holder {
  readonly pid: number;
  /** Clock ticks between the machine's start and the process's; empty where the system does not tell. */
  readonly started: string;
}

/** Takes the lock and returns its release function, or the process id of the holder. */
export function takeLock(file: string): (() => void) | number {
  mkdirSync(dirname(file), { recursive: true });
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) } satisfies Holder);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, mine);
  try {
    for (;;) {
      // A link appears with its content, so no other process reads half of it.
      if (linked(draft, file)) return () => giveBack(file, mine);
      const found = read(file);
      if (found === undefined) continue;
      const holder = holderOf(found);
      if (holder !== undefined && alive(holder)) return holder.pid;
      discard(file, found);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Takes the lock as soon as it is free. `onWait` is called once, with the process id of the holder. */
export async function awaitLock(
  file: string,
  onWait: (pid: number) => void,
  signal?: AbortSignal,
): Promise<() => void> {
  for (let said = false; ; said = true) {
    const taken = takeLock(file);
    if (typeof taken === 'function') return taken;
    if (!said) onWait(taken);
    await wait(LOOK_MILLIS, undefined, { signal });
  }
}

function linked(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a lock whose holder has ended, unless another process has removed and taken it. */
function discard(file: string, stale: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (read(aside) !== stale) linked(aside, file);
  rmSync(aside, { force: true });
}

function giveBack(file: string, mine: string): void {
  if (read(file) === mine) rmSync(file, { force: true });
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function holderOf(text: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(text) as Partial<Holder>;
    if (Number.isInteger(pid) && Number(pid) > 0) return { pid: Number(pid), started: String(started ?? '') };
  } catch {
    // Not written by us: it has no holder.
  }
  return undefined;
}

function alive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = startOf(pid);
  return started === '' || now === '' || now === started;
}

/** Field 22 of /proc/<pid>/stat; the fields are counted behind the program's name, which may hold anything. */
function startOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
