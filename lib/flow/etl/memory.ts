/** The memory of executors and driver, and whether the state of the windows fits in it. */
import type { Sizing, Stream } from './batch';

/** Heap for each core of an executor: within what EMR Serverless takes, 2 to 8 GB for each vCPU. */
export const WORKER_HEAP_MIB = 2048;
/** Spark configuration, spark.executor.memoryOverheadFactor for the JVM, and its minimum. */
const OVERHEAD_SHARE = 0.1;
const LEAST_OVERHEAD_MIB = 384;
/** Bytes of one key of one window in memory: a row of some columns and the map around it. An assumption. */
export const STATE_ROW_BYTES = 200;
/** Share of the heap that the state may take: the rest is for the batch. An assumption. */
export const STATE_SHARE = 0.3;
const MIB = 2 ** 20;

/** MiB of an executor or driver with so many cores. */
export function executorMib(cores: number): { heap: number; overhead: number; total: number } {
  const heap = WORKER_HEAP_MIB * cores;
  const overhead = Math.max(LEAST_OVERHEAD_MIB, Math.ceil(OVERHEAD_SHARE * heap));
  return { heap, overhead, total: heap + overhead };
}

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
