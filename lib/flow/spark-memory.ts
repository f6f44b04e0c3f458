/** The memory of a pod or worker of Spark. */

/** Heap for each core of an executor: within what EMR Serverless takes, 2 to 8 GB for each vCPU. */
export const WORKER_HEAP_MIB = 2048;
/** Spark configuration, spark.executor.memoryOverheadFactor for the JVM, and its minimum. */
const OVERHEAD_SHARE = 0.1;
const LEAST_OVERHEAD_MIB = 384;

/** MiB of an executor or driver with so many cores. */
export function executorMib(cores: number): { heap: number; overhead: number; total: number } {
  const heap = WORKER_HEAP_MIB * cores;
  const overhead = Math.max(LEAST_OVERHEAD_MIB, Math.ceil(OVERHEAD_SHARE * heap));
  return { heap, overhead, total: heap + overhead };
}
