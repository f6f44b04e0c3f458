import { figure, sizeText } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';

/**
 * Log workload of one node.
 */
export interface LogsWorkload {
  /**
   * Bytes written per second outside the peak, all files of the node together. 10⁻⁹ to 10¹⁵.
   */
  readonly steadyBytesPerSecond: number;

  /**
   * Bytes written per second during the peak. `steadyBytesPerSecond` to 10¹⁵.
   *
   * @default - `steadyBytesPerSecond`: there is no peak
   */
  readonly peakBytesPerSecond?: number;

  /**
   * Length of the peak in seconds. 0, or 0.001 to 31,536,000 (a year).
   *
   * @default 0
   */
  readonly peakSeconds?: number;

  /**
   * Mean length of a line in bytes. 1 to 10¹⁸. Short lines make a large queue: every line gets the same envelope.
   *
   * @default 200
   */
  readonly lineBytes?: number;

  /**
   * Log files on the node that are written at the same time; each is rotated separately. A whole number, 1 to 10,000.
   *
   * @default 1
   */
  readonly logFiles?: number;
}

/**
 * Disk budget of a node's logs, and the outages that they must survive.
 */
export interface LogsObjective {
  /**
   * Bytes of the node's disk that log files and the shipper's queue may take together. Above 0, at most
   * 10¹⁸.
   */
  readonly diskBudgetBytes: number;

  /**
   * The longest outage of the destination, in seconds, without losing a line. It may begin with the peak. 10⁻⁹ to
   * 31,536,000 (a year).
   */
  readonly outageSeconds: number;

  /**
   * The longest downtime of the shipper itself, in seconds: a crash, a new version. 10⁻⁹ to 31,536,000 (a year).
   *
   * @default 300
   */
  readonly shipperAwaySeconds?: number;

  /**
   * The longest time from writing a line to its delivery, in seconds, while the destination is up. 10⁻⁹ to 31,536,000
   * (a year).
   *
   * @default 60
   */
  readonly lagSeconds?: number;

  /**
   * Seconds that a person needs from the alert to the repair. The queue still has room for that long. Above 0, below
   * `outageSeconds`.
   *
   * @default - 1800, or half of `outageSeconds` if that is less
   */
  readonly reactionSeconds?: number;
}

/**
 * Settings given by hand.
 */
export interface LogsChoices {
  /**
   * Seconds between two runs of the rotator. Between them a file grows unchecked. 1 to 3600.
   *
   * @default 60
   */
  readonly rotationSeconds?: number;

  /**
   * Size in bytes from which a file is rotated. 1 MiB or more. It is checked against the budget.
   *
   * @default - derived
   */
  readonly fileSizeCapBytes?: number;

  /**
   * Rotated files that are kept of each log file. A whole number, 2 to 100. It is checked against the budget.
   *
   * @default - derived
   */
  readonly fileCount?: number;

  /**
   * Bytes that the shipper adds to a line in its queue: time stamp, agent, file, offset. 0 to 10¹⁸.
   *
   * @default 650
   */
  readonly envelopeBytes?: number;

  /**
   * Bytes of log lines that gzip takes in per second on one core of the node. 10⁻⁹ to 10¹⁵.
   *
   * @default 10000000
   */
  readonly compressBytesPerSecond?: number;
}

/**
 * What the plan of a node's logs is asked: workload, objective, and choices made by hand.
 */
export interface LogsQuestion extends LogsChoices {
  /** Log workload of the node. */
  readonly workload: LogsWorkload;

  /** Disk budget of the logs, and the outages that they must survive. */
  readonly objective: LogsObjective;
}

/**
 * Predictions for a node's logs.
 */
export interface LogsPredictions {
  /** The most bytes that log files and queue take together, at the end of the longest outage of the destination. */
  readonly peakDiskBytes: number;
  /** The most bytes that log files take while the destination is up. */
  readonly logFileBytes: number;
  /** Seconds of the steady rate that the files of a node hold at least. */
  readonly localHistorySeconds: number;
  /** The longest outage of the destination that the queue holds, in seconds, a peak first. At least `outageSeconds`. */
  readonly outageSeconds: number;
  /** Seconds between two rotations of a busy file at the peak. */
  readonly rotationEverySeconds: number;
}

/**
 * The plan of a node's logs: every knob with its reason, and the predictions.
 */
export class LogsPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: LogsPredictions,
  ) {
    super(subject, knobs);
  }

  public expectations(): Expectation[] {
    const p = this.predictions;
    return [
      { label: 'disk at the worst', text: sizeText(p.peakDiskBytes) },
      { label: 'of it log files', text: sizeText(p.logFileBytes) },
      { label: 'history on the node', text: `${figure(p.localHistorySeconds)} s at the steady rate` },
      { label: 'outage survived', text: `${figure(p.outageSeconds)} s` },
      { label: 'a rotation at the peak', text: `every ${figure(p.rotationEverySeconds)} s` },
    ];
  }
}
