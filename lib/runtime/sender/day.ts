/**
 * What leaves in any 24 hours. Counts are kept for quarters of an hour and forgotten a day after the quarter's end, so
 * that every window of 24 hours is within the limit, and not only every calendar day.
 */
import { DAY_QUARTERS, QUARTER_SECONDS } from '../../flow/rates/run-time';
import type { Bucket, Reservation, Slot } from './slots';

const QUARTER_MILLIS = QUARTER_SECONDS * 1000;

/** Messages by the number of the quarter since the epoch. */
export type Quarters = Readonly<Record<string, number>>;

/** Messages that may leave now. */
export function roomOfDay(quarters: Quarters, messagesPerDay: number, now: number): number {
  return messagesPerDay - kept(quarters, now).reduce((sum, [, messages]) => sum + messages, 0);
}

/**
 * The counts with as many messages more as there is room for, or the time until there is room.
 *
 * @param leaves when the last of them arrives at the provider, in whose quarter all are counted
 */
export function takeOfDay(
  quarters: Quarters,
  count: number,
  messagesPerDay: number,
  now: number,
  leaves = now,
): { readonly quarters: Quarters; readonly taken: number } | { readonly retryMillis: number } {
  const counted = kept(quarters, now);
  let room = roomOfDay(quarters, messagesPerDay, now);
  const taken = Math.min(count, room);
  if (taken >= 1) {
    const counts = Object.fromEntries(counted);
    const quarter = quarterOf(leaves);
    return { quarters: { ...counts, [quarter]: (counts[quarter] ?? 0) + taken }, taken };
  }
  for (const [quarter, messages] of counted.sort(([a], [b]) => Number(a) - Number(b))) {
    room += messages;
    if (room >= 1) return { retryMillis: (Number(quarter) + DAY_QUARTERS) * QUARTER_MILLIS - now };
  }
  return { retryMillis: DAY_QUARTERS * QUARTER_MILLIS };
}

function quarterOf(at: number): number {
  return Math.floor(at / QUARTER_MILLIS);
}

/** A clock that was set back must not lose what has left. */
function kept(quarters: Quarters, now: number): [string, number][] {
  return Object.entries(quarters).filter(([quarter]) => Number(quarter) > quarterOf(now) - DAY_QUARTERS);
}

/** Counts with a version, so that two senders cannot write over each other. */
export interface DayStore {
  read(): Promise<{ readonly quarters: Quarters; readonly version: number }>;
  /** False when another sender wrote since that version. */
  write(quarters: Quarters, version: number, now: number): Promise<boolean>;
}

const MOST_TRIES = 5;
/** Others wrote in between each time: their batches are counted, so ask again soon. */
const CONTENDED_MILLIS = 100;

/** A bucket that also keeps a daily limit. */
export class DailyBucket implements Bucket {
  constructor(
    private readonly bucket: Bucket,
    private readonly store: DayStore,
    private readonly messagesPerDay: number,
    private readonly now: () => number = Date.now,
  ) {}

  public async reserve(count: number, latest: number): Promise<Reservation> {
    // The bucket first: what it does not let through must not use up the day. A slot that is then not used costs nothing.
    const reservation = await this.bucket.reserve(count, latest);
    if ('closed' in reservation) return reservation;
    const { slots } = reservation;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const { quarters, version } = await this.store.read();
      const now = this.now();
      const day = takeOfDay(quarters, slots.length, this.messagesPerDay, now, arrivalOf(slots[slots.length - 1]));
      if ('retryMillis' in day) return { closed: 'day', retryMillis: day.retryMillis };
      // Counted before it leaves: nothing is sent that was not counted.
      if (await this.store.write(day.quarters, version, now)) return { slots: slots.slice(0, day.taken) };
    }
    return { closed: 'busy', retryMillis: CONTENDED_MILLIS };
  }

  public throttled(): Promise<void> {
    return this.bucket.throttled();
  }

  public away(millis: number): Promise<void> {
    return this.bucket.away(millis);
  }
}

/** The latest arrival: as long as a message may be late, it may be on its way. */
function arrivalOf({ at, until }: Slot): number {
  return until + (until - at);
}
