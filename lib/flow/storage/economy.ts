/**
 * Costs and savings of moving objects between storage classes: the basis of a stock's plan.
 */

import { type Stock, steadyBytes, steadyItems } from '../numerics/stock';
import { breakEvenObjectBytes, LARGEST_OBJECT_BYTES, lifetimeCost, MONTH_DAYS, smallestSize } from './cost';
import { type Store, storeOf } from './stores';
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
  public readonly store: Store;
  public readonly retentionDays: number;
  /** Days that a replaced or expired version can still be restored, where there are versions. */
  public readonly noncurrentDays: number;
  /** Days that what was deleted can still be restored, and is billed (Cloud Storage). */
  public readonly softDeleteDays: number;
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
  /** Whether the bucket moves objects by itself (Autoclass), so that no rule does. */
  public readonly moving: boolean;
  private readonly overwriteRatio: number;
  private readonly subsets: readonly StorageTransition[][];

  constructor(
    public readonly workload: StorageWorkload,
    objective: StorageObjective,
    public readonly choices: StorageChoices,
  ) {
    this.store = storeOf(choices.store);
    this.retentionDays = workload.retentionDays ?? 365;
    this.noncurrentDays = hasVersions(choices) ? (choices.noncurrentDays ?? 30) : 0;
    this.softDeleteDays = this.store.name === 'gcs' ? softDeleteDays(this.retentionDays, choices) : 0;
    this.headroom = choices.budgetHeadroom ?? 1.2;
    this.keptDays = this.retentionDays + this.noncurrentDays + this.softDeleteDays;
    this.reads = workload.readRatioPerMonth ?? 0;
    this.patience = objective.retrievalSeconds ?? Number.POSITIVE_INFINITY;
    this.overwriteRatio = workload.overwriteRatio ?? 0;
    const { considered } = this.store;
    this.considered = choices.transitions ?? considered;
    this.subsets = subsetsOf(considered.filter((t) => t.afterDays < this.retentionDays && this.inTime(t)));
    this.cheapest = this.cheapestAt(workload.objectBytes);
    this.moving = movesItself(choices, () => this.monthly(this.store.tiering) < this.monthly(this.cheapest));
    this.taken = this.moving ? this.store.tiering : (choices.transitions ?? this.cheapest);
    const breakEvenOf = (list: readonly StorageTransition[]) =>
      breakEvenObjectBytes(this.keptDays, list, this.reads, [], this.store);
    this.breakEven =
      choices.transitions?.length || this.moving
        ? breakEvenOf(this.taken)
        : Math.min(...this.subsets.map((subset) => breakEvenOf(subset)));
    this.transitions = this.taken.map((t) => ({
      ...t,
      minimumObjectBytes: this.floorOf(t),
    }));
  }

  /**
   * US dollars a month for everything that is kept, with these moves.
   *
   * @param objectBytes as if objects were of that size, and the fewer or the more of them
   */
  public monthly(transitions: readonly StorageTransition[], objectBytes = this.workload.objectBytes): number {
    const replaced = lifetimeCost(objectBytes, this.noncurrentDays + this.softDeleteDays, [], this.reads, this.store);
    const kept = lifetimeCost(objectBytes, this.keptDays, transitions, this.reads, this.store);
    return this.objectsPerMonth(objectBytes) * (this.overwriteRatio * replaced + (1 - this.overwriteRatio) * kept);
  }

  /** Whether an object of that size costs more with the moves in effect than where it is written. */
  public losesAt(objectBytes: number): boolean {
    const cost = (moves: readonly StorageTransition[]) =>
      lifetimeCost(objectBytes, this.keptDays, moves, this.reads, this.store);
    return cost(this.taken) > cost([]);
  }

  /** Whether readers wait as long as the class takes. */
  public inTime(t: StorageTransition): boolean {
    return this.store.prices(t.storageClass).retrievalSeconds <= this.patience;
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
    const replaced = this.noncurrentDays + this.softDeleteDays;
    return (1 - this.overwriteRatio) * this.keptDays + this.overwriteRatio * replaced;
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
      monthlyCostBefore:
        this.objectsPerMonth(objectBytes) * lifetimeCost(objectBytes, this.retentionDays, [], this.reads, this.store),
      monthlyCostAfter: this.monthly(this.transitions),
      monthlyCostTiering: this.monthly(this.store.tiering),
      monthlyRequestCost:
        (this.objectsPerMonth(objectBytes) / 1000) * this.store.uploadPer1000 +
        (storedObjects / 1e6) * this.store.inventoryPerMillion * (MONTH_DAYS / INVENTORY_DAYS),
      breakEvenObjectBytes: this.breakEven,
      billedDays: this.keptDays,
    };
  }

  /** The size from which a move holds. */
  private floorOf(t: StorageTransition): number {
    if (this.moving) return 0;
    // A given list is one decision: it holds from its own break-even. A derived one holds move by move.
    return this.choices.transitions ? (t.minimumObjectBytes ?? this.breakEven) : this.joinsFrom(t);
  }

  private objectsPerMonth(objectBytes: number): number {
    return (this.workload.bytesPerDay / objectBytes) * MONTH_DAYS;
  }

  private cheapestAt(bytes: number): readonly StorageTransition[] {
    return this.subsets
      .map((subset) => ({ subset, cost: lifetimeCost(bytes, this.keptDays, subset, this.reads, this.store) }))
      .reduce((best, other) => (other.cost < best.cost ? other : best)).subset;
  }
}

/** Shorter than that, what is deleted would be billed for a third of its life more. */
const SHORTEST_SOFT_DELETED = 30;
/** Cloud Storage API reference, softDeletePolicy: 7 days by default, which is also the least. */
export const SOFT_DELETE_DAYS = 7;

/** Days that deleted objects stay. */
function softDeleteDays(retentionDays: number, { softDeleteDays: given }: StorageChoices): number {
  return given ?? (retentionDays < SHORTEST_SOFT_DELETED ? 0 : SOFT_DELETE_DAYS);
}

/** S3 archives are versioned; a bucket of Cloud Storage is where it was asked for. */
function hasVersions({ store, versioned }: StorageChoices): boolean {
  return store === 'gcs' ? (versioned ?? false) : true;
}

/** Whether the bucket moves objects by itself: as given, otherwise where no moves are given and it costs less. */
function movesItself({ store, autoclass = 'auto', transitions }: StorageChoices, cheaper: () => boolean): boolean {
  if (store !== 'gcs' || autoclass === 'off') return false;
  return autoclass === 'on' || (transitions === undefined && cheaper());
}

function subsetsOf(list: readonly StorageTransition[]): StorageTransition[][] {
  if (list.length === 0) return [[]];
  const rest = subsetsOf(list.slice(1));
  return [...rest, ...rest.map((subset) => [list[0], ...subset])];
}
