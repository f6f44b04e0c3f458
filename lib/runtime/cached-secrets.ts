/** Signing secrets, cached for a few minutes, and read again before a signature is called wrong. */
import { setTimeout as wait } from 'node:timers/promises';

/** How long a cached value is used, in milliseconds. Short enough that a revoked secret dies within minutes. */
const CACHE_MILLIS = 5 * 60 * 1000;
/** A store that does not answer is read once a second, not once a delivery. */
const FAILURE_MILLIS = 1000;

/** Texts of a store at one place: one for each version, the current one first. */
export interface ReadSecrets {
  readonly texts: readonly string[];
  /** When the read began, so that the texts are no older than this. Milliseconds since the epoch. */
  readonly readAtMillis: number;
}

/** How often a secret is read again because a signature did not match. */
export interface RereadLimits {
  /** Least time between two such reads of one secret, so that forgeries cannot cause more. */
  readonly intervalMillis: number;
  /** How long a caller waits for the next read. Above it the caller has to retry. */
  readonly maxWaitMillis: number;
  /** How many callers wait at the same time. */
  readonly maxWaiting: number;
}

/** No secret that is new enough can be read yet: the delivery is neither accepted nor refused, but retried. */
export class SecretTooOldError extends Error {
  public override readonly name = 'SecretTooOldError';

  /** @param retryAfterMillis after this time a new enough secret can be read */
  constructor(public readonly retryAfterMillis: number) {
    super('the secret was read before the delivery was received, and may not be read again yet');
  }
}

/** Where signing secrets come from. */
export interface SecretSource {
  /** The secrets at that place, at most a few minutes old. */
  of(place: string): Promise<ReadSecrets>;
  /**
   * The secrets at that place, read after `instantMillis`.
   *
   * @throws SecretTooOldError when they may not be read again yet
   */
  readAfter(place: string, instantMillis: number): Promise<ReadSecrets>;
}

interface Entry {
  readonly startedAt: number;
  readonly secrets: Promise<ReadSecrets>;
  failed: boolean;
}

/** Caches secrets by place. One read serves all callers that wait for it. Never logs a value. */
export class CachedSecrets implements SecretSource {
  /** The latest read that did not fail, or is still running with nothing before it. */
  readonly #usable = new Map<string, Entry>();
  /** The latest read, successful or not. */
  readonly #latest = new Map<string, Entry>();
  /** When a signature last made a secret be read again. */
  readonly #reread = new Map<string, number>();
  #waiting = 0;

  /** @param read fetches the texts that are kept at a place; none when there is nothing */
  constructor(
    private readonly read: (place: string) => Promise<readonly string[]>,
    private readonly limits: RereadLimits,
    private readonly now: () => number = Date.now,
    private readonly sleep: (millis: number) => Promise<unknown> = wait,
  ) {}

  public async of(place: string): Promise<ReadSecrets> {
    const usable = this.#usable.get(place);
    if (usable && this.#age(usable) < CACHE_MILLIS) return usable.secrets;
    const latest = this.#latest.get(place);
    if (latest?.failed && this.#age(latest) < FAILURE_MILLIS) return latest.secrets;
    return this.#start(place).secrets;
  }

  public async readAfter(place: string, instantMillis: number): Promise<ReadSecrets> {
    const { intervalMillis, maxWaitMillis, maxWaiting } = this.limits;
    let latest = this.#latest.get(place);
    if (latest && this.#isAfter(latest, instantMillis)) return latest.secrets;
    const restMillis = intervalMillis - this.#since(this.#reread.get(place));
    if (restMillis > 0) {
      if (restMillis > maxWaitMillis || this.#waiting >= maxWaiting) throw new SecretTooOldError(restMillis);
      this.#waiting += 1;
      await this.sleep(restMillis).finally(() => {
        this.#waiting -= 1;
      });
      // The first of those that waited reads for all of them.
      latest = this.#latest.get(place);
      if (latest && this.#isAfter(latest, instantMillis)) return latest.secrets;
    }
    this.#reread.set(place, this.now());
    // Independent of clocks, a read that begins now is later than a delivery that has arrived.
    return this.#start(place).secrets;
  }

  #start(place: string): Entry {
    const startedAt = this.now();
    const secrets = this.read(place).then((texts) => ({ texts, readAtMillis: startedAt }));
    const entry: Entry = { startedAt, secrets, failed: false };
    const before = this.#usable.get(place);
    this.#latest.set(place, entry);
    if (!before || this.#age(before) >= CACHE_MILLIS) this.#usable.set(place, entry);
    secrets.then(
      () => this.#usable.set(place, entry),
      () => {
        entry.failed = true;
        // Secrets read before can still verify a delivery.
        if (this.#usable.get(place) === entry) this.#usable.delete(place);
      },
    );
    return entry;
  }

  /** A read in the future is one before the clock was set back. */
  #isAfter(entry: Entry, instantMillis: number): boolean {
    return entry.startedAt > instantMillis && entry.startedAt <= this.now();
  }

  /** A clock that was set back must not keep an old value for longer than the step. */
  #age(entry: Entry): number {
    return this.#since(entry.startedAt);
  }

  #since(millis: number | undefined): number {
    return millis === undefined ? Number.POSITIVE_INFINITY : Math.abs(this.now() - millis);
  }
}
