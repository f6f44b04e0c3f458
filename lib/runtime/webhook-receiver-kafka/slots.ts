/** A bound on the bodies in memory: while brokers do not confirm, they would fill that of a pod. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodyRoom } from '../webhook-receiver/body';
import type { ReceiverMetrics } from './metrics';

/** Bodies that come at the same time, however slowly: some 20 kB each besides their bytes. An assumption. */
const MOST_COMING = 2000;

/** How many bodies there may be. */
export interface Bounds {
  /** Deliveries in work at most: their bodies are whole. */
  readonly concurrency: number;
  /** Bytes of one body at most. All of them, also those that still come, have as many bytes as so many of the largest. */
  readonly maxBodyBytes: number;
}

interface Held {
  /** Its answer, and the client's own promise: until all of them settle the body is in memory. */
  uses: number;
  bytes: number;
  isWhole: boolean;
}

/**
 * A slot is a delivery whose body is whole: the sender waits for its answer, or the client still has it. One whose body still
 * comes has only its bytes, so that a sender that is slow takes nothing from the others.
 */
export class Slots {
  readonly #bodies = new WeakMap<IncomingMessage, Held>();
  #coming = 0;
  #whole = 0;
  #bytes = 0;

  constructor(
    private readonly bounds: Bounds,
    private readonly metrics: ReceiverMetrics,
  ) {}

  /** Room for the body of a delivery until its answer is sent, also where its sender hangs up; undefined when there is none. */
  public open(request: IncomingMessage, response: ServerResponse): BodyRoom | undefined {
    if (this.#isFull() || this.#coming >= MOST_COMING) return undefined;
    const held: Held = { uses: 0, bytes: 0, isWhole: false };
    this.#bodies.set(request, held);
    this.hold(request, new Promise((resolve) => response.once('close', () => resolve(undefined))));
    return { take: (bytes) => this.#take(held, bytes), finish: () => this.#finish(held) };
  }

  /** The body is in memory until this settles, and everything else that was named for it; also after its sender has hung up. */
  public hold(request: IncomingMessage, used: Promise<unknown>): void {
    const held = this.#bodies.get(request);
    if (held === undefined) return;
    if (held.uses === 0) this.#count(held, 1);
    held.uses += 1;
    const end = () => {
      held.uses -= 1;
      if (held.uses === 0) this.#count(held, -1);
    };
    used.then(end, end);
  }

  #isFull(): boolean {
    return this.#whole >= this.bounds.concurrency;
  }

  #take(held: Held, bytes: number): boolean {
    if (this.#bytes + bytes > this.bounds.concurrency * this.bounds.maxBodyBytes) return false;
    held.bytes += bytes;
    this.#bytes += bytes;
    return true;
  }

  #finish(held: Held): boolean {
    if (this.#isFull()) return false;
    this.#count(held, -1);
    held.isWhole = true;
    this.#count(held, 1);
    return true;
  }

  #count({ bytes, isWhole }: Held, one: 1 | -1): void {
    this.#bytes += one * bytes;
    if (isWhole) this.#whole += one;
    else this.#coming += one;
    this.metrics.inFlight = this.#whole;
  }
}
