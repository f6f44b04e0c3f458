/**
 * Data that is kept rather than served: logs, objects, rows with a time to live, time series. It piles up until as much
 * expires as arrives.
 *
 * Source: Little's law with retention as the time in system, L = λW.
 */

/** A stock of data. */
export interface Stock {
  /** Items kept per second. 0 or more. */
  readonly arrivalsPerSecond: number;
  /** Mean size of an item in bytes. Above 0. */
  readonly itemBytes: number;
  /** Seconds that an item is kept. Above 0. */
  readonly retentionSeconds: number;
  /**
   * Copies of every item: replicas, noncurrent versions.
   *
   * @default 1
   */
  readonly copies?: number;
}

/** Items kept once as many expire as arrive: rate × retention. */
export function steadyItems(stock: Stock): number {
  return stock.arrivalsPerSecond * stock.retentionSeconds * (stock.copies ?? 1);
}

/** Bytes kept once as many expire as arrive: rate × bytes × retention × copies. */
export function steadyBytes(stock: Stock): number {
  return steadyItems(stock) * stock.itemBytes;
}

/** Bytes kept `seconds` after the first item, from an empty store: it grows until the retention is reached. */
export function storedBytes(stock: Stock, seconds: number): number {
  return steadyBytes(stock) * Math.min(1, Math.max(0, seconds) / stock.retentionSeconds);
}

/**
 * Seconds until a store of `capacityBytes` is full; `Infinity` when the steady size fits.
 *
 * The disk budget of a log agent whose output is down is this with an unlimited retention: capacity ÷ (rate × bytes).
 */
export function secondsUntilFull(stock: Stock, capacityBytes: number): number {
  if (steadyBytes(stock) <= capacityBytes) return Number.POSITIVE_INFINITY;
  return (capacityBytes / steadyBytes(stock)) * stock.retentionSeconds;
}

/** The longest retention in seconds whose steady size fits `capacityBytes`; `Infinity` when nothing arrives. */
export function retentionFor(stock: Stock, capacityBytes: number): number {
  const perSecond = stock.arrivalsPerSecond * stock.itemBytes * (stock.copies ?? 1);
  return perSecond > 0 ? capacityBytes / perSecond : Number.POSITIVE_INFINITY;
}
