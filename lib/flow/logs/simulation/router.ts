import { Random } from '../../numerics/random';
import { WEEK_SECONDS } from '../../ranges';
import type { LogsWorkload } from '../workload';
import { Writer } from './writer';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { max, min } = Math;

/** How a router keeps chunks that its destination does not take. */
export interface RouterSettings {
  /** Seconds between two flushes: each makes a chunk. */
  readonly flushSeconds: number;
  /** Times that a chunk is tried again before it is discarded. */
  readonly retries: number;
  /** Bytes of the buffer; beyond it the oldest chunk is discarded. */
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
  /** The most bytes in the buffer. */
  readonly bufferBytes: number;
  /** Seconds from the end of the outage until the buffer has nothing older than a flush; infinite when it never does. */
  readonly drainSeconds: number;
}

/** A chunk: bytes of lines, times it was tried, and when it is tried next. */
interface Chunk {
  bytes: number;
  tries: number;
  next: number;
}

/** Chunks in the order in which they were made. */
class Buffer {
  /** Bytes of lines that were discarded, and that are held. */
  public lost = 0;
  public held = 0;
  private chunks: Chunk[] = [];

  constructor(
    private readonly router: RouterSettings,
    private readonly random: Random,
  ) {}

  public get bytes(): number {
    return this.held * this.router.storedPerByte;
  }

  public take(bytes: number, now: number): void {
    this.chunks.push({ bytes, tries: 0, next: now });
    this.held += bytes;
  }

  /** Tries what is due while nothing is taken. */
  public fail(now: number): void {
    this.chunks = this.chunks.filter((chunk) => {
      if (chunk.next > now) return true;
      if (chunk.tries >= this.router.retries) return this.discard(chunk);
      chunk.tries += 1;
      chunk.next = now + this.wait(chunk.tries);
      return true;
    });
  }

  /** Sends what is due, as far as it is taken. */
  public send(now: number): void {
    let room = this.router.takenPerSecond * this.router.flushSeconds;
    this.chunks = this.chunks.filter((chunk) => {
      if (chunk.next > now) return true;
      const sent = min(room, chunk.bytes);
      room -= sent;
      chunk.bytes -= sent;
      this.held -= sent;
      return chunk.bytes > 0;
    });
    if (this.chunks.length === 0) this.held = 0;
  }

  /** Discards the oldest beyond the limit. */
  public bound(): void {
    while (this.bytes > this.router.limitBytes && this.chunks.length > 0) this.discard(this.chunks.shift()!);
  }

  private discard(chunk: Chunk): boolean {
    this.lost += chunk.bytes;
    this.held -= chunk.bytes;
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
  const writer = new Writer(workload, seed, flushSeconds);
  const buffer = new Buffer(router, new Random(seed));
  let [written, bufferBytes, drainSeconds] = [0, 0, Number.POSITIVE_INFINITY];
  for (let now = 0; now < outageSeconds + WEEK_SECONDS; now += flushSeconds) {
    const away = now < outageSeconds;
    const bytes = writer.bytes(now < writer.rates.peakSeconds);
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
  return { lostRatio: buffer.lost / written, bufferBytes, drainSeconds };
}
