/**
 * Cost of keeping an object: storage with every minimum, moves, reads, monitoring, at list prices.
 */

import { figure } from '../figures';
import { bisect } from '../search';
import { S3, type Store } from './stores';
import type { StorageTransition } from './workload';

const GB = 2 ** 30;
export const MONTH_DAYS = 30;
export const LARGEST_OBJECT_BYTES = 5e13;

/**
 * US dollars that one object costs from its creation to its deletion: storage with every minimum, moves, reads,
 * monitoring. The upload is not included: it costs the same for every choice.
 */
export function lifetimeCost(
  objectBytes: number,
  keptDays: number,
  transitions: readonly StorageTransition[],
  readRatioPerMonth = 0,
  store: Store = S3,
): number {
  const made = transitions.filter((t) => objectBytes >= (t.minimumObjectBytes ?? 0) && t.afterDays < keptDays);
  const stages = [{ storageClass: 'STANDARD', afterDays: 0 }, ...made];
  return stages.reduce((sum, stage, i) => {
    const next = stages[i + 1]?.afterDays;
    const days = (next ?? keptDays) - stage.afterDays;
    const { minimumDays } = store.prices(stage.storageClass);
    // Counted from the creation, a minimum is missed only by a deletion: a rule that moves an object on pays none.
    const least = store.minimumFromCreation ? (next === undefined ? minimumDays - stage.afterDays : 0) : minimumDays;
    const stay = { days, billedDays: Math.max(days, least) };
    return sum + stageCost(store, stage.storageClass, objectBytes, stay, readRatioPerMonth);
  }, 0);
}

/** US dollars for one object during its days in one storage class, with the move into it. */
function stageCost(
  store: Store,
  storageClass: string,
  objectBytes: number,
  { days, billedDays }: { readonly days: number; readonly billedDays: number },
  readRatioPerMonth: number,
): number {
  const price = store.prices(storageClass);
  const months = billedDays / MONTH_DAYS;
  const billedGb = (Math.max(objectBytes, price.minimumBytes) + price.metadataBytes) / GB;
  const standardGb = price.standardMetadataBytes / GB;
  const tiers = storageClass === store.tiering[0].storageClass && objectBytes >= store.tieringMinimumBytes;
  // Reads come at random, so an object that may tier was idle for `d` days with probability e^(−reads × d ÷ month).
  const idleMonths = (idle: number) =>
    tiers ? (Math.max(0, days - idle) / MONTH_DAYS) * Math.exp((-readRatioPerMonth * idle) / MONTH_DAYS) : 0;
  const [idle30, idle90, idle365] = [30, 90, 365].map(idleMonths);
  const storage =
    price.storage * (months - idle30) +
    price.storageAfter30Days * (idle30 - idle90) +
    price.storageAfter90Days * (idle90 - idle365) +
    price.storageAfter365Days * idle365;
  const reads = (days / MONTH_DAYS) * readRatioPerMonth;
  return (
    billedGb * storage +
    standardGb * store.prices('STANDARD').storage * months +
    price.transitionPer1000 / 1000 +
    reads * ((objectBytes / GB) * price.readPerGb + price.readPer1000 / 1000) +
    (tiers ? (store.tieringPer1000 / 1000) * (days / MONTH_DAYS) : 0)
  );
}

/**
 * The object size in bytes from which `transitions` cost no more than `instead`, by bisection. Infinite when no size
 * does. Every object is assumed to move; `minimumObjectBytes` is ignored.
 *
 * Moving costs a fixed sum an object and saves in proportion to its bytes, so that there is one crossing at most.
 */
export function breakEvenObjectBytes(
  keptDays: number,
  transitions: readonly StorageTransition[],
  readRatioPerMonth = 0,
  instead: readonly StorageTransition[] = [],
  store: Store = S3,
): number {
  const moved = (list: readonly StorageTransition[]) => list.map((t) => ({ ...t, minimumObjectBytes: 0 }));
  const loss = (bytes: number) =>
    lifetimeCost(bytes, keptDays, moved(transitions), readRatioPerMonth, store) -
    lifetimeCost(bytes, keptDays, moved(instead), readRatioPerMonth, store);
  if (loss(LARGEST_OBJECT_BYTES) >= 0) return Number.POSITIVE_INFINITY;
  return smallestSize(0, LARGEST_OBJECT_BYTES, (bytes) => loss(bytes) <= 0);
}

/** The whole number of bytes in `(low, high]` from which `fits` holds, by bisection; infinite when it fails at `high`. */
export function smallestSize(low: number, high: number, fits: (bytes: number) => boolean): number {
  if (!fits(high)) return Number.POSITIVE_INFINITY;
  return Math.ceil(bisect({ holding: high, failing: low }, { steps: 100, within: 0.5 }, fits).holding);
}

/** A monthly cost as a person reads it. */
export function usd(value: number): string {
  return `${figure(value >= 100 ? Math.round(value) : value)} USD/month`;
}
