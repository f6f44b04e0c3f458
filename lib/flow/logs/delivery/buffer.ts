/** What lines take in a router's buffer: Fluent Bit counts the files of its chunks, which have room that no line fills. */
import { bisect } from '../../search';
import { queued, type Written } from '../sizing';

/** Bytes of lines beyond which a chunk takes no more. Source: Fluent Bit, flb_input_chunk.h, FLB_INPUT_CHUNK_FS_MAX_SIZE. */
const FULL_CHUNK_BYTES = 2_048_000;
/**
 * The most bytes that the file of a chunk has beside its lines: a page with its header and tag, and what is left of its last step of
 * eight pages. It never becomes smaller: `storage.trim_files` is off. Source: Fluent Bit, lib/chunkio, cio_file_write and
 * CIO_REALLOC_HINT_MIN, with pages of 4 KiB; in a log of fluent-bit#3094, "alloc_size from 4096 to 36864".
 */
export const FILE_ROOM_BYTES = 36 * 1024;

/**
 * Bytes of lines and envelopes that wait at the most when an outage of `seconds` begins with the peak: those of the outage, those of
 * the flush before it, and what the stream does not take in the rest of the peak.
 *
 * @param taken bytes of lines a second that the stream takes of one task
 */
export function waiting(written: Written, seconds: number, flush: number, taken: number): number {
  const { peak, peakSeconds, lineBytes, envelope } = written;
  const excess = Math.max(0, peak - taken) * Math.max(0, peakSeconds - seconds - flush);
  return queued(written, seconds + flush) + (excess * (lineBytes + envelope)) / lineBytes;
}

/**
 * Bytes of the files that hold so many bytes of lines and envelopes: a chunk begins with each flush and whenever one is full, and
 * none without a line.
 *
 * @param seconds in which the lines came
 */
export function filed({ lineBytes, envelope }: Written, bytes: number, seconds: number, flush: number): number {
  const lines = bytes / (lineBytes + envelope);
  const chunks = Math.ceil(Math.min(lines, seconds / flush + bytes / FULL_CHUNK_BYTES));
  return bytes + FILE_ROOM_BYTES * chunks;
}

/** Bytes of the files at the end of an outage of `seconds` that begins with the peak, or at the end of a peak that is longer. */
export function outageFiles(written: Written, seconds: number, flush: number, taken: number): number {
  const { peak, peakSeconds } = written;
  const longest = peak > taken ? Math.max(seconds, peakSeconds) : seconds;
  return filed(written, waiting(written, seconds, flush, taken), longest + flush, flush);
}

/** The longest outage, in seconds, whose files are within the limit; those of `outage` are. */
export function longestOutage(written: Written, limit: number, outage: number, flush: number, taken: number): number {
  const holds = (seconds: number) => outageFiles(written, seconds, flush, taken) <= limit;
  let failing = 2 * outage;
  while (holds(failing)) failing *= 2;
  return bisect({ holding: failing / 2, failing }, { steps: 40, relative: 1e-6 }, holds).holding;
}
