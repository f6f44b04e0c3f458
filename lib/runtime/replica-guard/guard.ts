/**
 * One loop: every tick it reads the heartbeat on each replica, decides how fast bulk writers may go, and publishes it. It also
 * writes the heartbeat, with its own clock: the clocks of the servers are never compared.
 */
import { bulkRate, firstState, nextState, type ThrottleState } from '../../flow/replication/control';
import type { GuardSettings } from '../../flow/replication/settings';
import type { ReplicaSignal } from './signal';

/** A server refuses user and password again and again: only a program that is started anew reads their secret again. */
export class CredentialsRefused extends Error {
  public readonly name = 'CredentialsRefused';
}

/** What is known of a replica after a reading. */
export interface Reading {
  /** The newest heartbeat that it has applied, in milliseconds since 1970; undefined before the first. */
  readonly beatMillis?: number;
  /** Whether it receives and applies; undefined where the user may not ask. */
  readonly isRunning?: boolean;
}

/** A replica that is watched. */
export interface WatchedReplica {
  readonly name: string;
  /** Rejects when it cannot be read in time; with `CredentialsRefused` the guard ends. */
  read(): Promise<Reading>;
}

/** Where heartbeats are written. */
export interface HeartbeatSource {
  /** Rejects when the source did not take it in time; with `CredentialsRefused` the guard ends. */
  beat(nowMillis: number): Promise<void>;
}

/** What a guard does to the world. */
export interface GuardPorts {
  readonly source: HeartbeatSource;
  readonly replicas: readonly WatchedReplica[];
  /** Writers that have asked lately. */
  writers(nowMillis: number): Promise<number>;
  /** Rejects when another guard has taken over; any other failure is for the caller to log. */
  publish(signal: ReplicaSignal): Promise<void>;
  now(): number;
  log(event: string, detail: Readonly<Record<string, string | number>>): void;
}

/** The state of a guard for those who watch it. */
export interface GuardView {
  readonly signal: ReplicaSignal;
  readonly state: ThrottleState;
  /** Seconds since the signal was decided. */
  readonly ageSeconds: number;
  /** Age of the newest heartbeat that the source took, in seconds. */
  readonly heartbeatAgeSeconds: number;
  /** Replicas that neither receive nor apply. */
  readonly stopped: readonly string[];
}

/** The throttle of one source. */
export class Guard {
  #state: ThrottleState;
  #signal: ReplicaSignal;
  #lastTickMillis: number;
  #lastBeatMillis: number;
  #stopped: readonly string[] = [];
  /** Writers as they were counted last: a count that fails gives nobody more. */
  #writers = 1;

  constructor(
    private readonly settings: GuardSettings,
    private readonly ports: GuardPorts,
  ) {
    const now = ports.now();
    this.#state = firstState(settings);
    this.#lastTickMillis = now;
    this.#lastBeatMillis = now;
    this.#signal = this.signalOf({}, undefined, now);
  }

  public get view(): GuardView {
    return {
      signal: this.#signal,
      state: this.#state,
      ageSeconds: Math.max(0, this.ports.now() - this.#signal.atMillis) / 1000,
      heartbeatAgeSeconds: (this.ports.now() - this.#lastBeatMillis) / 1000,
      stopped: this.#stopped,
    };
  }

  /** Milliseconds since the last tick: a program that hangs is restarted. */
  public get idleMillis(): number {
    return this.ports.now() - this.#lastTickMillis;
  }

  /** Writes a heartbeat. A source that does not take it shows as lag of every replica. */
  public async beat(): Promise<void> {
    const now = this.ports.now();
    try {
      await this.ports.source.beat(now);
      this.#lastBeatMillis = now;
    } catch (error) {
      this.ports.log('the source did not take a heartbeat', { error: nameOf(error) });
      if (error instanceof CredentialsRefused) throw error;
    }
  }

  /** Reads, decides, publishes. */
  public async tick(): Promise<void> {
    const { ports, settings } = this;
    const readings = await Promise.all(ports.replicas.map((replica) => this.read(replica)));
    const now = ports.now();
    const lags = Object.fromEntries(ports.replicas.map(({ name }, at) => [name, lagOf(readings[at], now)]));
    this.#stopped = ports.replicas.filter((_, at) => readings[at]?.isRunning === false).map(({ name }) => name);
    const all = Object.values(lags);
    const lag = all.some((one) => one === null) ? undefined : Math.max(...(all as number[]));
    const sinceSeconds = Math.max(0, now - this.#lastTickMillis) / 1000;
    const before = this.#state;
    this.#state = nextState(settings, before, lag, now / 1000, sinceSeconds);
    this.#lastTickMillis = now;
    if (this.#state.mode !== before.mode) ports.log(`the throttle is ${this.#state.mode}`, { lag: lag ?? -1 });
    await this.count(now);
    this.#signal = this.signalOf(lags, lag, now);
    await ports.publish(this.#signal);
  }

  private async count(now: number): Promise<void> {
    try {
      this.#writers = Math.max(1, await this.ports.writers(now));
    } catch (error) {
      this.ports.log('the writers could not be counted', { error: nameOf(error) });
    }
  }

  private async read(replica: WatchedReplica): Promise<Reading | undefined> {
    try {
      return await replica.read();
    } catch (error) {
      this.ports.log('a replica could not be read', { replica: replica.name, error: nameOf(error) });
      if (error instanceof CredentialsRefused) throw error;
      return undefined;
    }
  }

  private signalOf(lags: Record<string, number | null>, lag: number | undefined, atMillis: number): ReplicaSignal {
    const { targetLagSeconds, leastBulkPerSecond, writerPollSeconds, signalStaleSeconds } = this.settings;
    return {
      mode: this.#state.mode,
      lagSeconds: lag ?? null,
      targetLagSeconds,
      bulkPerSecond: bulkRate(this.settings, this.#state),
      leastBulkPerSecond,
      writers: this.#writers,
      lags,
      writerPollSeconds,
      signalStaleSeconds,
      atMillis,
    };
  }
}

/** Null where nothing can be said: no answer, no heartbeat yet, or a replica that does not apply. */
function lagOf(reading: Reading | undefined, nowMillis: number): number | null {
  if (reading?.beatMillis === undefined || reading.isRunning === false) return null;
  return Math.max(0, nowMillis - reading.beatMillis) / 1000;
}

/** The name and code of an error: its text may have an address with a password. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : error.name;
}
