/**
 * Sends what waits for the brokers together. A broker answers the requests of one connection in their order, each when its replicas
 * have it: deliveries that were sent each by itself would wait for one another, and a pod would take one for each round trip.
 */
import { inTime } from '../webhook-receiver/in-time';

interface Waiting<T> {
  readonly message: T;
  readonly bytes: number;
  readonly until: number;
  readonly settle: (sent: Promise<unknown>) => void;
}

/** How a batch is bounded, and how it is sent. */
export interface BatchOptions<T> {
  /** Bytes of a batch at most. A message that is larger by itself is sent alone: whether it is too large, the broker decides. */
  readonly mostBytes: number;
  /** How long the brokers may take for a batch, in seconds, before the next one goes. */
  readonly seconds: number;
  readonly send: (messages: readonly T[]) => Promise<unknown>;
  readonly now?: () => number;
}

/** One batch is on its way; what comes meanwhile goes with the next. */
export class Batches<T> {
  #waiting: Waiting<T>[] = [];
  #sending = false;

  constructor(private readonly options: BatchOptions<T>) {}

  /**
   * Settles as the batch of the message does, or rejects when its sender waits no longer.
   *
   * @param until when that is, by `performance.now()`: what waits longer is not sent any more
   */
  public add(message: T, bytes: number, until: number): Promise<unknown> {
    return new Promise((resolve) => {
      this.#waiting.push({ message, bytes, until, settle: resolve });
      void this.#sendAll();
    });
  }

  async #sendAll(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    // What comes in the same turn of the loop goes together.
    await undefined;
    for (let batch = this.#next(); batch.length > 0; batch = this.#next()) {
      const sent = this.#send(batch);
      for (const { settle } of batch) settle(sent);
      // A silent broker does not hold those behind: after as long as anybody waits, the producer is another one.
      await inTime(sent, this.options.seconds).catch(() => {});
    }
    this.#sending = false;
  }

  /** Where one record of a batch is refused, all of it counts as refused: what was stored is sent again and found as a duplicate. */
  async #send(batch: readonly Waiting<T>[]): Promise<unknown> {
    return this.options.send(batch.map(({ message }) => message));
  }

  /** The first that wait and fit into a batch. */
  #next(): Waiting<T>[] {
    const now = this.#now();
    for (const { settle } of this.#waiting.filter(({ until }) => until <= now)) {
      settle(Promise.reject(new Error('the delivery waited too long for the brokers')));
    }
    this.#waiting = this.#waiting.filter(({ until }) => until > now);
    let bytes = 0;
    const beyond = this.#waiting.findIndex((one, at) => {
      bytes += one.bytes;
      return at > 0 && bytes > this.options.mostBytes;
    });
    return this.#waiting.splice(0, beyond === -1 ? this.#waiting.length : beyond);
  }

  #now(): number {
    return this.options.now?.() ?? performance.now();
  }
}
