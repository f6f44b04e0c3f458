/**
 * Costs and savings of moving objects between storage classes: the basis of a stock's plan.
 */

import { type Stock, steadyBytes, steadyItems } from '../numerics/stock';
import { s3Prices, storageClassPrices } from '../prices';
import {
  breakEvenObjectBytes,
  DEFAULT_TRANSITIONS,
  LARGEST_OBJECT_BYTES,
  lifetimeCost,
  MONTH_DAYS,
  smallestSize,
  TIERING,
} from './cost';
import type {
  StorageChoices,
  StorageObjective,
  StoragePredictions,
  StorageTransition,
  StorageWorkload,
} from './workload';

const DAY_SECONDS = 86_400;
/** Days between two inventories. */
const INVENTORY_DAYS = 7;

/** Costs and savings of one stock at its object size. */
export class StorageEconomy {
  public readonly retentionDays: number;
  public readonly noncurrentDays: number;
  public readonly headroom: number;
  public readonly keptDays: number;
  public readonly reads: number;
  public readonly patience: number;
  /** The moves that were asked for, or may be taken. */
  public readonly considered: readonly StorageTransition[];
  /** The list that costs least. */
  public readonly cheapest: readonly StorageTransition[];
  /** The list in effect: given, or the cheapest. */
  public readonly taken: readonly StorageTransition[];
  /** The same with the object size from which each move holds. */
  public readonly transitions: StorageTransition[];
  public readonly breakEven: number;
  private readonly overwriteRatio: number;
  private readonly objectsPerMonth: number;
  private readonly subsets: readonly StorageTransition[][];

  constructor(
    public readonly workload: StorageWorkload,
    objective: StorageObjective,
    public readonly choices: StorageChoices,
  ) {
    this.retentionDays = workload.retentionDays ?? 365;
    this.noncurrentDays = choices.noncurrentDays ?? 30;
    this.headroom = choices.budgetHeadroom ?? 1.2;
    this.keptDays = this.retentionDays + this.noncurrentDays;
    this.reads = workload.readRatioPerMonth ?? 0;
    this.patience = objective.retrievalSeconds ?? Number.POSITIVE_INFINITY;
    this.overwriteRatio = workload.overwriteRatio ?? 0;
    this.objectsPerMonth = (workload.bytesPerDay / workload.objectBytes) * MONTH_DAYS;
    this.considered = choices.transitions ?? DEFAULT_TRANSITIONS;
    this.subsets = subsetsOf(DEFAULT_TRANSITIONS.filter((t) => t.afterDays < this.retentionDays && this.inTime(t)));
    this.cheapest = this.cheapestAt(workload.objectBytes);
    this.taken = choices.transitions ?? this.cheapest;
    const breakEvenOf = (list: readonly StorageTransition[]) => breakEvenObjectBytes(this.keptDays, list, this.reads);
    this.breakEven = choices.transitions?.length
      ? breakEvenOf(this.taken)
      : Math.min(...this.subsets.map((subset) => breakEvenOf(subset)));
    this.transitions = this.taken.map((t) => ({
      ...t,
      // A given list is one decision: it holds from its own break-even. A derived one holds move by move.
      minimumObjectBytes: choices.transitions ? this.breakEven : this.joinsFrom(t),
    }));
  }

  /** US dollars a month for everything that is kept, with these moves. */
  public monthly(transitions: readonly StorageTransition[]): number {
    const { objectBytes } = this.workload;
    const replaced = lifetimeCost(objectBytes, this.noncurrentDays, [], this.reads);
    const kept = lifetimeCost(objectBytes, this.keptDays, transitions, this.reads);
    return this.objectsPerMonth * (this.overwriteRatio * replaced + (1 - this.overwriteRatio) * kept);
  }

  /** Whether readers wait as long as the class takes. */
  public inTime(t: StorageTransition): boolean {
    return storageClassPrices(t.storageClass).retrievalSeconds <= this.patience;
  }

  /**
   * The object size from which the cheapest choice has this move: below the mean size if it is made, above it if not.
   */
  public joinsFrom(t: StorageTransition): number {
    const { objectBytes } = this.workload;
    const joined = (bytes: number) => this.cheapestAt(bytes).includes(t);
    return this.cheapest.includes(t)
      ? smallestSize(0, objectBytes, joined)
      : smallestSize(objectBytes, LARGEST_OBJECT_BYTES, joined);
  }

  /** Mean days that an object is stored, replaced ones included. */
  public get storedDays(): number {
    return (1 - this.overwriteRatio) * this.keptDays + this.overwriteRatio * this.noncurrentDays;
  }

  public predictions(): StoragePredictions {
    const { bytesPerDay, objectBytes } = this.workload;
    const stock: Stock = {
      arrivalsPerSecond: bytesPerDay / objectBytes / DAY_SECONDS,
      itemBytes: objectBytes,
      retentionSeconds: this.storedDays * DAY_SECONDS,
    };
    const storedObjects = steadyItems(stock);
    return {
      storedBytes: steadyBytes(stock),
      storedObjects,
      monthlyCostBefore: this.objectsPerMonth * lifetimeCost(objectBytes, this.retentionDays, [], this.reads),
      monthlyCostAfter: this.monthly(this.transitions),
      monthlyCostTiering: this.monthly(TIERING),
      monthlyRequestCost:
        (this.objectsPerMonth / 1000) * s3Prices.uploadPer1000 +
        (storedObjects / 1e6) * s3Prices.inventoryPerMillion * (MONTH_DAYS / INVENTORY_DAYS),
      breakEvenObjectBytes: this.breakEven,
    };
  }

  private cheapestAt(bytes: number): readonly StorageTransition[] {
    return this.subsets
      .map((subset) => ({ subset, cost: lifetimeCost(bytes, this.keptDays, subset, this.reads) }))
      .reduce((best, other) => (other.cost < best.cost ? other : best)).subset;
  }
}

function subsetsOf(list: readonly StorageTransition[]): StorageTransition[][] {
  if (list.length === 0) return [[]];
  const rest = subsetsOf(list.slice(1));
  return [...rest, ...rest.map((subset) => [list[0], ...subset])];
}
