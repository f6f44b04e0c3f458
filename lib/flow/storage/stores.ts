/**
 * Where objects are kept, one row a store: its storage classes with prices, which moves are considered, what moves objects
 * by itself, how the minimum of a class counts, and what the knobs are called there.
 */
import {
  gcsClassNames,
  gcsClassPrices,
  gcsPrices,
  pricesRead,
  pricesRegion,
  type StorageClassPrices,
  s3Prices,
  storageClassNames,
  storageClassPrices,
} from '../prices';

/** A move, as `StorageTransition` has it. */
interface Move {
  readonly storageClass: string;
  readonly afterDays: number;
}

/** The facts of one store. */
export interface Store {
  readonly name: string;
  /** The class that objects are written to, as it stands in sentences. */
  readonly standard: string;
  /** Prices of a class by its name. */
  readonly prices: (storageClass: string) => StorageClassPrices;
  /** The classes that a lifecycle rule can move to. */
  readonly targets: readonly string[];
  /** The moves that are considered when none is given by hand. */
  readonly considered: readonly Move[];
  /** Every object to what moves it by itself: the baseline for other moves. */
  readonly tiering: readonly Move[];
  /** What moves objects by itself, as it stands in sentences. */
  readonly tieringTitle: string;
  /** How it is chosen, as a way out. */
  readonly tieringAdvice: string;
  readonly tieringPer1000: number;
  readonly tieringMinimumBytes: number;
  readonly uploadPer1000: number;
  /** US dollars for a list of a million objects; 0 where none is made. */
  readonly inventoryPerMillion: number;
  /** Whether the minimum of a class counts from the creation of the object, and not from its move. */
  readonly minimumFromCreation: boolean;
  /** Where the prices are from. */
  readonly region: string;
  readonly read: string;
  /** What the knobs are called, and where the lifecycle is described. */
  readonly knobs: {
    readonly expiration: string;
    readonly transition: string;
    readonly size: string;
    readonly sourceOfMoves: string;
  };
}

/** Amazon S3. */
export const S3: Store = {
  name: 's3',
  standard: 'S3 Standard',
  prices: storageClassPrices,
  targets: storageClassNames.filter((name) => name !== 'STANDARD'),
  considered: [
    { storageClass: 'STANDARD_IA', afterDays: 30 },
    { storageClass: 'GLACIER', afterDays: 180 },
  ],
  tiering: [{ storageClass: 'INTELLIGENT_TIERING', afterDays: 0 }],
  tieringTitle: 'Intelligent-Tiering',
  tieringAdvice: 'move to INTELLIGENT_TIERING at once',
  tieringPer1000: s3Prices.tieringMonitoringPer1000,
  tieringMinimumBytes: s3Prices.tieringMinimumBytes,
  uploadPer1000: s3Prices.uploadPer1000,
  inventoryPerMillion: s3Prices.inventoryPerMillion,
  minimumFromCreation: false,
  region: pricesRegion,
  read: pricesRead,
  knobs: {
    expiration: 'expirationInDays',
    transition: 'transitionInDays',
    size: 'objectSizeGreaterThan',
    sourceOfMoves: 'case 11: STANDARD_IA after 30 days, GLACIER after 180',
  },
};

/** Google Cloud Storage. */
export const GCS: Store = {
  name: 'gcs',
  standard: 'Standard storage',
  prices: gcsClassPrices,
  targets: gcsClassNames.filter((name) => name !== 'STANDARD' && name !== 'AUTOCLASS'),
  considered: [
    { storageClass: 'NEARLINE', afterDays: 30 },
    { storageClass: 'COLDLINE', afterDays: 180 },
  ],
  tiering: [{ storageClass: 'AUTOCLASS', afterDays: 0 }],
  tieringTitle: 'Autoclass',
  tieringAdvice: "autoclass 'on'",
  tieringPer1000: gcsPrices.autoclassPer1000,
  tieringMinimumBytes: gcsPrices.autoclassMinimumBytes,
  uploadPer1000: gcsPrices.uploadPer1000,
  inventoryPerMillion: 0,
  minimumFromCreation: true,
  region: gcsPrices.region,
  read: gcsPrices.read,
  knobs: {
    expiration: 'expirationAge',
    transition: 'transitionAge',
    size: 'sizeAboveBytes',
    sourceOfMoves: 'case 11: NEARLINE after 30 days, COLDLINE after 180',
  },
};

/** Every store by its name. */
export const STORES: Readonly<Record<string, Store>> = { s3: S3, gcs: GCS };

/** The store of a question; a name that there is none of is refused by a check. */
export function storeOf(name: string | undefined): Store {
  return name === 'gcs' ? GCS : S3;
}
