import { DAY_SECONDS, WEEK_SECONDS } from '../../ranges';
import type { LogsWorkload } from '../workload';
import { DiskQueue, type QueueSettings } from './log-queue';
import { LogRotator, type RotationSettings } from './log-rotator';
import { Writer } from './writer';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { max, min } = Math;

/** Short beside everything that happens on the disk: a run of the rotator, a rotation, a segment of the queue. */
const STEP_SECONDS = 5;

/** How the disk is kept from filling up. */
export interface NodeDisk {
  readonly bytes: number;
  /** Bytes of everything but logs and their queue. */
  readonly otherBytes: number;
  /** Once a week a person checks, and deletes every log file when more than this share of the disk is used. */
  readonly cleanUpRatio: number;
}

/** Result of a simulation of a node's logs. */
export interface NodeLogsResult {
  /** The largest share of the disk that was used. */
  readonly diskRatio: number;
  readonly cleanUpsPerWeek: number;
  /** Share of the bytes that were deleted before they were shipped. */
  readonly lostRatio: number;
}

/** Rotation and shipping. */
export interface Shipping {
  readonly rotation: RotationSettings;
  readonly queue: QueueSettings;
  /** The day and length of the destination's outage, which begins with the peak. */
  readonly outage: { readonly day: number; readonly seconds: number };
}

/**
 * The disk of one node, step by step: lines come at random with the rate of the hour, one peak a day at some time of
 * it. Without `shipping` every line stays until a person deletes the files.
 */
export function simulateNodeLogs(
  workload: LogsWorkload,
  disk: NodeDisk,
  weeks: number,
  seed: number,
  shipping?: Shipping,
): NodeLogsResult {
  const written = new Writer(workload, seed, STEP_SECONDS);
  const node = shipping ? new ShippedFiles(workload, shipping) : new KeptFiles();
  const total = { written: 0, lost: 0 };
  let [mostBytes, cleanUps] = [0, 0];
  for (let now = 0; now < weeks * WEEK_SECONDS; now += STEP_SECONDS) {
    const bytes = written.during(now);
    total.written += bytes;
    total.lost += node.write(bytes, now, written.peakBegin);
    const used = disk.otherBytes + node.bytes;
    mostBytes = max(mostBytes, used);
    if ((now + STEP_SECONDS) % WEEK_SECONDS !== 0 || used <= disk.cleanUpRatio * disk.bytes) continue;
    cleanUps += 1;
    total.lost += node.cleanUp();
  }
  return {
    diskRatio: mostBytes / disk.bytes,
    cleanUpsPerWeek: cleanUps / weeks,
    // Summed in another order, so the share may exceed 1 by rounding.
    lostRatio: min(1, total.lost / total.written),
  };
}

/** Files that are neither rotated nor read. */
class KeptFiles {
  public bytes = 0;

  public write(bytes: number): number {
    this.bytes += bytes;
    return 0;
  }

  public cleanUp(): number {
    const lost = this.bytes;
    this.bytes = 0;
    return lost;
  }
}

/** Files that are rotated and read into a queue. */
class ShippedFiles {
  private readonly rotator: LogRotator;
  private readonly queue: DiskQueue;
  /** Bytes in files that the shipper has not read yet, because its queue is full. */
  private unread = 0;
  private outageFrom = Number.POSITIVE_INFINITY;

  constructor(
    workload: LogsWorkload,
    private readonly shipping: Shipping,
  ) {
    this.rotator = new LogRotator(shipping.rotation, workload.logFiles ?? 1);
    this.queue = new DiskQueue(shipping.queue);
  }

  public get bytes(): number {
    return this.rotator.bytes + this.queue.diskBytes;
  }

  public write(bytes: number, now: number, peakBegin: number): number {
    const { day, seconds } = this.shipping.outage;
    if (now === day * DAY_SECONDS) this.outageFrom = now + peakBegin;
    const away = now >= this.outageFrom && now < this.outageFrom + seconds;
    this.rotator.step(bytes, now, STEP_SECONDS);
    this.queue.ship(away ? 0 : STEP_SECONDS);
    this.unread = this.queue.take(this.unread + bytes);
    if (this.unread === 0) return 0;
    // Compressed files are not read any more.
    const lost = max(0, this.unread - this.rotator.readableBytes);
    this.unread -= lost;
    return lost;
  }

  public cleanUp(): number {
    const lost = this.unread;
    this.unread = 0;
    this.rotator.deleteAll();
    return lost;
  }
}
