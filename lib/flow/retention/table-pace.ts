/** How fast a backfill of a DynamoDB table may go, and how many workers share the pace. */
import type { TtlTableWorkload } from './table-workload';

/** Amazon DynamoDB Developer Guide, Read and write operations: a write unit is a write of up to 1 KB. */
const WRITE_UNIT_BYTES = 1024;
/** The same: a read unit is 4 KB, and twice that when reads need not be consistent. */
export const READ_UNIT_BYTES = 8192;
/** What one small function writes one by one, with calls of some milliseconds; an assumption. */
export const WORKER_WRITE_UNITS = 200;
/** Five targets a rule: ten rules. */
export const MOST_WORKERS = 50;
/** What all workers write at most. */
export const MOST_WRITE_UNITS = MOST_WORKERS * WORKER_WRITE_UNITS;
/** AWS Lambda quotas: a function ends after 15 minutes. */
export const WORKER_TIMEOUT_SECONDS = 900;
/** Time that a worker leaves unused, so that it saves its place and is never cut off. */
export const WORKER_SPARE_SECONDS = 30;
/** Longer than a page takes, also while DynamoDB throttles; an assumption. */
export const LEASE_SECONDS = 60;

/** The pace of a backfill. */
export interface Pace {
  /** Write units of one date: those of the item, and of each index that has the attribute. */
  readonly unitsPerItem: number;
  /** Write units a second of all workers. */
  readonly writeUnitsPerSecond: number;
  readonly workers: number;
  /** Dates a second while the workers run. */
  readonly itemsPerSecond: number;
  /** The same with the seconds between a worker's end and the start of the next. */
  readonly meanItemsPerSecond: number;
}

/** The pace that a workload allows. */
export function paceOf({ itemBytes, indexes = 0, spareWriteUnitsPerSecond }: TtlTableWorkload): Pace {
  const unitsPerItem = Math.ceil(itemBytes / WRITE_UNIT_BYTES) * (1 + indexes);
  const writeUnitsPerSecond = Math.min(spareWriteUnitsPerSecond, MOST_WRITE_UNITS);
  const itemsPerSecond = writeUnitsPerSecond / unitsPerItem;
  return {
    unitsPerItem,
    writeUnitsPerSecond,
    workers: Math.ceil(writeUnitsPerSecond / WORKER_WRITE_UNITS),
    itemsPerSecond,
    meanItemsPerSecond: (itemsPerSecond * (WORKER_TIMEOUT_SECONDS - WORKER_SPARE_SECONDS)) / WORKER_TIMEOUT_SECONDS,
  };
}
