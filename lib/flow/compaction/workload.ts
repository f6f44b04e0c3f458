import { duration, figure, percent, sizeText } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';

/**
 * What writes small files into a table, and how fast they are rewritten.
 */
export interface CompactionWorkload {
  /**
   * Files that writers add to the table in a day. A streaming writer adds as many in every batch, however much it
   * reads. 1 to 10⁹.
   */
  readonly filesPerDay: number;

  /**
   * Mean bytes of such a file. 1 to 10¹².
   */
  readonly fileBytes: number;

  /**
   * Partitions that take new files at the same time; late data lands in more: count those too. A whole number, 1 to
   * 100,000.
   *
   * @default 1
   */
  readonly openPartitions?: number;

  /**
   * Seconds for which a partition takes new files: a day when the table is partitioned by date. 300 to 31,536,000 (a
   * year).
   *
   * @default 86400
   */
  readonly partitionSeconds?: number;

  /**
   * Files of the busiest hours as a multiple of the mean. 1 to 100.
   *
   * @default 1
   */
  readonly peakRatio?: number;

  /**
   * Bytes that one worker reads and writes again in a second. 1 to 10¹⁵.
   */
  readonly bytesPerSecond: number;

  /**
   * Seconds that a file costs a worker whatever its size: to open it and to read its footer. 0 to 3600.
   *
   * @default 0.02
   */
  readonly fileSeconds?: number;

  /**
   * Seconds of a run whatever it rewrites: its start, the log of the table, the last commit. 0 to 86,400.
   *
   * @default 180
   */
  readonly runFixedSeconds?: number;
}

/**
 * What compaction promises.
 */
export interface CompactionObjective {
  /**
   * The longest that one run may take, in seconds. 60 to 604,800 (a week).
   */
  readonly longestRunSeconds: number;

  /**
   * The most small files that a query may meet. 10 to 10⁹.
   */
  readonly smallFiles: number;

  /**
   * The most bytes that may be rewritten for each new byte. 1.02 to 10.
   *
   * @default 1.2
   */
  readonly writeAmplification?: number;

  /**
   * Seconds for which old versions of the table stay readable: time travel, the longest reader, and the longest time
   * that a stream which reads the table may be down. At least 604,800 (a week) for Delta; up to 315,360,000 (ten
   * years).
   *
   * @default 604800
   */
  readonly retentionSeconds?: number;

  /**
   * Times the load that is planned for. 1 to 10.
   *
   * @default 1.25
   */
  readonly headroom?: number;
}

/**
 * What rewrites the files of a table.
 */
export enum CompactedTableKind {
  /** Iceberg on Amazon S3, by the optimizers of AWS Glue. They start by themselves. */
  ICEBERG = 'iceberg',
  /** A table of Amazon S3 Tables, which compacts by itself. */
  S3_TABLE = 's3-table',
  /** Delta Lake, by a scheduled Spark job: `OPTIMIZE` with a condition on partitions. */
  DELTA_SPARK = 'delta-spark',
  /** Delta Lake, by a scheduled program on delta-rs, without Spark. */
  DELTA_RS = 'delta-rs',
  /** Delta Lake, inside the streaming job that writes the table. */
  DELTA_STREAMING = 'delta-streaming',
}

/**
 * What writes a Delta table while it is compacted.
 */
export enum CompactionWriter {
  /** Writers on delta-rs, which commit by conditional writes. */
  DELTA_RS = 'delta-rs',
  /** A Spark driver that writes all day. */
  SPARK = 'spark',
  /** Jobs that never run at the same time as the compaction: one state machine or one schedule orders them. */
  BATCH = 'batch',
}

/**
 * Where a table is.
 */
export enum TableStorage {
  /** Amazon S3. Open-source Delta Lake has no commit on it that is safe for two Spark drivers. */
  S3 = 's3',
  /** A store or file system in which a file is created only if it is not there: Google Cloud Storage, Azure, HDFS. */
  ATOMIC = 'atomic',
}

/**
 * The input of a compaction's plan.
 */
export interface CompactionQuestion {
  /** What writes the files, and how fast they are rewritten. */
  readonly workload: CompactionWorkload;

  /** What is promised. */
  readonly objective: CompactionObjective;

  /** What rewrites them. */
  readonly table: CompactedTableKind;

  /**
   * What writes a Delta table meanwhile.
   *
   * @default - `BATCH` for `DELTA_SPARK`, `DELTA_RS` for `DELTA_RS`; other kinds do not ask
   */
  readonly writer?: CompactionWriter;

