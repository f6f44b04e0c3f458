// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { min } = Math;
/** When a file is rotated, how many are kept, and what compressing them takes. */
export interface RotationSettings {
  readonly fileSizeCapBytes: number;
  readonly fileCount: number;
  /** Seconds from the beginning of a run to that of the next; a run that takes longer is followed at once. */
  readonly rotationSeconds: number;
  readonly compressBytesPerSecond: number;
}

/** A rotated file. */
interface Rotated {
  readonly bytes: number;
  compressed: boolean;
}

/**
 * logrotate with `compress` and `delaycompress`, on files that are written evenly. A run checks every size first. For
 * each file that has reached the cap it then compresses the previous rotated file, and only after that renames the
 * file, which has grown meanwhile. Lines are assumed to be incompressible.
 *
 * Source: logrotate.c, `rotateLogSet` and `prerotateSingleLog`.
 */
export class LogRotator {
  private readonly open: number[];
  private readonly kept: Rotated[][];
  /** Files that the run still has to rotate. */
  private due: number[] = [];
  private nextRun = 0;
  /** Bytes that gzip has read of its current file; it has written as many. */
  private packed = 0;
  /** Bytes of all files. */
  private held = 0;

  constructor(
    private readonly settings: RotationSettings,
    files: number,
  ) {
    this.open = Array.from({ length: files }, () => 0);
    this.kept = Array.from({ length: files }, () => []);
  }

  /** Bytes of all files, and of gzip's unfinished output. */
  public get bytes(): number {
    return this.packed + this.held;
  }

  /** Bytes of the files that a shipper still reads: those that are not compressed. */
  public get readableBytes(): number {
    const plain = this.kept.flat().filter(({ compressed }) => !compressed);
    return sum(this.open) + sum(plain.map(({ bytes }) => bytes));
  }

  /** Takes the bytes written in `seconds`, and works for as long. */
  public step(bytes: number, now: number, seconds: number): void {
    for (let file = 0; file < this.open.length; file += 1) this.open[file] += bytes / this.open.length;
    this.held += bytes;
    const { fileSizeCapBytes, rotationSeconds } = this.settings;
    if (this.due.length === 0 && now >= this.nextRun) {
      this.nextRun = now + rotationSeconds;
      this.due = [...this.open.keys()].filter((file) => this.open[file] >= fileSizeCapBytes);
    }
    this.work(seconds);
  }

  public deleteAll(): void {
    this.open.fill(0);
    for (const files of this.kept) files.length = 0;
    this.due = [];
    this.packed = 0;
    this.held = 0;
  }

  private work(seconds: number): void {
    let room = this.settings.compressBytesPerSecond * seconds;
    while (this.due.length > 0) {
      const [file] = this.due;
      const [before] = this.kept[file];
      if (before !== undefined && !before.compressed) {
        const taken = min(room, before.bytes - this.packed);
        this.packed += taken;
        room -= taken;
        if (this.packed < before.bytes) return;
        this.packed = 0;
        before.compressed = true;
      }
      this.rotate(file);
      this.due.shift();
    }
  }

  private rotate(file: number): void {
    this.kept[file].unshift({ bytes: this.open[file], compressed: false });
    for (const { bytes } of this.kept[file].splice(this.settings.fileCount)) this.held -= bytes;
    this.open[file] = 0;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
