/**
 * Slots with a bounded queue in front of them: first come, first served, those with priority first. What cannot begin in time
 * is refused before any work is done on it.
 */

import { ConcurrencyLimit, type LimitSettings } from '../../flow/services/limit';

/** Why a request was refused. */
export type Refusal = 'full' | 'late' | 'closing';

/** The error of a request that was refused. */
export class RefusedError extends Error {
  public readonly name = 'RefusedError';

  constructor(public readonly reason: Refusal) {
    super(`refused: ${reason}`);
  }
}

/** The numbers of a gate. */
export interface GateConfig {
  /** Requests that are worked on at the same time. */
  readonly slots: number;
  /** Requests that wait at most. */
  readonly queue: number;
  /** Seconds that one waits at most. */
  readonly waitSeconds: number;
  /** How the slots follow the time of the work. Default: they are fixed. */
  readonly limit?: LimitSettings;
}

/**
 * Gives a slot back; a second call does nothing.
 *
 * @param seconds of work, without what the caller took to send and to read, as a limit goes by them; false where there is none to
 *   measure, as when nothing answered; default: all since the slot was taken
 */
export type Leave = (seconds?: number | false) => void;

/** How one request wants to wait. */
export interface EntryOptions {
  /** Whether it goes before those without. When the queue is full, the newest of those makes room for it. */
  readonly priority?: boolean;
  /** Seconds that it can wait, when that is less than the gate's own: its caller hangs up earlier. */
  readonly waitSeconds?: number;
  /** Aborted when its caller hangs up: it leaves the queue. */
  readonly signal?: AbortSignal;
}

interface Waiting {
  readonly admit: () => void;
  readonly refuse: (reason: Refusal) => void;
  isGone: boolean;
}

/** Entries that have gone stay in a line until they are first. */
class Line {
  #entries: Waiting[] = [];
  #first = 0;

  public add(entry: Waiting): void {
    this.#entries.push(entry);
  }

  /** The one that has waited longest. */
  public take(): Waiting | undefined {
    while (this.#first < this.#entries.length) {
      const entry = this.#entries[this.#first];
      this.#first += 1;
      if (this.#first > 1000) {
        this.#entries = this.#entries.slice(this.#first);
        this.#first = 0;
      }
      if (!entry.isGone) return entry;
    }
    return undefined;
  }

  /** The one that came last. */
  public takeNewest(): Waiting | undefined {
    while (this.#entries.length > this.#first) {
      const entry = this.#entries.pop()!;
      if (!entry.isGone) return entry;
    }
    return undefined;
  }
}

/** The gate of one instance. */
export class Gate {
  /** Requests that are worked on. */
  public working = 0;
  /** Requests that wait. */
  public waiting = 0;
  /** Requests that got a slot since the start. */
  public admitted = 0;
  /** Requests that were refused since the start, by reason. */
  public readonly refused: Record<Refusal, number> = { full: 0, late: 0, closing: 0 };
  readonly #before = new Line();
  readonly #line = new Line();
  #isClosing = false;
  #idle: (() => void)[] = [];

  readonly #limit?: ConcurrencyLimit;

  constructor(private readonly config: GateConfig) {
    this.#limit = config.limit && new ConcurrencyLimit(config.limit);
  }

  /** Requests that may be worked on now. */
  public get slots(): number {
    return this.#limit?.current ?? this.config.slots;
  }

  /**
   * Waits for a slot.
   *
   * @returns what gives the slot back
   * @throws RefusedError when there is no room, when its time is up, or when the gate is closing
   */
  public enter(options: EntryOptions = {}): Promise<Leave> {
    if (this.#isClosing) return this.#refuse('closing');
    // Somebody waits only while every slot is taken.
    if (this.working < this.slots) return Promise.resolve(this.#admit());
    if (this.waiting >= this.#places && !(options.priority && this.#makeRoom())) return this.#refuse('full');
    return this.#wait(options);
  }

  /** Refuses what comes from now on, and waits until all that was accepted has ended. */
  public close(): Promise<void> {
    this.#isClosing = true;
    if (this.working === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #wait({ priority = false, waitSeconds = Number.POSITIVE_INFINITY, signal }: EntryOptions): Promise<Leave> {
    const seconds = Math.min(this.config.waitSeconds, waitSeconds);
    if (seconds <= 0) return this.#refuse('late');
    return new Promise((resolve, reject) => {
      const leave = () => {
        entry.isGone = true;
        this.waiting -= 1;
        clearTimeout(timer);
        signal?.removeEventListener('abort', hangUp);
      };
      const entry: Waiting = {
        isGone: false,
        admit: () => {
          leave();
          resolve(this.#admit());
        },
        refuse: (reason) => {
          leave();
          this.refused[reason] += 1;
          reject(new RefusedError(reason));
        },
      };
      const timer = setTimeout(() => entry.refuse('late'), 1000 * seconds);
      // A caller that has hung up needs no answer, and counts as late.
      const hangUp = () => entry.refuse('late');
      signal?.addEventListener('abort', hangUp);
      this.waiting += 1;
      (priority ? this.#before : this.#line).add(entry);
    });
  }

  /** The last one that waits still begins in time: fewer slots begin fewer. */
  get #places(): number {
    const { queue, slots } = this.config;
    return this.slots === slots ? queue : Math.floor((queue * this.slots) / slots);
  }

  #makeRoom(): boolean {
    const newest = this.#line.takeNewest();
    newest?.refuse('full');
    return newest !== undefined;
  }

  #admit(): Leave {
    this.working += 1;
    this.admitted += 1;
    const began = performance.now();
    let isHeld = true;
    return (seconds = (performance.now() - began) / 1000) => {
      if (!isHeld) return;
      isHeld = false;
      if (seconds !== false) this.#limit?.record(seconds, this.working >= this.slots);
      this.working -= 1;
      // None while the limit has fallen, several where it has risen.
      while (this.working < this.slots) {
        const next = this.#before.take() ?? this.#line.take();
        if (next === undefined) break;
        next.admit();
      }
      if (this.working === 0) for (const resolve of this.#idle.splice(0)) resolve();
    };
  }

  #refuse(reason: Refusal): Promise<never> {
    this.refused[reason] += 1;
    return Promise.reject(new RefusedError(reason));
  }
}
