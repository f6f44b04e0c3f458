/**
 * Cost of keeping an object: storage with every minimum, moves, reads, monitoring, at list prices.
 */

import { figure } from '../figures';
import { s3Prices, storageClassPrices } from '../prices';
import { bisect } from '../search';
import type { StorageTransition } from './workload';

const GB = 2 ** 30;
export const MONTH_DAYS = 30;
export const LARGEST_OBJECT_BYTES = 5e13;

/** The moves that are considered when none is given by hand. */
export const DEFAULT_TRANSITIONS: readonly StorageTransition[] = [
  { storageClass: 'STANDARD_IA', afterDays: 30 },
  { storageClass: 'GLACIER', afterDays: 180 },
];

/** Every object to Intelligent-Tiering at once: the baseline for other moves. */
export const TIERING: readonly StorageTransition[] = [{ storageClass: 'INTELLIGENT_TIERING', afterDays: 0 }];

/**
 * US dollars that one object costs from its creation to its deletion: storage with every minimum, moves, reads,
 * monitoring. The upload is not included: it costs the same for every choice.
 */
export function lifetimeCost(
  objectBytes: number,
  keptDays: number,
  transitions: readonly StorageTransition[],
  readRatioPerMonth = 0,
): number {
  const made = transitions.filter((t) => objectBytes >= (t.minimumObjectBytes ?? 0) && t.afterDays < keptDays);
  const stages = [{ storageClass: 'STANDARD', afterDays: 0 }, ...made];
  return stages.reduce((sum, stage, i) => {
    const days = (stages[i + 1]?.afterDays ?? keptDays) - stage.afterDays;
    return sum + stageCost(stage.storageClass, objectBytes, days, readRatioPerMonth);
  }, 0);
}

/** US dollars for one object during its days in one storage class, with the move into it. */
function stageCost(storageClass: string, objectBytes: number, days: number, readRatioPerMonth: number): number {
  const price = storageClassPrices(storageClass);
  const months = Math.max(days, price.minimumDays) / MONTH_DAYS;
  const billedGb = (Math.max(objectBytes, price.minimumBytes) + price.metadataBytes) / GB;
  const standardGb = price.standardMetadataBytes / GB;
  const tiers = storageClass === 'INTELLIGENT_TIERING' && objectBytes >= s3Prices.tieringMinimumBytes;
  // Reads come at random, so an object that may tier was idle for `d` days with probability e^(−reads × d ÷ month).
  const idleMonths = (idle: number) =>
    tiers ? (Math.max(0, days - idle) / MONTH_DAYS) * Math.exp((-readRatioPerMonth * idle) / MONTH_DAYS) : 0;
  const [idle30, idle90] = [idleMonths(30), idleMonths(90)];
  const storage =
    price.storage * (months - idle30) +
    price.storageAfter30Days * (idle30 - idle90) +
    price.storageAfter90Days * idle90;
  const reads = (days / MONTH_DAYS) * readRatioPerMonth;
  return (
    billedGb * storage +
    standardGb * storageClassPrices('STANDARD').storage * months +
    price.transitionPer1000 / 1000 +
    reads * ((objectBytes / GB) * price.readPerGb + price.readPer1000 / 1000) +
    (tiers ? (s3Prices.tieringMonitoringPer1000 / 1000) * (days / MONTH_DAYS) : 0)
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
): number {
  const moved = (list: readonly StorageTransition[]) => list.map((t) => ({ ...t, minimumObjectBytes: 0 }));
  const loss = (bytes: number) =>
    lifetimeCost(bytes, keptDays, moved(transitions), readRatioPerMonth) -
    lifetimeCost(bytes, keptDays, moved(instead), readRatioPerMonth);
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
