/**
 * Commits on a source and their application on a replica, as a fluid: first in, first out. The lag is the age of the oldest
 * commit that the replica has not applied. Bulk writes wait for the throttle, interactive ones never do.
 */
import { bulkRate, type ThrottleSettings, type ThrottleState } from './control';

/** Seconds of one step. */
const STEP_SECONDS = 0.05;

/** A peak of writes and the replica behind it. */
export interface ReplicaPeak {
  /** Commits a second before and after the peak. */
  readonly steadyPerSecond: number;
  /** Commits a second in the peak. */
  readonly peakPerSecond: number;
  readonly peakSeconds: number;
  /** Share of the peak that may wait. */
  readonly bulkShare: number;
  /** Commits a second that the replica applies. */
  readonly appliedPerSecond: number;
}

/** Who holds the writers back. */
export interface Throttle {
  readonly settings: ThrottleSettings;
  /** Seconds from one heartbeat to the next: the replica's position is known no better. */
  readonly heartbeatSeconds: number;
  readonly tickSeconds: number;
  /** Seconds from a decision until the last writer follows it. */
  readonly followSeconds: number;
  /** The next state: that of the library, unless another law is tried. */
  readonly next: (
    settings: ThrottleSettings,
    state: ThrottleState,
    lagSeconds: number,
    nowSeconds: number,
    sinceSeconds: number,
  ) => ThrottleState;
}

/** What was seen. */
export interface ReplicaRun {
  /** The longest that the replica was behind. */
  readonly lagSeconds: number;
  /** The longest that a bulk write waited; infinite when some still wait in the end. */
  readonly bulkDelaySeconds: number;
  /** The most bulk writes that waited at once. */
  readonly deferred: number;
  /** The rate that was allowed in the end. */
  readonly lastRatePerSecond: number;
}

/**
 * Runs steady load, the peak and what follows it.
 *
 * @param afterSeconds how long it goes on after the peak
 * @param phaseSeconds when the first tick comes: below `tickSeconds`
 */
export function runReplica(
  peak: ReplicaPeak,
  throttle: Throttle | undefined,
  afterSeconds: number,
  phaseSeconds = 0,
): ReplicaRun {
  const writers = new Writers(peak);
  const replica = new Replica(peak.appliedPerSecond);
  const gate = throttle && new Gate(throttle, phaseSeconds);
  const steps = Math.ceil((peak.peakSeconds + afterSeconds) / STEP_SECONDS);
  let lagSeconds = 0;
  for (let step = 0; step < steps; step += 1) {
    const now = step * STEP_SECONDS;
    replica.commit(writers.commit(now, gate?.bulkPerSecond(now) ?? Number.POSITIVE_INFINITY));
    const lag = replica.apply();
    lagSeconds = Math.max(lagSeconds, lag);
    gate?.see(now + STEP_SECONDS, lag);
  }
  return {
    lagSeconds,
    bulkDelaySeconds: writers.longestWait(steps * STEP_SECONDS),
    deferred: writers.mostDeferred,
    lastRatePerSecond: gate?.ratePerSecond ?? peak.peakPerSecond,
  };
}

/** Interactive writes commit at once; bulk writes in the order they came, as fast as they may. */
class Writers {
  public mostDeferred = 0;
  #waiting = 0;
  #longest = 0;
  /** The step whose bulk writes are next, and how many of them still wait. */
  readonly #arrived: number[] = [];
  #head = 0;

  constructor(private readonly peak: ReplicaPeak) {}

  public commit(now: number, bulkPerSecond: number): number {
    const { steadyPerSecond, peakPerSecond, peakSeconds, bulkShare } = this.peak;
    const offered = (now < peakSeconds ? peakPerSecond : steadyPerSecond) * STEP_SECONDS;
    const interactive = Math.min(offered, (1 - bulkShare) * peakPerSecond * STEP_SECONDS);
    this.#arrived.push(offered - interactive);
    this.#waiting += offered - interactive;
    const sent = Math.min(this.#waiting, bulkPerSecond * STEP_SECONDS);
    this.#waiting -= sent;
    this.mostDeferred = Math.max(this.mostDeferred, this.#waiting);
    this.#send(sent, now);
    return interactive + sent;
  }

  public longestWait(end: number): number {
    return this.#waiting > 1e-6 * this.peak.peakPerSecond && end - this.#head * STEP_SECONDS > 1
      ? Number.POSITIVE_INFINITY
      : this.#longest;
  }

  #send(count: number, now: number): void {
    let left = count;
    while (left > 0 && this.#head < this.#arrived.length) {
      const taken = Math.min(left, this.#arrived[this.#head]);
      this.#arrived[this.#head] -= taken;
      left -= taken;
      if (taken > 0) this.#longest = Math.max(this.#longest, now - this.#head * STEP_SECONDS);
      if (this.#arrived[this.#head] > 1e-9) return;
      this.#head += 1;
    }
  }
}

/** Applies commits in the order of the source. */
class Replica {
  /** Commits up to the end of each step. */
  readonly #committed: number[] = [0];
  #applied = 0;
  #head = 0;

  constructor(private readonly perSecond: number) {}

  public commit(count: number): void {
    this.#committed.push(this.#committed[this.#committed.length - 1] + count);
  }

  /** The lag after this step. */
  public apply(): number {
    const end = this.#committed.length - 1;
    this.#applied = Math.min(this.#committed[end], this.#applied + this.perSecond * STEP_SECONDS);
    while (this.#head < end && this.#committed[this.#head + 1] <= this.#applied * (1 + 1e-12)) this.#head += 1;
    if (this.#head === end) return 0;
    // Within a step commits are even.
    const [from, to] = [this.#committed[this.#head], this.#committed[this.#head + 1]];
    return (end - this.#head - (this.#applied - from) / (to - from)) * STEP_SECONDS;
  }
}

/** Sees the lag once a tick, and is followed a little later. */
class Gate {
  #state: ThrottleState;
  #nextTick: number;
  /** Decisions that some writer does not know yet. */
  readonly #pending: { readonly from: number; readonly bulk: number }[] = [];
  #bulk: number;

  constructor(
    private readonly throttle: Throttle,
    phaseSeconds: number,
  ) {
    const { settings } = throttle;
    this.#state = { ratePerSecond: settings.mostPerSecond, heldUntilSeconds: 0, missed: 0, mode: 'open' };
    this.#bulk = bulkRate(settings, this.#state);
    this.#nextTick = phaseSeconds;
  }

  public get ratePerSecond(): number {
    return this.#state.ratePerSecond;
  }

  public bulkPerSecond(now: number): number {
    while (this.#pending.length > 0 && this.#pending[0].from <= now) this.#bulk = this.#pending.shift()!.bulk;
    return this.#bulk;
  }

  public see(now: number, lag: number): void {
    if (now < this.#nextTick) return;
    const { settings, heartbeatSeconds, tickSeconds, followSeconds, next } = this.throttle;
    this.#nextTick += tickSeconds;
    // The newest heartbeat that was applied is older than the newest commit that was.
    const beat = Math.max(0, Math.floor((now - lag) / heartbeatSeconds) * heartbeatSeconds);
    this.#state = next(settings, this.#state, now - beat, now, tickSeconds);
    this.#pending.push({ from: now + followSeconds, bulk: bulkRate(settings, this.#state) });
  }
}
