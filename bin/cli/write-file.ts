/** Writes a file whole or not at all: beside it first, then over it. */
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { UsageError } from './io';
import { called } from './sources';

/**
 * Puts the text in the place of the file, which keeps its mode; a symbolic link stays one. A pipe or a device, such as
 * /dev/stdout, is written to.
 *
 * @throws UsageError when it cannot be written; the file is as it was
 */
export function writeText(path: string, text: string): void {
  try {
    const before = existsSync(path) ? statSync(path) : undefined;
    if (before?.isFile() === false) {
      writeFileSync(path, text);
      return;
    }
    const file = before ? realpathSync(path) : path;
    // A folder's rights are enough to replace a file, and its own say that it is not to be.
    if (before) accessSync(file, constants.W_OK);
    const mode = before?.mode;
    const beside = `${file}.${process.pid}.tmp`;
    try {
      writeFileSync(beside, text, { mode });
      // The mask of new files does not hold for one that was there.
      if (mode !== undefined) chmodSync(beside, mode);
      renameSync(beside, file);
    } finally {
      rmSync(beside, { force: true });
    }
  } catch (error) {
    throw new UsageError(`${called(path)} cannot be written: ${(error as Error).message}`);
  }
}
