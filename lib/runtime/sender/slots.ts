/**
 * Slots of one token bucket that all senders of a provider share, equally spaced, so that no window of the provider has
 * more than its limit. A slot is valid for a moment; a message that is later takes a new one.
 */
import { type BucketSettings, LEAST_FACTOR } from '../../flow/rates/run-time';

/** A slot: send from `at` on, and no later than `until`. Milliseconds of the sender's clock. */
export interface Slot {
  readonly at: number;
  readonly until: number;
}

/**
 * Why there is no slot now. `paused`: until a person resumes. `away`: the provider said so. `day`: its day is full. `busy`:
 * all slots that this sender could use are taken.
 */
export type Closed = 'paused' | 'away' | 'day' | 'busy';

/** Slots, at least one, or why there are none and when to ask again. */
export type Reservation =
  | { readonly slots: readonly Slot[] }
  | { readonly closed: Closed; readonly retryMillis?: number };

/** The bucket of one provider. */
export interface Bucket {
  /**
   * The next slots: as many as asked for, or as begin no later than `latest`. A slot that is not taken is left to others.
   *
   * @param latest milliseconds of the sender's clock
   */
  reserve(count: number, latest: number): Promise<Reservation>;
  /** The provider refused a message for its rate: all senders slow down. */
  throttled(): Promise<void>;
  /** The provider takes nothing for so long: all senders leave it alone. */
  away(millis: number): Promise<void>;
}

/** What a bucket holds. Times are milliseconds since the epoch. */
export interface BucketItem {
  /** When the next slot begins. */
  readonly next: number;
  /** The share of the rate that is used. 0 to 1. */
  readonly factor: number;
  /** When that share was changed. */
  readonly changedAt: number;
  readonly paused: boolean;
  readonly awayUntil: number;
}

/** The item after a change, or, where a condition did not hold, the item as it is. */
export interface Change {
  readonly done: boolean;
  readonly item: BucketItem | undefined;
}

/** A store with conditional updates and no reads. Each is one call. */
export interface BucketStore {
  /** Moves the next slot by so much, unless it is before `least` or after `most`, or the bucket is closed. */
  advance(by: number, least: number, most: number, now: number): Promise<Change>;
  /** Sets the next slot, unless it is at `least` or later, or the bucket is closed. */
  restart(next: number, least: number, now: number): Promise<Change>;
  /** Sets the share of the rate, if it was last changed at `changedAt`. */
  setFactor(factor: number, changedAt: number, now: number): Promise<boolean>;
  setAway(until: number): Promise<void>;
}

/** An update that finds the bucket elsewhere is made once more for what it found, and others may move it in between. */
const MOST_TRIES = 4;
/** Others took every slot in between: that is a bucket in use, so ask again soon. */
const CONTENDED_MILLIS = 100;

/** A bucket over conditional updates: no lock and no read, one or two calls unless others interfere. */
export class SharedBucket implements Bucket {
  #factor = 1;
  #changedAt = 0;

  constructor(
    private readonly store: BucketStore,
    private readonly pace: BucketSettings,
    private readonly now: () => number = Date.now,
  ) {}

  public async reserve(count: number, latest: number): Promise<Reservation> {
    const { messagesPerSecond, burst, slotSeconds, horizonSeconds } = this.pace;
    // Where the next slot is, as far as is known: now, and then what the last update found.
    let next = Number.NEGATIVE_INFINITY;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const now = this.now();
      const spacing = 1000 / (messagesPerSecond * this.#factor);
      // What may leave at once was saved while nothing was sent.
      const least = now - (burst - 1) * spacing;
      const horizon = now + (horizonSeconds * 1000) / this.#factor;
      const last = Math.min(latest, horizon);
      const fitting = Math.floor((last - Math.max(next, least)) / spacing + 1e-9) + 1;
      if (fitting < 1) return { closed: 'busy', retryMillis: next > latest ? next - now : Math.max(1, next - horizon) };
      const slots = Math.min(count, fitting);
      const by = slots * spacing;
      const isIdle = tries > 0 && next < least;
      const change = isIdle
        ? await this.store.restart(least + by, least, now)
        : await this.store.advance(by, least, last - (slots - 1) * spacing, now);
      const { item } = change;
      if (item !== undefined) this.#see(item);
      if (change.done && item !== undefined) {
        await this.#recover(now);
        return { slots: slotsFrom(item.next - by, slots, spacing, now, slotSeconds * 1000) };
      }
      const closed = item && closedBy(item, now);
      if (closed !== undefined) return closed;
      next = item?.next ?? Number.NEGATIVE_INFINITY;
    }
    return { closed: 'busy', retryMillis: CONTENDED_MILLIS };
  }

  public async throttled(): Promise<void> {
    const { throttledFactor, adaptSeconds } = this.pace;
    const now = this.now();
    // One sender changes it for all: a second refusal in the same seconds is of the rate before.
    if (now - this.#changedAt < adaptSeconds * 1000) return;
    await this.#change(Math.max(LEAST_FACTOR, this.#factor * throttledFactor), now);
  }

  public async away(millis: number): Promise<void> {
    await this.store.setAway(this.now() + millis);
  }

  async #recover(now: number): Promise<void> {
    const { recoveryStep, adaptSeconds } = this.pace;
    if (this.#factor >= 1 || now - this.#changedAt < adaptSeconds * 1000) return;
    await this.#change(Math.min(1, this.#factor + recoveryStep), now);
  }

  async #change(factor: number, now: number): Promise<void> {
    if (!(await this.store.setFactor(factor, this.#changedAt, now))) return;
    this.#factor = factor;
    this.#changedAt = now;
  }

  #see({ factor, changedAt }: BucketItem): void {
    this.#factor = factor;
    this.#changedAt = changedAt;
  }
}

/** Slots from `first` on. What is in the past is one that a burst saved, and is valid from now. */
export function slotsFrom(first: number, count: number, spacing: number, now: number, valid: number): Slot[] {
  return Array.from({ length: count }, (_, index) => {
    const at = Math.max(now, first + index * spacing);
    return { at, until: at + valid };
  });
}

function closedBy({ paused, awayUntil }: BucketItem, now: number): Reservation | undefined {
  if (paused) return { closed: 'paused' };
  return awayUntil > now ? { closed: 'away', retryMillis: awayUntil - now } : undefined;
}
