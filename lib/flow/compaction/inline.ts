/** How often a streaming writer compacts its own table: by files, whatever a batch holds. */

/**
 * Files of a partition that make one OPTIMIZE worth its commit. Delta Lake, Optimizations, Auto compaction:
 * `spark.databricks.delta.autoCompact.minNumFiles` is 50.
 */
export const DELTA_COMPACT_FILES = 50;

/**
 * Batches of a streaming writer between two compactions of its closed partitions: ⌈50 ÷ files a batch⌉.
 *
 * @param filesABatch files that a batch writes into one partition; above 0
 */
export function compactEveryBatches(filesABatch: number): number {
  return Math.max(1, Math.ceil(DELTA_COMPACT_FILES / filesABatch));
}
