import { SEGMENTS } from '../sizing';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { floor, min } = Math;

/** A shipper's queue on the disk. */
export interface QueueSettings {
  readonly maxBytes: number;
  /** Bytes in the queue for a byte of a log line. */
  readonly bytesPerLogByte: number;
  /** Bytes of log lines that leave per second at most, while the destination takes them. */
  readonly shipBytesPerSecond: number;
}

/** A disk queue in segments: positions only grow, and what the disk holds begins with a segment. */
export class DiskQueue {
  private written = 0;
  private acknowledged = 0;

  constructor(private readonly settings: QueueSettings) {}

  /** Bytes on the disk. */
  public get diskBytes(): number {
    const segment = this.settings.maxBytes / SEGMENTS;
    return this.written - floor(this.acknowledged / segment) * segment;
  }

  /** Stores as many bytes as fit; returns the log bytes that do not fit. */
  public take(logBytes: number): number {
    const { maxBytes, bytesPerLogByte } = this.settings;
    const taken = min(logBytes, (maxBytes - this.diskBytes) / bytesPerLogByte);
    this.written += taken * bytesPerLogByte;
    return logBytes - taken;
  }

  /** Sends to a destination that is up for this many seconds. */
  public ship(seconds: number): void {
    const { shipBytesPerSecond, bytesPerLogByte } = this.settings;
    this.acknowledged = min(this.written, this.acknowledged + shipBytesPerSecond * bytesPerLogByte * seconds);
  }
}
