/**
 * What arrives at a queue, a disk or a cluster: a steady rate, and a peak above it. A peak without a length is no peak;
 * only this file decides that, so that plan, prediction, simulation and constructs agree.
 */
import { atLeast, type Check, isKnown, positive, required, shown } from './errors';
import type { Fields } from './fields';
import { DAY_SECONDS, LEAST_RATE, MOST_ITEMS_PER_SECOND, SHORTEST_PEAK_SECONDS, YEAR_SECONDS } from './ranges';

/**
 * How fast items arrive.
 */
export interface Arrivals {
  /**
   * Items that arrive per second outside the peak. 10⁻⁹ to 10⁹.
   */
  readonly steadyPerSecond: number;

  /**
   * Items that arrive per second during the peak. `steadyPerSecond` to 10⁹.
   *
   * @default - `steadyPerSecond`: there is no peak
   */
  readonly peakPerSecond?: number;

  /**
   * Length of the peak in seconds. 0 is no peak; otherwise 0.001 to 31,536,000 (a year).
   *
   * @default 0
   */
  readonly peakSeconds?: number;
}

/** Every field of arrivals. */
export const ARRIVALS_FIELDS: Fields<Arrivals> = { steadyPerSecond: true, peakPerSecond: true, peakSeconds: true };

/** The same of bytes. */
interface ArrivingBytes {
  readonly steadyBytesPerSecond: number;
  readonly peakBytesPerSecond?: number;
  readonly peakSeconds?: number;
}

/** Arrivals with every number set. */
export type ResolvedArrivals = Required<Arrivals>;

/** Arrivals with their defaults. */
export function resolveArrivals({ steadyPerSecond, peakPerSecond, peakSeconds = 0 }: Arrivals): ResolvedArrivals {
  return {
    steadyPerSecond,
    peakPerSecond: peakSeconds > 0 ? (peakPerSecond ?? steadyPerSecond) : steadyPerSecond,
    peakSeconds,
  };
}

/** Bytes counted as items, for the formulas that count items. */
export function bytesArriving(bytes: ArrivingBytes): ResolvedArrivals {
  return resolveArrivals({
    steadyPerSecond: bytes.steadyBytesPerSecond,
    peakPerSecond: bytes.peakBytesPerSecond,
    peakSeconds: bytes.peakSeconds,
  });
}

/** Names of arrivals in messages, and their maximum. */
interface Counted {
  /** Between `steady` or `peak` and `PerSecond`. */
  readonly unit: '' | 'Bytes';
  /** Items or bytes a second at most. */
  readonly most: number;
}

/** Checks of arrivals. */
export function arrivalsChecks(
  { steadyPerSecond: steady, peakPerSecond: peak, peakSeconds }: Arrivals,
  { unit, most }: Counted = { unit: '', most: MOST_ITEMS_PER_SECOND },
): Check[] {
  const [steadyName, peakName] = [`steady${unit}PerSecond`, `peak${unit}PerSecond`];
  // Shorter is a single item.
  const shortest = typeof peakSeconds === 'number' && peakSeconds > 0 ? SHORTEST_PEAK_SECONDS : 0;
  return [
    required(positive, steadyName, steady, LEAST_RATE, most),
    // A steady rate that is itself refused is no bound.
    atLeast(peakName, peak, isKnown(steady) && Number.isFinite(steady) ? steady : 0, most),
    atLeast('peakSeconds', peakSeconds, shortest, YEAR_SECONDS),
    {
      refused: isKnown(peak) && isKnown(steady) && peak > steady && peakSeconds === undefined,
      message: `peakSeconds must be given with a ${peakName} (${shown(peak)}) above ${steadyName} (${shown(steady)})`,
    },
  ];
}

/**
 * Items that arrive during an outage that begins with the peak: peak rate × min(peak length, outage) + steady rate ×
 * the rest. Without a peak, steady rate × outage. Queues, disks and buffers are bounded by it.
 *
 * @param outageSeconds length of the outage in seconds, 0 or more
 */
export function itemsDuringOutage(arrivals: Arrivals, outageSeconds: number): number {
  const { steadyPerSecond, peakPerSecond, peakSeconds } = resolveArrivals(arrivals);
  const atPeak = Math.min(peakSeconds, outageSeconds);
  return peakPerSecond * atPeak + steadyPerSecond * (outageSeconds - atPeak);
}

/**
 * Items that arrive in a long time with one peak a day, the first of which begins with it: what is kept for a retention.
 *
 * @param seconds length of the time in seconds, 0 or more
 */
export function itemsWithDailyPeaks(arrivals: Arrivals, seconds: number): number {
  const days = Math.floor(seconds / DAY_SECONDS);
  return days * itemsDuringOutage(arrivals, DAY_SECONDS) + itemsDuringOutage(arrivals, seconds - days * DAY_SECONDS);
}
