import { duration, figure, percent, sizeText } from '../../figures';
import { type Expectation, type Knob, Plan } from '../../plan';
import { pricesRead, pricesRegion } from '../../prices';
import type { LogsObjective, LogsWorkload } from '../workload';

/**
 * Settings of a log delivery given by hand.
 */
export interface LogDeliveryChoices {
  /**
   * Tasks that write to the stream at the peak, all together. A whole number, 1 to 100,000.
   */
  readonly tasks: number;

  /**
   * Where the tasks run: `fargate`, whose disk comes in GiB and goes with the task, or `ec2`, whose host has the disk.
   *
   * @default 'fargate'
   */
  readonly platform?: string;

  /**
   * Whether the stream is there already: what it collects for an object is then not derived. Where `bufferingSeconds` and
   * `bufferingMebibytes` do not say it, it has Firehose's own defaults, 300 s and 5 MiB.
   *
   * @default false
   */
  readonly existingStream?: boolean;

  /**
   * Bytes a second that the stream takes. 1 to 10¹⁵. Its quota is 5,242,880 in N. Virginia, Oregon and Ireland, and
   * 1,048,576 elsewhere, unless AWS raised it. Its requests are planned with it: 400 a second for each MiB, 1,000 at least.
   *
   * @default 1048576
   */
  readonly streamBytesPerSecond?: number;

  /**
   * Whether only the line is sent, without the names of its task and container.
   *
   * @default false
   */
  readonly lineOnly?: boolean;

  /**
   * Bytes that the router adds to a line: time stamp, container and task. 0 to 10¹⁸.
   *
   * @default 300
   */
  readonly envelopeBytes?: number;

  /**
   * Memory of the router in bytes. 67,108,864 (64 MiB) to 32,212,254,720 (30 GiB).
   *
   * @default 268435456
   */
  readonly routerMemoryBytes?: number;

  /**
   * The most bytes of the files of the router's buffer on the disk. 67,108,864 (64 MiB) to 10¹⁸. It is checked against the outage.
   *
   * @default - derived
   */
  readonly storageTotalLimitBytes?: number;

  /**
   * Times that gzip makes the lines smaller. 1 to 1000. More makes smaller objects.
   *
   * @default 10
   */
  readonly compressionRatio?: number;

  /**
   * Seconds that Firehose collects for an object. A whole number, 0 to 900.
   *
   * @default - derived; 300 with `existingStream`
   */
  readonly bufferingSeconds?: number;

  /**
   * MiB that Firehose collects for an object, before gzip. A whole number, 1 to 128.
   *
   * @default - derived; 5 with `existingStream`
   */
  readonly bufferingMebibytes?: number;

  /**
   * Days that a line is kept. A whole number, 1 to 36500.
   *
   * @default 365
   */
  readonly retentionDays?: number;
}

/**
 * What the plan of a log delivery is asked: what one task logs, what is promised, and choices made by hand.
 */
export interface LogDeliveryQuestion extends LogDeliveryChoices {
  /** What one task logs. `logFiles` has no effect: a task writes to its standard output. */
  readonly workload: LogsWorkload;

  /**
   * The buffer that one task may have, and the outage that it must survive. `shipperAwaySeconds` has no effect: a task ends
   * with its router.
   */
  readonly objective: LogsObjective;
}

/**
 * Predictions for a log delivery.
 */
export interface LogDeliveryPredictions {
  /** The most bytes of the files of a task's buffer, at the end of the longest outage: lines, and room that no line fills. */
  readonly bufferBytes: number;
  /** The longest outage that the buffer holds, in seconds, the peak first. At least `outageSeconds`. */
  readonly outageSeconds: number;
  /** Seconds from the end of the longest outage until Firehose has every line. */
  readonly drainSeconds: number;
  /** The longest time from a line to its place in Firehose, in seconds, while Firehose takes lines. */
  readonly lagSeconds: number;
  /** Requests a second that the stream gets of all tasks at the most: one of each task with every flush. */
  readonly requestsPerSecond: number;
  /** The longest time from a line to its object in the bucket, in seconds. */
  readonly deliveredSeconds: number;
  /** Mean size of an object in bytes, after gzip, outside the peak. */
  readonly objectBytes: number;
  /** Bytes that the bucket gets in a day with one peak, after gzip. */
  readonly storedBytesPerDay: number;
  /** US dollars a month for what Firehose takes in, with lines joined to records. One peak a day. */
  readonly monthlyIngestCost: number;
  /** The same with a record for each line: a record counts as 5 KiB at least. */
  readonly monthlyIngestCostByLine: number;
  /** The multiple of the load at which the promise breaks, to 1 %. */
  readonly breaksAtLoad: number;
}

/**
 * The plan of a log delivery: every knob of router, stream and alarms with its reason.
 */
export class LogDeliveryPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: LogDeliveryPredictions,
  ) {
    super(subject, knobs);
  }

  public expectations(): Expectation[] {
    const p = this.predictions;
    return [
      {
        label: 'buffer at the worst',
        text: `${sizeText(p.bufferBytes)}, ${percent(p.bufferBytes / this.value('storageTotalLimitBytes'))} of its limit`,
      },
      { label: 'outage survived', text: duration(p.outageSeconds) },
      { label: 'drained after it', text: duration(p.drainSeconds) },
      { label: 'lag of a line', text: `${duration(p.lagSeconds)} to Firehose, ${duration(p.deliveredSeconds)} to S3` },
      { label: 'requests to the stream', text: `${figure(p.requestsPerSecond)}/s at the most` },
      { label: 'an object', text: `${sizeText(p.objectBytes)} after gzip` },
      {
        label: 'Firehose',
        text: `${figure(p.monthlyIngestCost)} USD/month; ${figure(p.monthlyIngestCostByLine)} line by line`,
      },
      { label: 'list prices', text: `${pricesRegion}, read ${pricesRead}` },
      { label: 'the promise breaks at', text: `${figure(p.breaksAtLoad)} × the load` },
    ];
  }
}