  /**
   * Where the table is.
   *
   * @default TableStorage.S3
   */
  readonly storage?: TableStorage;

  /**
   * Bytes of a rewritten file. 1,048,576 (1 MiB) to 10,737,418,240 (10 GiB); for S3 Tables 64 to 512 MiB.
   *
   * @default - 128 MiB for Delta, 512 MiB for Iceberg and S3 Tables
   */
  readonly targetBytes?: number;

  /**
   * Workers of a run. A whole number, 1 to 1000; for delta-rs 1 to 16, which share the targets of one partition.
   *
   * @default 1
   */
  readonly workers?: number;

  /**
   * Seconds between two starts: 5, 10, 15, 20 or 30 minutes, 1, 2, 3, 4, 6, 8, 12 or 24 hours.
   *
   * @default - the longest of these that keeps every promise
   */
  readonly intervalSeconds?: number;

  /**
   * Small files below which a run does nothing. A whole number, 1 to 10⁹. For Iceberg, of one partition: Glue's
   * `minInputFiles`, 5 to 100.
   *
   * @default - from write amplification, and twice what is left after a run
   */
  readonly startFiles?: number;

  /**
   * Seconds without a new file after which a partition may be rewritten. 0 also rewrites partitions that writers append
   * to, which never conflicts; with writers that update or merge it is their window, their lateness and two triggers. 0
   * to 2,592,000 (30 days).
   *
   * @default 0
   */
  readonly quietSeconds?: number;

  /**
   * Seconds between two batches of the streaming writer, for `DELTA_STREAMING`. 1 to 86,400.
   *
   * @default 60
   */
  readonly batchSeconds?: number;
}

/**
 * Predictions for a compaction.
 */
export interface CompactionPredictions {
  /** Runs in a week, when files come evenly. */
  readonly runsPerWeek: number;
  /** The longest run in seconds, in the busiest hours. */
  readonly longestRunSeconds: number;
  /**
   * The most small files that a query meets, in the busiest hours: those that are still to be rewritten. delta-rs leaves a
   * part-filled file a partition and run besides, which nothing fits beside.
   */
  readonly mostSmallFiles: number;
  /** Bytes rewritten for each new byte. */
  readonly writeAmplification: number;
  /** Seconds of all runs in a week. */
  readonly weeklyWorkSeconds: number;
  /** Seconds of one clean-up a week of the same files. */
  readonly weeklyWorkSecondsBefore: number;
  /** Bytes that no version of today needs, kept until they are vacuumed. */
  readonly unreferencedBytes: number;
  /**
   * US dollars a month for the runs.
   *
   * @default - no list price: S3 Tables, and a job of somebody else
   */
  readonly monthlyCost?: number;
  /**
   * US dollars a month for one clean-up a week of the same files.
   *
   * @default - no list price
   */
  readonly monthlyCostBefore?: number;
  /** US dollars a month for `unreferencedBytes` in S3 Standard. */
  readonly monthlyStorageCost: number;
  /** The multiple of the load at which a promise breaks. */
  readonly breaksAtLoad: number;
}

/**
 * The plan of a compaction: every knob with its reason, and the predictions.
 */
export class CompactionPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: CompactionPredictions,
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  public expectations(): Expectation[] {
    const p = this.predictions;
    const more = p.weeklyWorkSeconds / p.weeklyWorkSecondsBefore - 1;
    const dollars = (value: number) => `${figure(value)} USD a month`;
    return [
      { label: 'runs a week', text: figure(p.runsPerWeek) },
      { label: 'longest run', text: duration(p.longestRunSeconds) },
      { label: 'most small files', text: figure(Math.ceil(p.mostSmallFiles)) },
      { label: 'bytes rewritten a new one', text: figure(p.writeAmplification) },
      {
        label: 'work a week',
        text: `${duration(p.weeklyWorkSeconds)}; one clean-up a week ${duration(p.weeklyWorkSecondsBefore)} (${more < 0 ? '−' : '+'}${percent(Math.abs(more))})`,
      },
      { label: 'kept until vacuumed', text: `${sizeText(p.unreferencedBytes)}, ${dollars(p.monthlyStorageCost)}` },
      ...(p.monthlyCost === undefined ? [] : [{ label: 'runs cost', text: dollars(p.monthlyCost) }]),
      { label: 'a promise breaks at', text: `${figure(p.breaksAtLoad)} × the load` },
    ];
  }
}
