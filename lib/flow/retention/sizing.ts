/** What a time to live means for data that is already there: the backfill, what is too old, and how that is spread. */
import { type Stock, steadyItems } from '../numerics/stock';

/** The data, and what its database takes beside its load. */
export interface Aged {
  readonly stock: Stock;
  readonly existingItems: number;
  /** Dates that the backfill writes in a second. */
  readonly datesPerSecond: number;
  readonly deletesPerSecond: number;
  readonly writersSetExpiry?: boolean;
  /** Seconds that the backfill then needs to find that nothing is left. Default: 0. */
  readonly checkSeconds?: number;
}

/** How long backfill and drain take, and for how much data. */
export interface Sized {
  readonly stock: Stock;
  readonly expired: number;
  /** Items that are too old when the backfill is done: those of today, and those that become too old meanwhile. */
  readonly spread: number;
  /** Items a second by which the backfill gains on the writers. */
  readonly gain: number;
  readonly backfill: number;
  readonly drain: number;
}

/** Sizes backfill and drain. A gain that is not above 0 means that the backfill never ends. */
export function sizeOf(aged: Aged): Sized {
  const { stock, existingItems, datesPerSecond, deletesPerSecond, writersSetExpiry, checkSeconds = 0 } = aged;
  const inserts = stock.arrivalsPerSecond;
  const gain = datesPerSecond - (writersSetExpiry ? 0 : inserts);
  const backfill = existingItems / gain + checkSeconds;
  const tooOld = (inserted: number) => Math.max(0, existingItems + inserted - steadyItems(stock));
  const spread = tooOld(inserts * backfill);
  return { stock, expired: tooOld(0), spread, gain, backfill, drain: spread / (deletesPerSecond - inserts) };
}
