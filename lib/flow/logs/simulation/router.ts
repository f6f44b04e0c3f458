import { Random } from '../../numerics/random';
import { WEEK_SECONDS } from '../../ranges';
import { LINE_BYTES } from '../sizing';
import type { LogsWorkload } from '../workload';
import { Writer } from './writer';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { floor, max, min } = Math;

/** A chunk's file begins with a page and grows by eight of them when a line does not fit. Source: Fluent Bit 4.2, lib/chunkio. */
const PAGE_BYTES = 4096;
const GROWTH_BYTES = 8 * PAGE_BYTES;
/** Header of the file, and the tag: an estimate. */
const HEADER_BYTES = 64;
/** A chunk with more takes no further line. Source: Fluent Bit, FLB_INPUT_CHUNK_FS_MAX_SIZE. */
const FULL_BYTES = 2_048_000;

/** How a router keeps chunks that its destination does not take. */
export interface RouterSettings {
  /** Seconds between two flushes: each makes chunks of the lines since the one before. */
  readonly flushSeconds: number;
  /** Times that a chunk is tried again before it is discarded. */
  readonly retries: number;
  /** Bytes of the buffer's files; beyond it the oldest chunk is discarded. */
  readonly limitBytes: number;
  /** Bytes in the buffer for a byte of a line. */
  readonly storedPerByte: number;
  /** Bytes of lines that the destination takes a second, while it is up. */
  readonly takenPerSecond: number;
  /** Seconds of the first wait, and of the longest: each is twice as long as the one before, and a random part of it. */
  readonly baseSeconds: number;
  readonly capSeconds: number;
}

/** Result of an outage. */
export interface OutageResult {
  /** Share of the lines written during the outage that were discarded. */
  readonly lostRatio: number;
  /** The most bytes of the buffer's files. */
  readonly bufferBytes: number;
  /** Seconds from the end of the outage until the buffer has nothing older than a flush; infinite when it never does. */
  readonly drainSeconds: number;
}

/** The chunks of one flush: bytes of lines not yet sent, bytes of files, times they were tried, and when they are tried next. */
interface Chunk {
  bytes: number;
  readonly fileBytes: number;
  tries: number;
  next: number;
}

/** The size of a file with so many bytes of records in it. */
function fileOf(content: number): number {
  let size = PAGE_BYTES;
  while (size < HEADER_BYTES + content) size += GROWTH_BYTES;
  return size;
}

const FULL_FILE_BYTES = fileOf(FULL_BYTES);

/** Bytes of the files for the records of one flush. */
function filesOf(content: number): number {
  const full = floor(content / FULL_BYTES);
  const rest = content - full * FULL_BYTES;
  return full * FULL_FILE_BYTES + (rest > 0 ? fileOf(rest) : 0);
}

/** Chunks in the order in which they were made. */
class Buffer {
  /** Bytes of lines that were discarded, and that are held. */
  public lost = 0;
  public held = 0;
  /** Bytes of the files: one stays as large as it is until all of it is sent. */
  public bytes = 0;
  private chunks: Chunk[] = [];

  constructor(
    private readonly router: RouterSettings,
    private readonly random: Random,
  ) {}

  public take(bytes: number, now: number): void {
    // Without a line there is no chunk.
    if (bytes === 0) return;
    const fileBytes = filesOf(bytes * this.router.storedPerByte);
    this.chunks.push({ bytes, fileBytes, tries: 0, next: now });
    this.held += bytes;
    this.bytes += fileBytes;
  }

  /** Tries what is due while nothing is taken. */
  public fail(now: number): void {
    let gaveUp = false;
    for (const chunk of this.chunks) {
      if (chunk.next > now) continue;
      chunk.tries += 1;
      if (chunk.tries > this.router.retries) gaveUp = true;
      else chunk.next = now + this.wait(chunk.tries);
    }
    if (!gaveUp) return;
    this.chunks = this.chunks.filter((chunk) => chunk.tries <= this.router.retries || this.discard(chunk));
  }

  /** Sends what is due, as far as it is taken. */
  public send(now: number): void {
    let room = this.router.takenPerSecond * this.router.flushSeconds;
    const waiting: Chunk[] = [];
    let next = 0;
    for (; next < this.chunks.length && room > 0; next += 1) {
      const chunk = this.chunks[next];
      if (chunk.next > now) {
        waiting.push(chunk);
        continue;
      }
      const sent = min(room, chunk.bytes);
      room -= sent;
      chunk.bytes -= sent;
      this.held -= sent;
      if (chunk.bytes > 0) waiting.push(chunk);
      else this.bytes -= chunk.fileBytes;
    }
    this.chunks.splice(0, next, ...waiting);
    if (this.chunks.length === 0) this.held = 0;
  }

  /** Discards the oldest beyond the limit. */
  public bound(): void {
    while (this.bytes > this.router.limitBytes && this.chunks.length > 0) this.discard(this.chunks.shift()!);
  }

  private discard(chunk: Chunk): false {
    this.lost += chunk.bytes;
    this.held -= chunk.bytes;
    this.bytes -= chunk.fileBytes;
    return false;
  }

  private wait(tries: number): number {
    const { baseSeconds, capSeconds } = this.router;
    return baseSeconds + this.random.uniform() * (min(baseSeconds * 2 ** tries, capSeconds) - baseSeconds);
  }
}

/**
 * A router from the beginning of a peak, when its destination goes away for `outageSeconds`, until its buffer is empty; a week
 * at most.
 *
 * Source: Fluent Bit, Scheduling and retries: the wait before the Nth retry is between base and min(base × 2^N, cap).
 */
export function simulateOutage(
  workload: LogsWorkload,
  router: RouterSettings,
  outageSeconds: number,
  seed: number,
): OutageResult {
  const { flushSeconds } = router;
  const { lineBytes = LINE_BYTES } = workload;
  const writer = new Writer(workload, seed, flushSeconds);
  const buffer = new Buffer(router, new Random(seed));
  let [written, bufferBytes, drainSeconds] = [0, 0, Number.POSITIVE_INFINITY];
  // A quiet task writes less than a line between two flushes.
  let unfinished = 0;
  for (let now = 0; now < outageSeconds + WEEK_SECONDS; now += flushSeconds) {
    const away = now < outageSeconds;
    unfinished += writer.bytes(now < writer.rates.peakSeconds);
    const bytes = floor(unfinished / lineBytes) * lineBytes;
    unfinished -= bytes;
    if (away) written += bytes;
    buffer.take(bytes, now);
    if (away) buffer.fail(now);
    else buffer.send(now);
    buffer.bound();
    bufferBytes = max(bufferBytes, buffer.bytes);
    // What comes faster than it leaves is never gone.
    if (!away && router.takenPerSecond <= writer.rates.steady) break;
    if (away || buffer.held > 0) continue;
    drainSeconds = now + flushSeconds - outageSeconds;
    break;
  }
  return { lostRatio: written > 0 ? buffer.lost / written : 0, bufferBytes, drainSeconds };
}
