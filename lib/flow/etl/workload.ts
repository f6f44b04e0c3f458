import { duration, figure, sizeText } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';
import type { EtlPlatformName, LandingSourceName } from './platforms';

/**
 * Records that arrive all day and end in a table.
 */
export interface EtlWorkload {
  /**
   * Mean records per second over a day. 10⁻⁹ to 10⁹.
   */
  readonly steadyPerSecond: number;

  /**
   * Records per second in the busiest hours. They may last: nothing relies on their end. `steadyPerSecond` to 10⁹.
   *
   * @default - `steadyPerSecond`
   */
  readonly peakPerSecond?: number;

  /**
   * Mean bytes of a record, uncompressed. 1 to 10,485,760.
   */
  readonly recordBytes: number;

  /**
   * Seconds that one core works on a record: to read, parse, aggregate and write it. Measure it on your own data:
   * (seconds of a large batch − `batchSeconds`) × cores ÷ records. 10⁻⁹ to 3600.
   */
  readonly coreSecondsPerRecord: number;

  /**
   * Seconds of a batch that do not depend on its records: offsets, planning, the MERGE of a small table, the commit.
   * Measure a batch of few records. 0.1 to 3600.
   *
   * @default 15
   */
  readonly batchSeconds?: number;

  /**
   * Seconds of the window that records are aggregated in. 0 is no window: each record becomes a row. A whole
   * number, 0 to 86,400.
   *
   * @default 0
   */
  readonly windowSeconds?: number;

  /**
   * Seconds that a record may be late and is still counted in its window: the watermark. Needs a window. A whole
   * number, 0 to 604,800.
   *
   * @default 0
   */
  readonly lateSeconds?: number;

  /**
   * Different keys in one window: rows that it becomes. Needs a window. A whole number, 1 to 10^9.
   *
   * @default 1
   */
  readonly keysPerWindow?: number;
}

/**
 * The promise of a streaming ETL.
 */
export interface EtlObjective {
  /**
   * Seconds from a record to its place in the table, at most. Above 0, at most 86,400.
   */
  readonly freshnessSeconds: number;

  /**
   * Seconds that the job may be away, after which it has to catch up with no record lost. 0 to 604,800.
   *
   * @default 600
   */
  readonly outageSeconds?: number;

  /**
   * Seconds from the end of such an outage, at the peak, until the table is as fresh as promised again. Above 0, at most
   * 604,800.
   *
   * @default 604800 - a week
   */
  readonly catchUpSeconds?: number;

  /**
   * US dollars that the job may cost a month at list price, without the Kafka cluster and the table. Needs a platform with a
   * price: EMR Serverless or AWS Glue. Above 0, at most 10^12.
   *
   * @default - no ceiling
   */
  readonly monthlyCost?: number;

  /**
   * The multiple of the peak that the freshness is promised for. 1 to 10.
   *
   * @default 1.25
   */
  readonly headroom?: number;
}

/** The input of the plan. Case, docs, environment and construct use the same one. */
export interface EtlQuestion {
  /** What arrives, and what a record costs. */
  readonly workload: EtlWorkload;
  /** What is promised. */
  readonly objective: EtlObjective;
  /** What runs the job. Default: `emr-serverless`. */
  readonly platform?: EtlPlatformName;
  /** Whether a Spark job fills the table, or a managed delivery appends records as they are. Default: `aggregate`. */
  readonly sink?: 'aggregate' | 'landing';
  /** What the delivery of a landing reads. Default: `msk-express`. */
  readonly source?: LandingSourceName;
  /** How a window gets into the table: once it is closed, or again and again by MERGE. Default: what is fresh enough. */
  readonly outputMode?: 'append' | 'update';
  /** Executors, given by hand. Default: as few as keep the promise. */
  readonly executors?: number;
  /** Cores of an executor. Default: 4. */
  readonly executorCores?: number;
  /** Seconds between two batches, given by hand. Default: the longest that is fresh enough. */
  readonly triggerSeconds?: number;
  /** Records of one batch at most, given by hand. Default: what the peak with head-room, or the catch-up, needs. */
  readonly maxOffsetsPerTrigger?: number;
  /** Seconds from the end of one driver to the first batch of the next. Default: the platform's. */
  readonly restartSeconds?: number;
}

