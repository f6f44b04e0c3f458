/**
 * Works on the keys of a flush: in calls of so many keys, so many calls at once, with retries of what failed. A key is set
 * aside only for what it did by itself: it failed in a call of its own, and another key succeeded just before and just
 * after. While nothing succeeds, the service is unavailable, and its keys are retried with a later flush.
 */
import type { MergedKey } from './merge';

/** What became of the keys of one call. Keys that are not named are done. */
export interface Outcome {
  /** Failed; another attempt may succeed. */
  readonly failed?: readonly string[];
  /** Can never succeed, such as a path that the provider does not take. */
  readonly refused?: readonly string[];
  /** Not taken now, because of a limit. */
  readonly busy?: readonly string[];
  /** The limit is one of keys, not of calls: fewer keys may pass. */
  readonly smaller?: boolean;
}

/** What is done with keys. */
export interface Invalidator {
  /**
   * Works on keys. Once it has returned, what was cached before is gone, or newer than the events; Amazon CloudFront has
   * accepted that, and takes its time. When it throws, all of them have failed. Ends within `callSeconds`.
   *
   * @param batch names the events that the keys come from; the same events give the same name
   */
  invalidate(keys: readonly MergedKey[], batch: string): Promise<Outcome>;
}

/** The numbers of a flush. */
export interface FlushConfig {
  readonly keysPerCall: number;
  readonly workers: number;
  readonly attempts: number;
  readonly backoffSeconds: number;
  readonly backoffCapSeconds: number;
  /** Seconds that one call may take. */
  readonly callSeconds: number;
  /** Age of an event at which a key is set aside although nothing else succeeded: see `Flush`. */
  readonly asideAfterSeconds: number;
}

/** What a flush needs of the world. */
export interface FlushPorts {
  readonly invalidator: Invalidator;
  wait(millis: number): Promise<void>;
  now(): number;
  random(): number;
  /** No content of an event may be in the details. */
  log(event: string, details: Readonly<Record<string, string>>): void;
  count(name: string, value: number): void;
}

/** What became of a flush. */
export interface Flushed {
  readonly done: readonly MergedKey[];
  /** Set aside: refused, or failed by themselves at every attempt. */
  readonly aside: readonly MergedKey[];
  /** Not worked on: their events have to be handed over again. */
  readonly undone: readonly MergedKey[];
}

/** Calls that fail in a row before an attempt is given up: the service is unavailable. */
const FAILURES_IN_A_ROW = 10;

/** @param deadline in milliseconds: the flush has ended by then, so no call begins that could take longer */
export async function flush(
  keys: readonly MergedKey[],
  batch: string,
  deadline: number,
  config: FlushConfig,
  ports: FlushPorts,
): Promise<Flushed> {
  return new Flush(keys, batch, deadline, config, ports).run();
}

class Flush {
  readonly #done: MergedKey[] = [];
  readonly #aside: MergedKey[] = [];
  /** Calls that failed, by key. */
  readonly #failures = new Map<string, number>();
  /** Keys that the last answer about them named as failed: the service was there to say so. */
  readonly #named = new Set<string>();
  #open: readonly MergedKey[];
  #busy: readonly MergedKey[] = [];
  #busySize: number;
  #failuresInARow = 0;
  /** Whether the last call that ended had a key that succeeded. */
  #hasJustSucceeded = false;

  constructor(
    private readonly keys: readonly MergedKey[],
    private readonly batch: string,
    private readonly deadline: number,
    private readonly config: FlushConfig,
    private readonly ports: FlushPorts,
  ) {
    this.#open = keys;
    this.#busySize = config.keysPerCall;
  }

