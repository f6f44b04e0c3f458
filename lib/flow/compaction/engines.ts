/** What rewrites the files of a table: what differs between them is data. */
import { CompactedTableKind } from './workload';

const MIB = 2 ** 20;

/** One of them. */
export interface CompactionEngine {
  /** Its name in messages. */
  readonly title: string;
  /** Whether we start its runs; others start by themselves. */
  readonly scheduled: boolean;
  /** Whether a later run joins the part-filled file of an earlier one with new files, or leaves it where it is. */
  readonly rewritesTails: boolean;
  /** Bytes of a rewritten file, unless they were chosen. */
  readonly targetBytes: number;
  /** The smallest and the largest target. */
  readonly targets: readonly [number, number];
  /** Small files of a partition below which it is left as it is. */
  readonly minInputFiles: number;
  /** Workers of a run at most. */
  readonly mostWorkers: number;
  /** Whether workers share the files that are to be filled in one partition, or all partitions of a run. */
  readonly parallelByTarget: boolean;
  /** Whether it runs inside the job that writes. */
  readonly runsInWriter: boolean;
}

const ANY_TARGET = [MIB, 10_240 * MIB] as const;
/** Delta Lake, Optimizations: `delta.autoOptimize.maxFileSize` and `autoCompact.maxFileSize` are 128 MB. */
const DELTA_TARGET = 128 * MIB;
/** Apache Iceberg, Configuration: `write.target-file-size-bytes` is 512 MB. */
const ICEBERG_TARGET = 512 * MIB;
/** Apache Iceberg, Spark procedures, rewrite_data_files: `min-input-files` is 5. */
export const LEAST_INPUT_FILES = 5;
/** AWS Glue, Compaction optimization: it starts at more than 100 files in a partition. */
export const GLUE_INPUT_FILES = 100;
/** AWS Glue, Compaction optimization: a file is small below 75 % of the target. */
export const SMALL_SHARE = 0.75;

/** Amazon ECS developer guide, Task CPU: 16 vCPU are the most of a task on Fargate; delta-rs runs in one process. */
const TASK_CPUS = 16;

/** Each by its kind. */
export const ENGINES: Readonly<Record<CompactedTableKind, CompactionEngine>> = {
  [CompactedTableKind.ICEBERG]: {
    title: "AWS Glue's optimizers",
    scheduled: false,
    rewritesTails: true,
    targetBytes: ICEBERG_TARGET,
    targets: ANY_TARGET,
    minInputFiles: GLUE_INPUT_FILES,
    mostWorkers: 1000,
    parallelByTarget: false,
    runsInWriter: false,
  },
  [CompactedTableKind.S3_TABLE]: {
    title: 'S3 Tables',
    scheduled: false,
    rewritesTails: true,
    targetBytes: ICEBERG_TARGET,
    // Amazon S3 user guide, S3 Tables maintenance: 64 to 512 MB.
    targets: [64 * MIB, 512 * MIB],
    minInputFiles: GLUE_INPUT_FILES,
    mostWorkers: 1000,
    parallelByTarget: false,
    runsInWriter: false,
  },
  [CompactedTableKind.DELTA_SPARK]: {
    title: 'a Spark job',
    scheduled: true,
    rewritesTails: true,
    targetBytes: DELTA_TARGET,
    targets: ANY_TARGET,
    minInputFiles: LEAST_INPUT_FILES,
    mostWorkers: 1000,
    parallelByTarget: false,
    runsInWriter: false,
  },
  [CompactedTableKind.DELTA_RS]: {
    title: 'delta-rs',
    scheduled: true,
    // delta-rs, pull request 4326: a full file is a barrier, so that a part-filled one between two of them stays.
    rewritesTails: false,
    targetBytes: DELTA_TARGET,
    targets: ANY_TARGET,
    minInputFiles: LEAST_INPUT_FILES,
    mostWorkers: TASK_CPUS,
    parallelByTarget: true,
    runsInWriter: false,
  },
  [CompactedTableKind.DELTA_STREAMING]: {
    title: 'the streaming job',
    scheduled: false,
    rewritesTails: true,
    targetBytes: DELTA_TARGET,
    targets: ANY_TARGET,
    minInputFiles: LEAST_INPUT_FILES,
    mostWorkers: 1000,
    parallelByTarget: false,
    runsInWriter: true,
  },
};
