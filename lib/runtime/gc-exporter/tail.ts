/** Follows a file that is rotated: renamed, and begun again under the same name. */
import { type FileHandle, open, stat } from 'node:fs/promises';

const CHUNK_BYTES = 65_536;

/** Reads the lines that were added since the last time. */
export class Tail {
  private file?: FileHandle;
  private inode = 0;
  private offset = 0;
  private rest: Buffer = Buffer.alloc(0);

  constructor(
    private readonly path: string,
    private readonly take: (line: string) => void,
  ) {}

  /**
   * Reads up to the end: first what is left of the file that was open, then the one that is there now.
   *
   * @returns whether the file is there
   */
  public async poll(): Promise<boolean> {
    const now = await stat(this.path).catch(() => undefined);
    if (this.file !== undefined) {
      await this.readOn(this.file);
      if (now?.ino === this.inode) {
        // Somebody emptied it.
        if (now.size < this.offset) await this.reopen();
        return true;
      }
      await this.close();
    }
    if (now === undefined) return false;
    await this.reopen();
    return true;
  }

  /** Closes the file. */
  public async close(): Promise<void> {
    await this.file?.close();
    this.file = undefined;
    this.rest = Buffer.alloc(0);
  }

  private async reopen(): Promise<void> {
    await this.close();
    // Between the two calls it may have been rotated again; the next poll finds out.
    this.file = await open(this.path, 'r').catch(() => undefined);
    if (this.file === undefined) return;
    this.inode = (await this.file.stat()).ino;
    this.offset = 0;
    await this.readOn(this.file);
  }

  private async readOn(file: FileHandle): Promise<void> {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, this.offset);
      if (bytesRead === 0) return;
      this.offset += bytesRead;
      this.lines(Buffer.concat([this.rest, chunk.subarray(0, bytesRead)]));
    }
  }

  /** Whole lines; the JVM may be in the middle of writing the last one. */
  private lines(text: Buffer): void {
    let from = 0;
    for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, from)) {
      this.take(text.toString('utf8', from, end));
      from = end + 1;
    }
    this.rest = text.subarray(from);
  }
}
