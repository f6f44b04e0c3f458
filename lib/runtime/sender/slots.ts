/**
 * Slots of one token bucket that all senders of a provider share, equally spaced, so that no window of the provider has
 * more than its limit. A slot is valid for a moment; who is later takes a new one.
 */

/** The rate of a provider. */
export interface Pace {
  readonly messagesPerSecond: number;
  /** Messages that may leave at once. */
  readonly burst: number;
  /** Seconds for which a slot is valid. */
  readonly slotSeconds: number;
  /** Messages in any 24 hours. Default: no daily limit. */
  readonly messagesPerDay?: number;
  /** Of the rate, what is left of it after a throttle. */
  readonly throttledFactor: number;
  /** Share of the rate that comes back with each change. */
  readonly recoveryStep: number;
  /** Seconds between two changes of the rate. */
  readonly adaptSeconds: number;
  /** No sender waits for a slot that is further away; a bucket that is further ahead was set by a wrong clock. */
  readonly horizonSeconds: number;
}

/** A slot: send from `at` on, and no later than `until`. Milliseconds of the sender's clock. */
export interface Slot {
  readonly at: number;
  readonly until: number;
}

/** Why a provider takes nothing now. `paused`: until a person resumes. `away`: it said so. `day`: its day is full. */
export type Closed = 'paused' | 'away' | 'day';

/** Slots, or why there are none and when to ask again. */
export type Reservation =
  | { readonly slots: readonly Slot[] }
  | { readonly closed: Closed; readonly retryMillis?: number };

/** The bucket of one provider. */
export interface Bucket {
  /** The next slots, as many as asked for. */
  reserve(count: number): Promise<Reservation>;
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
  /** Sets the next slot, unless it is between `least` and `most`, or the bucket is closed. */
  restart(next: number, least: number, most: number, now: number): Promise<Change>;
  /** Sets the share of the rate, if it was last changed at `changedAt`. */
  setFactor(factor: number, changedAt: number, now: number): Promise<boolean>;
  setAway(until: number): Promise<void>;
}

/** Two senders may move the bucket between one's two updates; then the first is tried once more. */
const MOST_TRIES = 3;

/** A bucket over conditional updates: no lock and no read, two calls at most unless others interfere. */
export class SharedBucket implements Bucket {
  #factor = 1;
  #changedAt = 0;

  constructor(
    private readonly store: BucketStore,
    private readonly pace: Pace,
    private readonly now: () => number = Date.now,
  ) {}

  public async reserve(count: number): Promise<Reservation> {
    const { messagesPerSecond, burst, slotSeconds, horizonSeconds } = this.pace;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const now = this.now();
      const spacing = 1000 / (messagesPerSecond * this.#factor);
      const by = count * spacing;
      // What may leave at once was saved while nobody sent.
      const least = now - (burst - 1) * spacing;
      const most = now + horizonSeconds * 1000;
      const change =
        tries % 2 === 0
          ? await this.store.advance(by, least, most, now)
          : await this.store.restart(least + by, least, most, now);
      const { item } = change;
      if (item !== undefined) this.#see(item);
      if (change.done && item !== undefined) {
        await this.#recover(now);
        return { slots: slotsFrom(item.next - by, count, spacing, now, slotSeconds * 1000) };
      }
      const closed = item && closedBy(item, now);
      if (closed !== undefined) return closed;
    }
    // Others took every slot in between; that is a bucket in use, so ask again soon.
    return { closed: 'away', retryMillis: 1000 };
  }

  public async throttled(): Promise<void> {
    const { throttledFactor, adaptSeconds } = this.pace;
    const now = this.now();
    // One sender changes it for all: a second refusal in the same seconds is of the rate before.
    if (now - this.#changedAt < adaptSeconds * 1000) return;
    await this.#change(Math.max(0.01, this.#factor * throttledFactor), now);
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
