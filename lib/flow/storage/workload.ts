import { figure, sizeText } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';
import { storeOf } from './stores';

/**
 * Workload of a stock: bytes written, object size, retention.
 */
export interface StorageWorkload {
  /**
   * Bytes written per day, as they are stored (after compression). 0.001 to 10¹⁸.
   */
  readonly bytesPerDay: number;

  /**
   * Mean size of one object in bytes. It decides whether moving an object pays, because moving is charged by the
   * object and storing by the byte. 1 to 5 × 10^13.
   */
  readonly objectBytes: number;

  /**
   * Days that an object is kept before it expires. A whole number, 1 to 36500.
   *
   * @default 365
   */
  readonly retentionDays?: number;

  /**
   * Share of the written objects that a later write to the same key replaces, soon after they were written
   * (deliveries made twice, files rewritten by a compaction). 0 to below 1.
   *
   * @default 0
   */
  readonly overwriteRatio?: number;

  /**
   * Share of the stored objects that is read in a month, at any age. 1 reads everything once. 0 to 1000.
   *
   * @default 0
   */
  readonly readRatioPerMonth?: number;
}

/**
 * The promise of a stock.
 */
export interface StorageObjective {
  /**
   * The most that the stock may cost, in US dollars a month, uploads included. Above 0, at most 10¹².
   *
   * @default - no ceiling
   */
  readonly monthlyCost?: number;

  /**
   * The longest that a reader may wait for an object, in seconds. Below 18000 (5 hours) nothing moves to S3 Glacier
   * Flexible Retrieval by default. 0 to 31,536,000 (a year).
   *
   * @default - a reader may wait for a restore
   */
  readonly retrievalSeconds?: number;
}

/**
 * One move of the objects of a stock to a colder storage class.
 */
export interface StorageTransition {
  /**
   * The storage class as the store spells it. On S3 `STANDARD_IA`, `INTELLIGENT_TIERING`, `GLACIER_IR`, `GLACIER`,
   * `DEEP_ARCHIVE`; on Cloud Storage `NEARLINE`, `COLDLINE`, `ARCHIVE`.
   */
  readonly storageClass: string;
  /** Days from an object's creation to the move. A whole number, 0 or more; 30 or more for `STANDARD_IA`. */
  readonly afterDays: number;
  /**
   * The size in bytes from which an object is moved; smaller ones are not moved. A whole number, 0 to 5 × 10^13. Given for
   * one move, it must be given for all of them. A size above the mean from which moving costs more than it saves is refused.
   *
   * @default - the size from which moving pays back
   */
  readonly minimumObjectBytes?: number;
}

/**
 * Choices made by hand in a stock's plan.
 */
export interface StorageChoices {
  /**
   * The moves to make, coldest last. An empty list keeps everything in S3 Standard.
   *
   * @default - of `STANDARD_IA` after 30 and `GLACIER` after 180 days, on Cloud Storage of `NEARLINE` and `COLDLINE`, those
   * that pay back at this object size
   */
  readonly transitions?: StorageTransition[];

  /**
   * Days that a replaced or expired version can still be restored. A whole number, 1 to 36500.
   *
   * @default 30
   */
  readonly noncurrentDays?: number;

  /**
   * The budget's limit as a multiple of the predicted cost. 1 to 10.
   *
   * @default 1.2
   */
  readonly budgetHeadroom?: number;

  /**
   * Where the objects are kept: `s3` or `gcs`.
   *
   * @default s3
   */
  readonly store?: string;

  /**
   * Whether the bucket moves objects by itself (Cloud Storage): `on`, `off`, or `auto` for what costs less.
   *
   * @default auto
   */
  readonly autoclass?: string;

  /**
   * Days that what was deleted can still be restored, and is billed (Cloud Storage). 0, or 7 to 90.
   *
   * @default 7, or 0 when objects are kept for less than 30 days
   */
  readonly softDeleteDays?: number;

  /**
   * Whether replaced and expired objects stay as versions (Cloud Storage). S3 archives always do.
   *
   * @default false
   */
  readonly versioned?: boolean;
}

/**
 * The input of a stock's plan: workload, objective, and choices made by hand.
 */
export interface StorageQuestion extends StorageChoices {
  /** Bytes written, object size, retention. */
  readonly workload: StorageWorkload;

  /**
   * The promise.
   *
   * @default - no ceiling, and a reader may wait for a restore
   */
  readonly objective?: StorageObjective;
}

/**
 * Predictions for a stock that is as old as its retention.
 */
export interface StoragePredictions {
  /** Bytes kept, every version counted. */
  readonly storedBytes: number;
  /** Objects kept, every version counted. */
  readonly storedObjects: number;
  /** US dollars a month for the same writes with every version in S3 Standard for the whole retention. */
  readonly monthlyCostBefore: number;
  /** US dollars a month for storage, moves, reads and monitoring under this plan. */
  readonly monthlyCostAfter: number;
  /** US dollars a month if every object went to Intelligent-Tiering at once, to compare with. */
  readonly monthlyCostTiering: number;
  /** US dollars a month for uploads and the weekly inventory, which no storage class changes. */
  readonly monthlyRequestCost: number;
  /** The smallest mean object size in bytes from which moving objects pays back. Infinite when it never does. */
  readonly breakEvenObjectBytes: number;
  /** Days that an object is billed: its retention, and as long as it can be restored. */
  readonly billedDays: number;
}

/**
 * The plan of a stock: the moves, every knob with its reason, and the predictions. A transition that does not pay back
 * is after infinitely many days.
 */
export class StoragePlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: StoragePredictions,
    /** The moves that are made, coldest last. */
    public readonly transitions: StorageTransition[],
    remarks: string[] = [],
    /** Where the objects are kept: `s3` or `gcs`. */
    public readonly store: string = 's3',
  ) {
    super(subject, knobs, remarks);
  }

  public expectations(): Expectation[] {
    const p = this.predictions;
    const { standard, tieringTitle, inventoryPerMillion, region, read } = storeOf(this.store);
    return [
      { label: 'stored', text: `${sizeText(p.storedBytes)} in ${figure(Math.round(p.storedObjects))} objects` },
      { label: `all in ${standard}`, text: `${figure(p.monthlyCostBefore)} USD/month` },
      { label: 'as planned', text: `${figure(p.monthlyCostAfter)} USD/month` },
      { label: `in ${tieringTitle}`, text: `${figure(p.monthlyCostTiering)} USD/month` },
      {
        label: inventoryPerMillion > 0 ? 'uploads and inventory' : 'uploads',
        text: `${figure(p.monthlyRequestCost)} USD/month`,
      },
      { label: 'moving pays from', text: `${sizeText(p.breakEvenObjectBytes)} an object` },
      { label: 'list prices', text: `${region}, read ${read}` },
    ];
  }
}
