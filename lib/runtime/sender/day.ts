/**
 * What leaves in any 24 hours. Counts are kept for quarters of an hour and forgotten a day after the quarter's end, so
 * that every window of 24 hours is within the limit, and not only every calendar day.
 */
import type { Bucket, Reservation } from './slots';

const QUARTER_MILLIS = 15 * 60_000;
const QUARTERS = 96;

/** Messages by the number of the quarter since the epoch. */
export type Quarters = Readonly<Record<string, number>>;

/** The counts with so many messages more, or the time until there may be room. */
export function takeOfDay(
  quarters: Quarters,
  count: number,
  messagesPerDay: number,
  now: number,
): { readonly quarters: Quarters } | { readonly retryMillis: number } {
  const present = Math.floor(now / QUARTER_MILLIS);
  // A clock that was set back must not lose what has left.
  const kept = Object.entries(quarters).filter(([quarter]) => Number(quarter) >= present - QUARTERS);
  const used = kept.reduce((sum, [, messages]) => sum + messages, 0);
  if (used + count <= messagesPerDay) {
    const counts = Object.fromEntries(kept);
    return { quarters: { ...counts, [present]: (counts[present] ?? 0) + count } };
  }
  let room = messagesPerDay - used;
  for (const [quarter, messages] of kept.sort(([a], [b]) => Number(a) - Number(b))) {
    room += messages;
    if (room >= count) return { retryMillis: (Number(quarter) + QUARTERS + 1) * QUARTER_MILLIS - now };
  }
  return { retryMillis: (QUARTERS + 1) * QUARTER_MILLIS };
}

/** Counts with a version, so that two senders cannot write over each other. */
export interface DayStore {
  read(): Promise<{ readonly quarters: Quarters; readonly version: number }>;
  /** False when another sender wrote since that version. */
  write(quarters: Quarters, version: number, now: number): Promise<boolean>;
}

const MOST_TRIES = 5;

/** A bucket that also keeps a daily limit. */
export class DailyBucket implements Bucket {
  constructor(
    private readonly bucket: Bucket,
    private readonly store: DayStore,
    private readonly messagesPerDay: number,
    private readonly now: () => number = Date.now,
  ) {}

  public async reserve(count: number, latest: number): Promise<Reservation> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const { quarters, version } = await this.store.read();
      const now = this.now();
      const taken = takeOfDay(quarters, count, this.messagesPerDay, now);
      if ('retryMillis' in taken) return { closed: 'day', retryMillis: taken.retryMillis };
      // Counted before it leaves: what is not sent after all counts too, and nothing is sent that was not counted.
      if (await this.store.write(taken.quarters, version, now)) return this.bucket.reserve(count, latest);
    }
    return { closed: 'away', retryMillis: 1000 };
  }

  public throttled(): Promise<void> {
    return this.bucket.throttled();
  }

  public away(millis: number): Promise<void> {
    return this.bucket.away(millis);
  }
}
