/** Reads the file of a path, up to the size limit of a document; does not wait on a pipe without a writer. */
import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { MAX_FILE_BYTES, tooLarge } from '../../lib/rules/limits';
import { UnreadableError } from '../../lib/rules/unreadable';

/** Files that the shell has opened, such as `<(helm template .)`: they have a writer. */
const OPENED = /^\/(dev\/(fd\/\d+|stdin)|proc\/self\/fd\/\d+)$/;

const CHUNK_BYTES = 1024 ** 2;

/**
 * The text of a file.
 *
 * @throws UnreadableError when it is no file, may not be read, or is over the limit
 */
export function readText(file: string): string {
  try {
    refuseOther(file, statSync(file));
    return decoded(file, readBytes(file));
  } catch (error) {
    throw error instanceof UnreadableError ? error : new UnreadableError(file, reasonOf(error), true);
  }
}

/** Why a path cannot be read, in words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file or folder';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read';
  if (code === 'ELOOP') return 'is a symbolic link that leads back to itself';
  if (code === 'ENAMETOOLONG') return 'is a longer path than the system takes';
  return `cannot be read: ${message}`;
}

/**
 * The text of bytes: UTF-8, or UTF-16 as PowerShell writes it, with a byte order mark.
 *
 * @throws UnreadableError when there are too many
 */
export function decoded(file: string, bytes: Uint8Array): string {
  if (bytes.length > MAX_FILE_BYTES) throw tooLarge(file);
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}

/** A pipe without a writer, or a device, may never end. */
function refuseOther(file: string, stats: Stats): void {
  if (stats.isFile() || (stats.isFIFO() && OPENED.test(file))) return;
  const kind = stats.isDirectory()
    ? 'a folder'
    : stats.isFIFO()
      ? 'a named pipe'
      : stats.isSocket()
        ? 'a socket'
        : 'a device';
  throw new UnreadableError(file, `is ${kind} and no file; pipe its content into: npx backpressure check -`, true);
}

function readBytes(file: string): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const chunks: Buffer[] = [];
    // Not by the size that stat gives, which is 0 for a pipe and grows while a log is written.
    for (let total = 0; total <= MAX_FILE_BYTES; ) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const length = readSync(descriptor, chunk);
      if (length === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, length));
      total += length;
    }
    throw tooLarge(file);
  } finally {
    closeSync(descriptor);
  }
}