/**
 * Predictions for a streaming ETL.
 */
export interface EtlPredictions {
  /** How rows get into the table: `append` or `update` (MERGE); `landing` for a managed delivery. */
  readonly outputMode: string;
  /** Seconds that the oldest record of a batch is old when it is in the table, at the peak. */
  readonly oldestRecordSeconds: number;
  /**
   * Seconds that the newest record of a batch is old when it is in the table, at the peak.
   *
   * @default - unknown: a managed delivery names only the oldest
   */
  readonly newestRecordSeconds?: number;
  /** Records that arrive in a trigger interval at the peak. 0 for a managed delivery. */
  readonly recordsPerBatch: number;
  /** Seconds that the oldest record is old at worst after an outage at the peak. 0 for a managed delivery. */
  readonly oldestAfterOutageSeconds: number;
  /** The same after a restart, such as an upgrade of the job. 0 for a managed delivery. */
  readonly oldestAfterRestartSeconds: number;
  /** Seconds from the end of such an outage until a batch takes all that is there. 0 for a managed delivery. */
  readonly catchUpSeconds: number;
  /** The same after a restart. 0 for a managed delivery. */
  readonly catchUpAfterRestartSeconds: number;
  /** Bytes that the windows keep in the memory of the executors. */
  readonly stateBytes: number;
  /** Whether the state is better kept in RocksDB than on the heap. */
  readonly needsRocksDb: boolean;
  /** Files that a day writes before anything compacts them. 0 for a managed delivery. */
  readonly filesPerDay: number;
  /** Hours of a core that the executors take a day, busy or not. 0 for a managed delivery. */
  readonly coreHoursPerDay: number;
  /** Hours of a core that the same records take a day in one nightly batch. 0 for a managed delivery. */
  readonly batchCoreHoursPerDay: number;
  /**
   * US dollars of a month at list price, executors and driver.
   *
   * @default - the platform has no price here
   */
  readonly monthlyCost?: number;
  /**
   * US dollars of a month for the same records in a nightly batch on the same executors.
   *
   * @default - the platform has no price here
   */
  readonly batchMonthlyCost?: number;
  /** The multiple of the peak above which the freshness breaks. */
  readonly breaksAtLoad: number;
}

/**
 * The plan of a streaming ETL: every knob with its reason, and the predictions.
 */
export class EtlPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: EtlPredictions,
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  public expectations(): Expectation[] {
    const p = this.predictions;
    const breaks = { label: 'promise breaks at', text: `${figure(p.breaksAtLoad)} × the peak` };
    if (p.outputMode === 'landing') {
      return [{ label: 'oldest record', text: `${duration(p.oldestRecordSeconds)}, as the service says` }, breaks];
    }
    return [
      {
        label: 'newest record',
        text: p.newestRecordSeconds === undefined ? 'unknown' : `${duration(p.newestRecordSeconds)} old`,
      },
      { label: 'oldest record', text: `${duration(p.oldestRecordSeconds)} old` },
      { label: 'after an outage', text: `${duration(p.oldestAfterOutageSeconds)} old at worst` },
      { label: 'after a restart', text: `${duration(p.oldestAfterRestartSeconds)} old at worst` },
      { label: 'caught up within', text: duration(p.catchUpSeconds) },
      { label: 'state', text: `${sizeText(p.stateBytes)}${p.needsRocksDb ? ', in RocksDB' : ''}` },
      { label: 'files a day', text: figure(Math.round(p.filesPerDay)) },
      {
        label: 'core-hours a day',
        text: `${figure(p.coreHoursPerDay)}, ${figure(p.batchCoreHoursPerDay)} in a nightly batch`,
      },
      ...(p.monthlyCost === undefined
        ? []
        : [
            {
              label: 'cost',
              text: `${figure(p.monthlyCost)} USD a month, ${figure(p.batchMonthlyCost ?? 0)} in a nightly batch`,
            },
          ]),
      breaks,
    ];
  }
}
