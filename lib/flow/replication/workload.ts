import { duration, figure, percent } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';

/**
 * A version of MySQL or of a relative of it, by the name of its parameter group family on RDS.
 */
export enum ReplicaEngine {
  /** MySQL 8.0: past its support since April 2026. */
  MYSQL_8_0 = 'mysql8.0',
  /** MySQL 8.4: write sets are the only dependency tracking. */
  MYSQL_8_4 = 'mysql8.4',
  /** Aurora MySQL 3, where its replica reads the binary log: another cluster or another Region. */
  AURORA_MYSQL_8_0 = 'aurora-mysql8.0',
  /** MariaDB 10.11. */
  MARIADB_10_11 = 'mariadb10.11',
  /** MariaDB 11.4. */
  MARIADB_11_4 = 'mariadb11.4',
}

/**
 * Writes on a source, and how fast a replica applies them.
 */
export interface ReplicationWorkload {
  /** Commits per second on the source outside of peaks. 10⁻⁹ to 10⁹, at most `peakCommitsPerSecond`. */
  readonly steadyCommitsPerSecond: number;

  /** Commits per second that the writers offer in a peak. 10⁻⁹ to 10⁹. */
  readonly peakCommitsPerSecond: number;

  /** Seconds that a peak lasts. 0.001 to 31,536,000 (a year). */
  readonly peakSeconds: number;

  /**
   * Seconds that one thread of the replica takes to apply a transaction, on average. Measure it on the replica: with one worker
   * and a lag that grows, 1 ÷ the commits that it applies in a second. 10⁻⁹ to 31,536,000 (a year).
   */
  readonly applySeconds: number;

  /**
   * Share of the work of applying that workers can do side by side: 1 where transactions never touch the same rows, 0 where
   * each waits for the one before. 0 to 1.
   *
   * @default 0.8, an assumption
   */
  readonly parallelShare?: number;

  /**
   * Share of the peak that is bulk: writes that may wait, such as imports, backfills and batch jobs. Nobody else is ever slowed
   * down. 0.01 to 1.
   */
  readonly bulkShare: number;

  /**
   * Seconds that the replica takes for the largest transaction: it lags by that whatever the rate is. 10⁻⁹ to 31,536,000 (a
   * year).
   *
   * @default - as `applySeconds`: no transaction is large
   */
  readonly largestTransactionSeconds?: number;
}

/**
 * What is promised of a replica.
 */
export interface ReplicationObjective {
  /** The longest that the replica may be behind, in seconds. 0.001 to 31,536,000 (a year). */
  readonly lagSeconds: number;

  /**
   * The longest that a bulk write may wait, in seconds. 0.001 to 31,536,000 (a year).
   *
   * @default - no bound: predicted, not promised
   */
  readonly bulkDelaySeconds?: number;
}

/**
 * Choices made by hand.
 */
export interface ReplicationChoices {
  /** The family of source and replica, a name of `ReplicaEngine`. */
  readonly engine: string;
  /** Processors of a replica; default: 4. */
  readonly cpu?: number;
  /** Replicas that are watched; default: 1. */
  readonly replicas?: number;
  /** Threads that apply; default: derived. */
  readonly workers?: number;
  /** Seconds from one heartbeat to the next; default: 0.5. */
  readonly heartbeatSeconds?: number;
  /** Seconds from one look at the lag to the next; default: 1. */
  readonly tickSeconds?: number;
  /** Seconds from one question of a writer to its next; default: 1. */
  readonly writerPollSeconds?: number;
  /** Share of the target lag up to which the rate rises again; default: 0.5. */
  readonly releaseRatio?: number;
  /** Whether the replica may lose its last transactions in a crash, after which it may have to be made anew; default: false. */
  readonly relaxedDurability?: boolean;
  /** Times the load that the plan is made for; default: 1.25. */
  readonly headroom?: number;
}

/** The input of the plan of a replica. */
export interface ReplicationQuestion extends ReplicationChoices {
  /** The writes. */
  readonly workload: ReplicationWorkload;
  /** What is promised. */
  readonly objective: ReplicationObjective;
}

/**
 * Predictions for a replica.
 */
export interface ReplicationPredictions {
  /** Commits per second that the replica applies. */
  readonly appliedPerSecond: number;
  /** The longest that it is behind, in seconds. */
  readonly lagSeconds: number;
  /** The same if nothing slowed the writers down. */
  readonly unthrottledLagSeconds: number;
  /** The longest that a bulk write waits, in seconds. */
  readonly bulkDelaySeconds: number;
  /** Whether a peak is slowed down at all; otherwise the workers are enough. */
  readonly isThrottled: boolean;
  /** The multiple of the load at which the lag may exceed the promise, to 1 %. */
  readonly breaksAtLoad: number;
}

/**
 * The plan of a replica: its workers, its parameters, and the throttle of those who write to its source.
 */
export class ReplicationPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: ReplicationPredictions,
    /** The parameters of the source, by the names of its version. */
    public readonly sourceParameters: { [name: string]: string },
    /** The parameters of the replica, by the names of its version. */
    public readonly replicaParameters: { [name: string]: string },
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  public expectations(): Expectation[] {
    const { appliedPerSecond, lagSeconds, unthrottledLagSeconds, bulkDelaySeconds, isThrottled, breaksAtLoad } =
      this.predictions;
    const used = this.value('peakCommitsPerSecond') / appliedPerSecond;
    return [
      { label: 'the replica applies', text: `${figure(appliedPerSecond)} commits/s, a peak is ${percent(used)} of it` },
      { label: 'lag', text: `${duration(lagSeconds)} at most` },
      { label: 'lag without the throttle', text: duration(unthrottledLagSeconds) },
      {
        label: 'a bulk write waits',
        text: isThrottled ? `${duration(bulkDelaySeconds)} at most` : 'not at all in a planned peak',
      },
      { label: 'the promise breaks at', text: `${figure(breaksAtLoad)} × the load` },
    ];
  }
}
