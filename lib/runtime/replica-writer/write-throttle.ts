/**
 * How a bulk writer keeps to the signal of a guard: a token bucket whose rate is polled. All writers of a source get the same
 * share. A signal that is too old leaves the least: a guard that is gone must not open the gate.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { freshReplicas, leastShareOf, type ReplicaSignal, shareOf } from '../replica-guard/signal';
import { type Heard, heardAt } from './heard';

/** Where signals come from. */
export interface SignalSource {
  /**
   * The newest signal.
   *
   * @param writer the name of this writer, by which it has a share; undefined for a reader, which takes no share from writers
   */
  read(writer?: string): Promise<ReplicaSignal>;
}

/** How a writer polls. */
export interface WriteThrottleOptions {
  /** Name of this writer, unique among all that run. Default: a random one. */
  readonly writer?: string;
  /**
   * Seconds from one poll to the next. The guard forgets a writer that polls less often than five times `writerPollSeconds` of
   * its plan; the others then take its share. Default: `writerPollSeconds`, which the signal tells; 1 before the first.
   */
  readonly pollSeconds?: number;
  /** Age in seconds from which a signal no longer counts. Default: `signalStaleSeconds` of the plan, which the signal tells. */
  readonly staleSeconds?: number;
  /** Commits a second before the first signal was heard. Default: 1. */
  readonly firstPerSecond?: number;
  /** The clock, in milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
}

/** Writers poll at moments of their own: together they would all begin and stop at once. */
const JITTER = 0.2;
/** A writer that wants nothing for so many polls does not poll, and has no share. */
const IDLE_POLLS = 5;
/** Before a signal has told how often. */
const FIRST_POLL_SECONDS = 1;
/** How long the first answer is waited for. */
const FIRST_STALE_SECONDS = 10;
/** A rate that is this low is none: a wait must not become infinite. */
const LEAST_RATE = 1e-6;

/** The gate of one bulk writer. */
export class WriteThrottle {
  readonly #writer: string;
  readonly #firstPerSecond: number;
  readonly #now: () => number;
  #heard: Heard | undefined;
  #wantedMillis = Number.NEGATIVE_INFINITY;
  /** When a permit was wanted last, and not only a replica. */
  #permitMillis = Number.NEGATIVE_INFINITY;
  #polling: Promise<void> | undefined;
  #asking: Promise<void> = Promise.resolve();
  #isStopped = false;
  /** Below 0 while a permit is paid off that was larger than what was saved. */
  #tokens = 0;
  #filledMillis: number;
  #line: Promise<void> = Promise.resolve();
  #wake = new AbortController();

  constructor(
    private readonly source: SignalSource,
    private readonly options: WriteThrottleOptions = {},
  ) {
    this.#writer = options.writer || `writer-${Math.random().toString(36).slice(2, 12)}`;
    this.#firstPerSecond = options.firstPerSecond ?? 1;
    this.#now = options.now ?? Date.now;
    this.#filledMillis = this.#now();
  }

  /** Commits a second that this writer may make now. */
  public get ratePerSecond(): number {
    if (this.#heard === undefined) return this.#firstPerSecond;
    const { signal, decidedMillis } = this.#heard;
    const isStale = this.#now() - decidedMillis > this.#staleMillis;
    return Math.max(LEAST_RATE, isStale ? leastShareOf(signal) : shareOf(signal));
  }

  /** The signal that was heard last; undefined before the first. */
  public get signal(): ReplicaSignal | undefined {
    return this.#heard?.signal;
  }

  /**
   * Waits until so many commits may be made. Callers are served in the order in which they asked. Whoever asks for permits is a
   * bulk writer, with a share of its own; freshReplicas() alone takes none.
   */
  public permit(commits = 1): Promise<void> {
    const turn = this.#line.then(() => this.#take(commits));
    // One that fails must not hold up those behind it.
    this.#line = turn.catch(() => {});
    return turn;
  }

  /**
   * Names of the replicas that are at most so far behind: reads that must be younger go to the source. Empty before the first
   * signal, and when it is too old.
   */
  public async freshReplicas(mostLagSeconds: number): Promise<string[]> {
    await this.#first();
    if (this.#heard === undefined) return [];
    const { signal, decidedMillis } = this.#heard;
    return freshReplicas(signal, mostLagSeconds, (this.#now() - decidedMillis) / 1000);
  }

  /** Polls no longer; who still waits for a permit gets an error. */
  public stop(): void {
    this.#isStopped = true;
    this.#wake.abort();
  }

  async #take(commits: number): Promise<void> {
    this.#permitMillis = this.#now();
    await this.#first();
    for (this.#fill(); this.#tokens <= 0; this.#fill()) {
      if (this.#isStopped) throw new Error('the throttle was stopped');
      this.#permitMillis = this.#now();
      this.#wanted();
      // The rate may rise meanwhile: never sleep beyond a poll.
      const untilToken = (1000 * (1e-9 - this.#tokens)) / this.ratePerSecond;
      await this.#sleep(Math.min(Math.max(1, untilToken), this.#pollMillis));
    }
    this.#tokens -= commits;
  }

  /** What was saved is a poll's worth at most, and at least one commit. */
  #fill(): void {
    const now = this.#now();
    const rate = this.ratePerSecond;
    const most = Math.max(1, (rate * this.#pollMillis) / 1000);
    this.#tokens = Math.min(most, this.#tokens + (rate * Math.max(0, now - this.#filledMillis)) / 1000);
    this.#filledMillis = now;
  }

  get #pollMillis(): number {
    return 1000 * (this.options.pollSeconds ?? this.#heard?.signal.writerPollSeconds ?? FIRST_POLL_SECONDS);
  }

  get #staleMillis(): number {
    return 1000 * (this.options.staleSeconds ?? this.#heard?.signal.signalStaleSeconds ?? FIRST_STALE_SECONDS);
  }

  /** Polls while somebody wants something. Before the first signal, waits for the answer that is under way. */
  async #first(): Promise<void> {
    this.#wanted();
    if (this.#heard === undefined) await Promise.race([this.#asking, this.#sleep(this.#staleMillis)]);
  }

  #wanted(): void {
    this.#wantedMillis = this.#now();
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = undefined;
    });
  }

  async #poll(): Promise<void> {
    while (!this.#isStopped && this.#isSince(this.#wantedMillis)) {
      this.#asking = this.#ask();
      await this.#asking;
      await this.#sleep(this.#pollMillis * (1 + JITTER * (2 * Math.random() - 1)));
    }
  }

  /** Asks by name only while permits are wanted: a reader that had one would take a share from the writers. */
  async #ask(): Promise<void> {
    const askedMillis = this.#now();
    try {
      const signal = await this.source.read(this.#isSince(this.#permitMillis) ? this.#writer : undefined);
      this.#heard = heardAt(signal, askedMillis, this.#heard);
    } catch {
      // The last signal holds until it is too old.
    }
  }

  /** Whether it was wanted within the last polls. */
  #isSince(millis: number): boolean {
    return this.#now() - millis <= IDLE_POLLS * this.#pollMillis;
  }

  async #sleep(millis: number): Promise<void> {
    await wait(millis, undefined, { signal: this.#wake.signal, ref: true }).catch(() => {});
  }
}
