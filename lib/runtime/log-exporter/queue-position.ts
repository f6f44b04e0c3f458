/**
 * How far Filebeat's queue on disk has been acknowledged. Its `/stats` count a line as in the queue until the whole
 * segment around it goes, so the rest has to come from where the queue itself keeps it: `state.dat`, the position of
 * the first line that was not acknowledged.
 *
 * Source: elastic/beats, libbeat/publisher/queue/diskqueue/state_file.go, version 1: little-endian, version (4 bytes),
 * segment, byte and frame within the segment (8 bytes each).
 */

const VERSION = 1;
const FRAME_OFFSET = 20;
const LENGTH = 28;

/**
 * Lines at the head of the oldest segment that are acknowledged already; undefined for an unknown version of the file.
 */
export function acknowledgedEvents(state: Buffer): number | undefined {
  // Made empty, and written with the first acknowledgement.
  if (state.length === 0) return 0;
  if (state.length < LENGTH || state.readUInt32LE(0) !== VERSION) return undefined;
  return Number(state.readBigUInt64LE(FRAME_OFFSET));
}
