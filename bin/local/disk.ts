/** Room on the disks that a run writes to, and what is said when there is none. */
import { existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MachineError } from './machine-error';

const MIB = 2 ** 20;
/** A run of 1,800 deliveries leaves 1 MiB in `dist` and 11 MiB in the folder for temporary files, the environment 110 MiB. */
const NEEDED_MIB = { checkout: 16, temporary: 32, environment: 160 };
/** A disk with less is full: programs reserve some of what is left. */
const FULL_MIB = 1;
const LOOK_MILLIS = 2000;

interface Disk {
  readonly folder: string;
  readonly neededMib: number;
  readonly wayOut: string;
}

function disksOf(root: string): readonly Disk[] {
  const environment = existsSync(join(root, '.venv')) ? 0 : NEEDED_MIB.environment;
  return [
    {
      folder: root,
      neededMib: NEEDED_MIB.checkout + environment,
      wayOut: 'free some, or take a checkout on another disk',
    },
    {
      folder: tmpdir(),
      neededMib: NEEDED_MIB.temporary,
      wayOut: 'free some, or name another folder with TMPDIR',
    },
  ];
}

const freeMib = (folder: string) => {
  const { bavail, bsize } = statfsSync(folder);
  return (bavail * bsize) / MIB;
};

/** @throws MachineError when a disk has less than a run needs; all of them are named */
export function requireRoom(root: string): void {
  const small = refusal(disksOf(root).filter(({ folder, neededMib }) => freeMib(folder) < neededMib));
  if (small) throw small;
}

/** Looks at the disks while a run goes on: a program whose disk is full may wait for ever. */
export function watchDisks(root: string, end: (error: Error) => void): NodeJS.Timeout {
  return setInterval(() => {
    const full = fullDisks(root);
    if (full) end(full);
  }, LOOK_MILLIS).unref();
}

/**
 * Programs whose disk is full fail in many ways, and most of them name something else.
 *
 * @returns the error itself, or one that names the disks that are full
 */
export function withFullDisks(root: string, error: Error): Error {
  const full = error instanceof MachineError ? undefined : fullDisks(root);
  return full ? new MachineError(full.message, `What failed for it: ${error.message}`) : error;
}

function fullDisks(root: string): MachineError | undefined {
  return refusal(disksOf(root).filter(({ folder }) => freeMib(folder) < FULL_MIB));
}

function refusal(disks: readonly Disk[]): MachineError | undefined {
  if (disks.length === 0) return undefined;
  const sentences = disks.map(
    ({ folder, neededMib }) =>
      `The disk of ${folder} has ${Math.floor(freeMib(folder))} MiB free, and a run needs ${neededMib} MiB.`,
  );
  const ways = [...new Set(disks.map(({ wayOut }) => wayOut))];
  return new MachineError(sentences.join('\n'), `Ways out: ${ways.join('; ')}.`);
}
