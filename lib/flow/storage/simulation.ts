import { Random, ServiceTime } from '../numerics/random';
import { lifetimeCost } from './cost';
import { S3, type Store } from './stores';
import type { StorageTransition, StorageWorkload } from './workload';

/** Objects that a sample prices one by one: the mean of their cost is then known to about one percent. */
const OBJECTS = 20_000;
const MONTH_DAYS = 30;

/**
 * US dollars a month for a stock as old as its retention, measured on a sample of objects whose sizes vary. Each object
 * is priced through its own life, so that the size below which objects are not moved shows in the bill; the plan knows
 * only the mean size.
 */
export function sampledMonthlyCost(
  workload: StorageWorkload,
  sizeVariation: number,
  keptDays: number,
  transitions: readonly StorageTransition[],
  seed: number,
  store: Store = S3,
): number {
  const random = new Random(seed);
  // Sizes follow the library's one law for positive quantities, gamma, by mean and variation.
  const size = new ServiceTime(workload.objectBytes, sizeVariation);
  let bytes = 0;
  let cost = 0;
  for (let object = 0; object < OBJECTS; object += 1) {
    const objectBytes = Math.max(1, Math.round(size.draw(random)));
    bytes += objectBytes;
    cost += lifetimeCost(objectBytes, keptDays, transitions, workload.readRatioPerMonth, store);
  }
  // By the byte, not by the object: the bytes written in a month are given, the number of objects is drawn.
  return (cost / bytes) * workload.bytesPerDay * MONTH_DAYS;
}
