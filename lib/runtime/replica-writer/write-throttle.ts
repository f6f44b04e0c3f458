/**
 * How a bulk writer keeps to the signal of a guard: a token bucket whose rate is polled. All writers of a source get the same
 * share. A signal that is too old leaves the least: a guard that is gone must not open the gate.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { freshReplicas, leastShareOf, type ReplicaSignal, shareOf } from '../replica-guard/signal';

/** Where signals come from. */
export interface SignalSource {
  /**
   * The newest signal.
   *
   * @param writer the name of this writer, by which it has a share
   */
  read(writer: string): Promise<ReplicaSignal>;
}

/** How a writer polls. */
export interface WriteThrottleOptions {
  /** Name of this writer, unique among all that run. Default: a random one. */
  readonly writer?: string;
  /** Seconds from one poll to the next, `writerPollSeconds` of the plan. Default: 1. */
  readonly pollSeconds?: number;
  /** Age from which a signal no longer counts, `signalStaleSeconds` of the plan. Default: 10. */
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
/** A rate that is this low is none: a wait must not become infinite. */
const LEAST_RATE = 1e-6;

/** The gate of one bulk writer. */
export class WriteThrottle {
  readonly #writer: string;
  readonly #pollMillis: number;
  readonly #staleMillis: number;
  readonly #firstPerSecond: number;
  readonly #now: () => number;
  #signal: ReplicaSignal | undefined;
  #heardMillis = Number.NEGATIVE_INFINITY;
  #wantedMillis = Number.NEGATIVE_INFINITY;
  #polling: Promise<void> | undefined;
  #isStopped = false;
  /** Below 0 while a permit is paid off that was larger than what was saved. */
  #tokens = 0;
  #filledMillis: number;
  #line: Promise<void> = Promise.resolve();
  #wake = new AbortController();

  constructor(
    private readonly source: SignalSource,
    options: WriteThrottleOptions = {},
  ) {
    this.#writer = options.writer ?? `writer-${Math.random().toString(36).slice(2, 12)}`;
    this.#pollMillis = 1000 * (options.pollSeconds ?? 1);
    this.#staleMillis = 1000 * (options.staleSeconds ?? 10);
    this.#firstPerSecond = options.firstPerSecond ?? 1;
    this.#now = options.now ?? Date.now;
    this.#filledMillis = this.#now();
  }

  /** Commits a second that this writer may make now. */
  public get ratePerSecond(): number {
    const signal = this.#signal;
    if (signal === undefined) return this.#firstPerSecond;
    const isStale = this.#now() - this.#heardMillis > this.#staleMillis || this.#ageMillis(signal) > this.#staleMillis;
    return Math.max(LEAST_RATE, isStale ? leastShareOf(signal) : shareOf(signal));
  }

  /** The signal that was heard last; undefined before the first. */
  public get signal(): ReplicaSignal | undefined {
    return this.#signal;
  }

  /** Waits until so many commits may be made. Callers are served in the order in which they asked. */
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
    await this.#heard();
    return this.#signal === undefined ? [] : freshReplicas(this.#signal, mostLagSeconds, this.#now());
  }

  /** Polls no longer; who still waits for a permit gets an error. */
  public stop(): void {
    this.#isStopped = true;
    this.#wake.abort();
  }

  async #take(commits: number): Promise<void> {
    await this.#heard();
    for (this.#fill(); this.#tokens <= 0; this.#fill()) {
      if (this.#isStopped) throw new Error('the throttle was stopped');
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

  /** Polls while somebody wants something. The first one waits for the first answer. */
  async #heard(): Promise<void> {
    this.#wanted();
    if (this.#signal === undefined) await this.#sleepUntil(this.#firstPoll());
  }

  #wanted(): void {
    this.#wantedMillis = this.#now();
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = undefined;
    });
  }

  #first: Promise<void> | undefined;

  #firstPoll(): Promise<void> {
    this.#first ??= this.#ask();
    return this.#first;
  }

  async #poll(): Promise<void> {
    await this.#firstPoll();
    while (!this.#isStopped && this.#now() - this.#wantedMillis <= IDLE_POLLS * this.#pollMillis) {
      await this.#sleep(this.#pollMillis * (1 + JITTER * (2 * Math.random() - 1)));
      if (!this.#isStopped) await this.#ask();
    }
  }

  async #ask(): Promise<void> {
    try {
      this.#signal = await this.source.read(this.#writer);
      this.#heardMillis = this.#now();
    } catch {
      // The last signal holds until it is too old.
    }
  }

  #ageMillis({ atMillis }: ReplicaSignal): number {
    return this.#now() - atMillis;
  }

  async #sleepUntil(done: Promise<void>): Promise<void> {
    await Promise.race([done, this.#sleep(this.#staleMillis)]);
  }

  async #sleep(millis: number): Promise<void> {
    await wait(millis, undefined, { signal: this.#wake.signal, ref: true }).catch(() => {});
  }
}