  /**
   * Rounds over all keys that are left, in calls that become smaller, down to one key; then each key that still fails by
   * itself. Time for one key to fail by itself at every attempt is kept for that, so that every flush makes progress,
   * however many keys hang.
   */
  public async run(): Promise<Flushed> {
    const { attempts, callSeconds } = this.config;
    const rounds = Math.max(1, attempts - 1);
    const waits = Array.from({ length: rounds }, (_, index) => this.#longestWait(index + 2));
    const reserved = waits.reduce((left, wait) => left - wait, this.deadline - 1000 * (attempts + 1) * callSeconds);
    const until = reserved > this.ports.now() ? reserved : this.deadline;
    for (let round = 1; this.#open.length + this.#busy.length > 0 && this.#mayCall(this.deadline); round += 1) {
      if (round > 1) await this.#backOff(round);
      const sweeps = round <= rounds && this.#mayCall(until);
      if (sweeps) await this.#sweep(round, rounds, until);
      else if (this.#open.length > 0) await this.#judge();
      const judged = this.#open.length;
      await this.#retryBusy(sweeps ? until : this.deadline);
      // A key that was busy and then failed has all of its attempts before it.
      if (!sweeps && this.#busy.length === 0 && this.#open.length === judged) break;
    }
    this.#judgeByAge();
    return { done: this.#done, aside: this.#aside, undone: this.#open.concat(this.#busy) };
  }

  async #sweep(round: number, rounds: number, until: number): Promise<void> {
    const size = rounds === 1 ? 1 : (rounds - round) / (rounds - 1);
    const { failed, busy } = await this.#callAll(this.#open, Math.ceil(this.config.keysPerCall ** size - 1e-9), until);
    this.#open = failed;
    this.#busy = this.#busy.concat(busy);
  }

  async #retryBusy(until: number): Promise<void> {
    if (this.#busy.length === 0) return;
    const { failed, busy } = await this.#callAll(this.#busy, this.#busySize, until);
    this.#open = this.#open.concat(failed);
    this.#busy = busy;
  }

  /** Calls for every key, until time is up or too many calls in a row have failed. */
  async #callAll(keys: readonly MergedKey[], size: number, until: number) {
    const failed: MergedKey[] = [];
    const busy: MergedKey[] = [];
    let next = 0;
    let smaller = false;
    this.#failuresInARow = 0;
    const work = async () => {
      while (next < keys.length && this.#failuresInARow < FAILURES_IN_A_ROW && this.#mayCall(until)) {
        const call = keys.slice(next, next + size);
        next += call.length;
        const result = await this.#call(call);
        for (const key of result.failed) failed.push(key);
        for (const key of result.busy) busy.push(key);
        smaller ||= result.smaller;
      }
    };
    await Promise.all(Array.from({ length: this.config.workers }, work));
    if (busy.length > 0) this.ports.count('FlushRefused', 1);
    if (smaller) this.#busySize = Math.max(1, Math.floor(Math.min(this.#busySize, busy.length) / 2));
    // Those that were not called come first the next time.
    return { failed: keys.slice(next).concat(failed), busy };
  }

  async #call(call: readonly MergedKey[]) {
    const { outcome, hasAnswered } = await this.#outcomeOf(call);
    const names = { failed: set(outcome.failed), refused: set(outcome.refused), busy: set(outcome.busy) };
    const failed: MergedKey[] = [];
    const busy: MergedKey[] = [];
    this.#hasJustSucceeded = false;
    for (const key of call) {
      if (names.refused.has(key.key)) this.#aside.push(key);
      else if (names.busy.has(key.key)) busy.push(key);
      else if (names.failed.has(key.key)) {
        failed.push(key);
        this.#failures.set(key.key, this.#failuresOf(key) + 1);
        if (hasAnswered) this.#named.add(key.key);
        else this.#named.delete(key.key);
      } else {
        this.#done.push(key);
        this.#hasJustSucceeded = true;
      }
    }
    this.#failuresInARow = failed.length === 0 || this.#hasJustSucceeded ? 0 : this.#failuresInARow + 1;
    return { failed, busy, smaller: busy.length > 0 && outcome.smaller === true };
  }

  /** Each key that is left, alone, those that failed most often first. */
  async #judge(): Promise<void> {
    await this.#findSuccess();
    const open = [...this.#open].sort((a, b) => this.#failuresOf(b) - this.#failuresOf(a));
    const left: MergedKey[] = [];
    const busy: MergedKey[] = [];
    let [isAway, inVain] = [false, 0];
    for (const key of open) {
      const verdict = isAway ? 'left' : await this.#verdictOn(key);
      if (verdict === 'aside') this.#aside.push(key);
      if (verdict === 'busy') busy.push(key);
      if (verdict === 'left' || verdict === 'away') left.push(key);
      inVain = verdict === 'left' ? inVain + 1 : 0;
      isAway ||= verdict === 'away' || inVain >= FAILURES_IN_A_ROW || !this.#mayCall(this.deadline);
    }
    this.#open = left;
    this.#busy = this.#busy.concat(busy);
  }

  /**
   * Calls keys alone until one succeeds: others can only be judged beside it. It begins anywhere, so that a flush does not
   * come upon the same bad keys as the one before.
   */
  async #findSuccess(): Promise<void> {
    const from = Math.floor(this.ports.random() * this.#open.length);
    const open = this.#open.slice(from).concat(this.#open.slice(0, from));
    const called = new Set<MergedKey>();
    const left: MergedKey[] = [];
    for (const key of open) {
      if (this.#done.length > 0 || left.length >= FAILURES_IN_A_ROW || !this.#mayCall(this.deadline)) break;
      // Its last attempt is the one that it is judged by.
      if (this.#failuresOf(key) + 1 >= this.config.attempts) continue;
      called.add(key);
      const { failed, busy } = await this.#call([key]);
      for (const one of failed) left.push(one);
      this.#busy = this.#busy.concat(busy);
    }
    this.#open = left.concat(this.#open.filter((key) => !called.has(key)));
  }

  /** Calls a key alone, as often as it has attempts left; the last one between two successes of another key. */
  async #verdictOn(key: MergedKey): Promise<'settled' | 'aside' | 'busy' | 'left' | 'away'> {
    const isLast = () => this.#failuresOf(key) + 1 >= this.config.attempts;
    for (;;) {
      const hasLast = isLast();
      if (hasLast && this.#done.length > 0 && !(await this.#isUp())) return 'away';
      if (!this.#mayCall(this.deadline)) return 'left';
      const { failed, busy } = await this.#call([key]);
      if (busy.length > 0) return 'busy';
      if (failed.length === 0) return 'settled';
      if (!hasLast) continue;
      if (this.#done.length === 0) return 'left';
      return (await this.#isUp()) ? 'aside' : 'away';
    }
  }

  /** Whether a key that is done succeeds once more, which does it no harm. Right after a success nothing is called. */
  async #isUp(): Promise<boolean> {
    if (this.#hasJustSucceeded) return true;
    if (!this.#mayCall(this.deadline)) return false;
    const { outcome } = await this.#outcomeOf([this.#done[this.#done.length - 1]]);
    this.#hasJustSucceeded = [outcome.failed, outcome.busy, outcome.refused].every((list) => !list?.length);
    return this.#hasJustSucceeded;
  }

  /**
   * Where nothing succeeded that a failure could be compared with, a key would block its shard until its record is too old.
   * An old one is set aside when the service was there to name it, or when it is the only key of its flush.
   */
  #judgeByAge(): void {
    const { attempts, asideAfterSeconds } = this.config;
    const oldest = this.ports.now() - 1000 * asideAfterSeconds;
    const isAside = (key: MergedKey) =>
      this.#done.length === 0 &&
      this.#failuresOf(key) >= attempts &&
      key.since <= oldest &&
      (this.#named.has(key.key) || this.keys.length === 1);
    for (const key of this.#open) if (isAside(key)) this.#aside.push(key);
    this.#open = this.#open.filter((key) => !isAside(key));
  }

  #failuresOf({ key }: MergedKey): number {
    return this.#failures.get(key) ?? 0;
  }

  #mayCall(until: number): boolean {
    return this.ports.now() + 1000 * this.config.callSeconds <= until;
  }

  async #backOff(round: number): Promise<void> {
    const left = this.deadline - 1000 * this.config.callSeconds - this.ports.now();
    await this.ports.wait(Math.max(0, Math.min(left, this.#longestWait(round) * this.ports.random())));
  }

  #longestWait(round: number): number {
    return 1000 * Math.min(this.config.backoffCapSeconds, this.config.backoffSeconds * 2 ** (round - 2));
  }

  async #outcomeOf(call: readonly MergedKey[]): Promise<{ outcome: Outcome; hasAnswered: boolean }> {
    try {
      return { outcome: await this.ports.invalidator.invalidate(call, this.batch), hasAnswered: true };
    } catch (error) {
      const name = error instanceof Error ? error.name : 'unknown';
      this.ports.log('call failed', { keys: String(call.length), error: name });
      return { outcome: { failed: call.map(({ key }) => key) }, hasAnswered: false };
    }
  }
}

function set(keys: readonly string[] | undefined): ReadonlySet<string> {
  return new Set(keys);
}
