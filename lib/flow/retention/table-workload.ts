import { figure, sizeText } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';

/**
 * A DynamoDB table whose items expire, and what it can take beside its load.
 */
export interface TtlTableWorkload {
  /**
   * Items put per second, the busiest day's mean. 10⁻⁹ to 10⁹.
   */
  readonly insertsPerSecond: number;

  /**
   * Mean bytes of an item, names of attributes included. Above 0, at most 409,600, the largest item of DynamoDB.
   */
  readonly itemBytes: number;

  /**
   * Items in the table today. 0 to 10¹⁸.
   */
  readonly existingItems: number;

  /**
   * Write units per second that the backfill may consume beside the traffic: provisioned capacity that is left, or what an
   * on-demand table may take more. 1 to 10⁹; above 10,000 the backfill uses 10,000.
   */
  readonly spareWriteUnitsPerSecond: number;

  /**
   * Deletions per second that others can take. The table itself does not pay for them; consumers of its stream get each, and
   * each replica in another region pays a write. 10⁻⁹ to 10⁹.
   */
  readonly deletesPerSecond: number;

  /**
   * Global and local secondary indexes that have the attribute of the expiry among their projected ones: every date is
   * written into them as well. 0 to 25.
   *
   * @default 0
   */
  readonly indexes?: number;

  /**
   * Whether the writers set the expiry already. If not, the backfill has to keep up with them.
   *
   * @default false
   */
  readonly writersSetExpiry?: boolean;
}

/**
 * How long items are kept, how late DynamoDB may delete them, and the limits on size and time. `retentionSeconds`,
 * `tableBytes` or both have to be given.
 */
export interface TtlTableObjective {
  /**
   * Seconds from the creation of an item to its expiry: until then it is never deleted. 60 to 3,153,600,000 (a hundred
   * years).
   *
   * @default - the most whole days that `tableBytes` has room for, with the lag taken off
   */
  readonly retentionSeconds?: number;

  /**
   * The most bytes that the table may take once as much is deleted as arrives. Above 0, at most 10¹⁸.
   *
   * @default - no ceiling
   */
  readonly tableBytes?: number;

  /**
   * The longest that the backfill may take, in seconds. 10⁻⁹ to 3,153,600,000 (a hundred years).
   *
   * @default - as long as it takes
   */
  readonly backfillSeconds?: number;

  /**
   * Days by which DynamoDB deletes an item after its expiry. It promises none: "within a few days". Items of that time lie in
   * the table as well; the report measures how late it is. 0.1 to 30.
   *
   * @default 2
   */
  readonly ttlLagDays?: number;

  /**
   * The longest that an item may outlive its expiry, in seconds, where a law or a contract says so. Below the lag it is
   * refused: then delete the items yourself. 1 to 3,153,600,000 (a hundred years).
   *
   * @default - no limit
   */
  readonly deletionLagSeconds?: number;

  /**
   * Whether items that do not say when they were created expire as well, a retention after the backfill reaches them. In a table
   * of several kinds of items these are often settings and accounts. An item that has the attribute expires in any case.
   *
   * @default false, such items get no expiry: they stay, and the report counts them
   */
  readonly expireUnknownAge?: boolean;
}

/**
 * The input of a table's plan.
 */
export interface TtlTableQuestion {
  /** Inserts, items of today, and what the table can take. */
  readonly workload: TtlTableWorkload;

  /** How long items are kept, and the limits on size and time. */
  readonly objective: TtlTableObjective;
}

/**
 * Predictions for a table.
 */
export interface TtlTablePredictions {
  /** Bytes of the table today. */
  readonly bytesToday: number;
  /** Items once as many are deleted as arrive, those that wait for their deletion included. */
  readonly steadyItems: number;
  /** Bytes once as much is deleted as arrives, that of items that wait for their deletion included. */
  readonly steadyBytes: number;
  /** Items that are older than the retention today. */
  readonly expiredItems: number;
  /** Dates that the backfill gives in a second, the seconds between two runs of a worker included. */
  readonly datesPerSecond: number;
  /** Seconds until every item has its date. */
  readonly backfillSeconds: number;
  /** US dollars for the writes and reads of the backfill, at the list prices of on-demand tables. */
  readonly backfillDollars: number;
  /** Seconds after that until the last of the old items expires. */
  readonly drainSeconds: number;
  /** Seconds after that until it is deleted. */
  readonly lagSeconds: number;
  /** At how many times the inserts a promise breaks. */
  readonly breaksAtLoad: number;
}

/**
 * The plan of a table with a time to live: every knob with its reason, and the predictions.
 */
export class TtlTablePlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: TtlTablePredictions,
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  public expectations(): Expectation[] {
    const p = this.predictions;
    return [
      { label: 'today', text: sizeText(p.bytesToday) },
      { label: 'too old', text: `${figure(Math.round(p.expiredItems))} items` },
      { label: 'backfilled within', text: `${figure(p.backfillSeconds)} s, for $${figure(p.backfillDollars)}` },
      { label: 'drained after that within', text: `${figure(p.drainSeconds + p.lagSeconds)} s` },
      { label: 'steady', text: `${sizeText(p.steadyBytes)} in ${figure(Math.round(p.steadyItems))} items` },
      { label: 'the promise breaks at', text: `${figure(p.breaksAtLoad)} × the inserts` },
    ];
  }
}
