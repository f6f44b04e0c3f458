import { figure, sizeText } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';

/**
 * A collection whose documents expire, and the capacity of its database.
 */
export interface RetentionWorkload {
  /**
   * Documents inserted per second, the busiest day's mean. 10⁻⁹ to 10⁹.
   */
  readonly insertsPerSecond: number;

  /**
   * Bytes of one document as they lie on the disk, its share of the indexes included: (storage size + total index
   * size) ÷ count. Above 0, at most 10¹⁸.
   */
  readonly documentBytes: number;

  /**
   * Documents in the collection today. 0 to 10¹⁸.
   */
  readonly existingDocuments: number;

  /**
   * Updates per second that the database can take beside its load, as measured. 10⁻⁹ to 10⁹.
   */
  readonly spareWritesPerSecond: number;

  /**
   * Deletions per second that the database can take beside its load, replication included. One thread of the primary
   * deletes expired documents. 10⁻⁹ to 10⁹.
   */
  readonly deletesPerSecond: number;

  /**
   * Whether the writers set `expireAt` already. If not, the backfill has to keep up with them.
   *
   * @default false
   */
  readonly writersSetExpiry?: boolean;
}

/**
 * How long documents are kept, and the limits on size and time.
 */
export interface RetentionObjective {
  /**
   * Seconds that a document is kept. 10⁻⁹ to 3,153,600,000 (a hundred years).
   */
  readonly retentionSeconds: number;

  /**
   * The most bytes that the collection may take once as much expires as arrives. Above 0, at most 10¹⁸.
   *
   * @default - no ceiling
   */
  readonly collectionBytes?: number;

  /**
   * The longest that the backfill may take, in seconds. 10⁻⁹ to 3,153,600,000 (a hundred years).
   *
   * @default - as long as it takes
   */
  readonly backfillSeconds?: number;

  /**
   * The longest that a document may outlive its date, in seconds. At least 120: the server checks once a minute.
   *
   * @default 3600
   */
  readonly deletionLagSeconds?: number;

  /**
   * Whether documents that do not say when they were created expire as well, a retention after the backfill reaches them. In a
   * collection of several kinds of documents these are often settings and accounts. A document that has a usable creation time
   * expires in any case.
   *
   * @default false, such documents get no date: they stay, and the backfill counts them in its log
   */
  readonly expireUnknownAge?: boolean;
}

/** Where backfill and report run: a Job and a CronJob, or tasks that a scheduler starts. */
export type RetentionPlatform = 'kubernetes' | 'fargate';

/**
 * The input of a collection's plan.
 */
export interface RetentionQuestion {
  /** Inserts, documents of today, and capacity of the database. */
  readonly workload: RetentionWorkload;

  /** How long documents are kept, and the limits on size and time. */
  readonly objective: RetentionObjective;

  /**
   * Where backfill and report run.
   *
   * @default 'kubernetes'
   */
  readonly platform?: RetentionPlatform;
}

/**
 * Predictions for a collection.
 */
export interface RetentionPredictions {
  /** Bytes of the collection today. */
  readonly bytesToday: number;
  /** Documents once as many expire as arrive. */
  readonly steadyDocuments: number;
  /** Bytes once as much expires as arrives. */
  readonly steadyBytes: number;
  /** Documents that are older than the retention today, and will be deleted. */
  readonly expiredDocuments: number;
  /** Seconds until every document has its date and the index is made. */
  readonly backfillSeconds: number;
  /** Seconds after that until the old documents are deleted. */
  readonly drainSeconds: number;
}

/**
 * The plan of a collection: every knob with its reason, and the predictions.
 */
export class RetentionPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: RetentionPredictions,
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  public expectations(): Expectation[] {
    const p = this.predictions;
    return [
      { label: 'today', text: sizeText(p.bytesToday) },
      { label: 'too old', text: `${figure(Math.round(p.expiredDocuments))} documents` },
      { label: 'backfilled within', text: `${figure(p.backfillSeconds)} s` },
      { label: 'drained after that within', text: `${figure(p.drainSeconds)} s` },
      {
        label: 'steady',
        text: `${sizeText(p.steadyBytes)} in ${figure(Math.round(p.steadyDocuments))} documents`,
      },
    ];
  }
}
