/** A disk of its own and of a few megabytes, which a test may fill. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Such a disk. */
export interface SmallDisk {
  readonly folder: string;
  /** Writes a file of somebody else that leaves so many bytes. */
  fill(leftBytes?: number): void;
  /** Deletes that file. */
  free(): void;
  unmount(): void;
}

/** Makes one. Throws where this user may not mount. */
export function smallDisk(mebibytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-disk-'));
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder]);
  if (status !== 0) {
    rmSync(folder, { recursive: true });
    throw new Error(`no disk can be mounted: ${stderr}`);
  }
  const stranger = join(folder, 'stranger');
  const unmount = () => {
    process.removeListener('exit', unmount);
    spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  };
  // A run that is ended half-way would leave the memory taken.
  process.once('exit', unmount);
  return {
    folder,
    fill(leftBytes = 0) {
      const { bavail, bsize } = statfsSync(folder);
      const wanted = bavail * bsize - leftBytes;
      // Others write beside it: what no longer fits is what they took.
      const file = openSync(stranger, 'w');
      spawnSync('head', ['-c', String(Math.max(0, wanted)), '/dev/zero'], { stdio: ['ignore', file, 'ignore'] });
      closeSync(file);
    },
    free: () => rmSync(stranger, { force: true }),
    unmount,
  };
}

/** Why there can be none here; undefined when there can. */
export function smallDiskMissing(): string | undefined {
  try {
    smallDisk(1).unmount();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
