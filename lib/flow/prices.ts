import { unknownName } from './errors';
import data from './prices.json';

/** Hours of a month, 365 days × 24 ÷ 12. */
export const MONTH_HOURS = 730;

/** One number of the price file: value, unit and source. */
interface Price {
  readonly value: number;
  readonly unit: string;
  readonly source: string;
}

/** Prices and billing rules of one storage class. US dollars, bytes, days, GB of 2^30 bytes. */
export interface StorageClassPrices {
  /** US dollars a GB and month. */
  readonly storage: number;
  /** Place in the waterfall: an object only ever moves to a higher one. S3 Standard is 0. */
  readonly rank: number;
  /** US dollars for moving 1,000 objects into the class by a lifecycle rule. */
  readonly transitionPer1000: number;
  /** US dollars for 1,000 reads (or restores, where the class requires one). */
  readonly readPer1000: number;
  /** US dollars for each GB read. */
  readonly readPerGb: number;
  /** The smallest size in bytes that an object is billed as. */
  readonly minimumBytes: number;
  /** Bytes an object that the class adds at its own price. */
  readonly metadataBytes: number;
  /** Bytes an object that the class adds at S3 Standard's price. */
  readonly standardMetadataBytes: number;
  /** Days that are billed at least. */
  readonly minimumDays: number;
  /** The first day after creation that a lifecycle rule may move an object into the class. */
  readonly earliestDays: number;
  /** Seconds until an object can be read. */
  readonly retrievalSeconds: number;
  /** US dollars a GB and month once an object was not read for 30 days. The class's own price unless it tiers by itself. */
  readonly storageAfter30Days: number;
  /** US dollars a GB and month once an object was not read for 90 days. The class's own price unless it tiers by itself. */
  readonly storageAfter90Days: number;
  /** US dollars a GB and month once an object was not read for 365 days. The price after 90 days unless there is a colder tier. */
  readonly storageAfter365Days: number;
}

const classes: { [name: string]: { [field: string]: Price | undefined } } = data.s3.classes;

/** The day on which the prices were read, as an ISO date. */
export const pricesRead: string = data.read;

/** The region whose list prices these are. */
export const pricesRegion: string = data.region;

/** Prices of S3 beside the storage classes. */
export const s3Prices = {
  uploadPer1000: data.s3.uploadPer1000.value,
  inventoryPerMillion: data.s3.inventoryPerMillion.value,
  tieringMonitoringPer1000: data.s3.tieringMonitoringPer1000.value,
  tieringMinimumBytes: data.s3.tieringMinimumBytes.value,
};

/** Prices of Cloud Storage beside the storage classes. */
export const gcsPrices = {
  uploadPer1000: data.gcs.uploadPer1000.value,
  autoclassPer1000: data.gcs.autoclassPer1000.value,
  autoclassMinimumBytes: data.gcs.autoclassMinimumBytes.value,
  read: data.gcs.read,
  region: data.gcs.region,
};

/** The names of the storage classes in the price file, as S3 spells them. */
export const storageClassNames: string[] = Object.keys(classes);

const table = tableOf(classes);
const gcsTable = tableOf(data.gcs.classes);

/** Names of Cloud Storage's classes, with `AUTOCLASS` for a bucket that moves objects by itself. */
export const gcsClassNames: string[] = [...gcsTable.keys()];

/** Prices and billing rules of a storage class of Cloud Storage. */
export function gcsClassPrices(name: string): StorageClassPrices {
  const found = gcsTable.get(name);
  if (found) return found;
  throw unknownName('prices', 'storage class', name, gcsClassNames);
}

/** Prices and billing rules of the storage class that S3 calls `name`. */
export function storageClassPrices(name: string): StorageClassPrices {
  const found = table.get(name);
  if (found) return found;
  throw unknownName('prices', 'storage class', name, storageClassNames);
}

type Entries = { [name: string]: { [field: string]: Price | undefined } };

function tableOf(entries: Entries): Map<string, StorageClassPrices> {
  return new Map(Object.entries(entries).map(([name, entry]) => [name, flatten(entry)]));
}

function flatten(entry: { [field: string]: Price | undefined }): StorageClassPrices {
  const storage = entry.storage!.value;
  const storageAfter30Days = entry.storageAfter30Days?.value ?? storage;
  const storageAfter90Days = entry.storageAfter90Days?.value ?? storageAfter30Days;
  return {
    storage,
    rank: entry.rank?.value ?? 0,
    transitionPer1000: entry.transitionPer1000?.value ?? 0,
    readPer1000: entry.readPer1000?.value ?? 0,
    readPerGb: entry.readPerGb?.value ?? 0,
    minimumBytes: entry.minimumBytes?.value ?? 0,
    metadataBytes: entry.metadataBytes?.value ?? 0,
    standardMetadataBytes: entry.standardMetadataBytes?.value ?? 0,
    minimumDays: entry.minimumDays?.value ?? 0,
    earliestDays: entry.earliestDays?.value ?? 0,
    retrievalSeconds: entry.retrievalSeconds?.value ?? 0,
    storageAfter30Days,
    storageAfter90Days,
    storageAfter365Days: entry.storageAfter365Days?.value ?? storageAfter90Days,
  };
}
