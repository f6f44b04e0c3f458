/** The memory of executors and driver, and whether the state of the windows fits in it. */
import { executorMib, WORKER_HEAP_MIB } from '../spark-memory';
import type { Sizing, Stream } from './batch';

export { executorMib, WORKER_HEAP_MIB };

/** Bytes of one key of one window in memory: a row of some columns and the map around it. An assumption. */
export const STATE_ROW_BYTES = 200;
/** Share of the heap that the state may take: the rest is for the batch. An assumption. */
export const STATE_SHARE = 0.3;
const MIB = 2 ** 20;

/**
 * Bytes of all windows that are still open. A window is dropped by the watermark of the batch before: lateness and two triggers
 * after its end.
 */
export function stateBytes(stream: Stream, trigger: number): number {
  const { lateSeconds, windowSeconds } = stream;
  if (windowSeconds === 0) return 0;
  // No window has more keys than records.
  const keys = Math.min(stream.keysPerWindow, Math.ceil(stream.peak * windowSeconds));
  return keys * (Math.ceil((lateSeconds + 2 * trigger) / windowSeconds) + 1) * STATE_ROW_BYTES;
}

/** Bytes of state above which it belongs in RocksDB. */
export function heapStateBytes({ executorCores }: Stream, { executors }: Sizing): number {
  return STATE_SHARE * executorMib(executorCores).heap * MIB * executors;
}
