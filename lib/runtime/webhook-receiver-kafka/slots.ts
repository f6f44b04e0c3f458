/** A bound on the bodies in memory: while brokers do not confirm, they would fill that of a pod. */
import type { IncomingMessage, RequestListener } from 'node:http';
import { READY_PATH } from '../webhook-receiver/contract';
import { retryLater } from '../webhook-receiver/receiver';
import type { ReceiverMetrics } from './metrics';

const RETRY_SECONDS = 1;

/** A slot is a delivery whose body may be in memory: the sender waits for its answer, or the client still has it. */
export class Slots {
  readonly #uses = new Map<IncomingMessage, number>();

  constructor(
    private readonly most: number,
    private readonly metrics: ReceiverMetrics,
  ) {}

  public get full(): boolean {
    return this.#uses.size >= this.most;
  }

  /** The slot of a delivery is taken until this settles, and everything else that was named for it. */
  public hold(request: IncomingMessage, used: Promise<unknown>): void {
    this.#set(request, 1);
    const end = () => this.#set(request, -1);
    used.then(end, end);
  }

  #set(request: IncomingMessage, change: number): void {
    const uses = (this.#uses.get(request) ?? 0) + change;
    if (uses > 0) this.#uses.set(request, uses);
    else this.#uses.delete(request);
    this.metrics.inFlight = this.#uses.size;
  }
}

/** Answers 503 to what finds no slot; probes are answered always. */
export function atMost(slots: Slots, listener: RequestListener, metrics: ReceiverMetrics): RequestListener {
  return (request, response) => {
    if (request.method === 'GET' && request.url === READY_PATH) {
      listener(request, response);
      return;
    }
    if (slots.full) {
      retryLater(response, RETRY_SECONDS);
      metrics.answered({ status: response.statusCode });
      return;
    }
    // Also where the sender hangs up.
    slots.hold(request, new Promise((resolve) => response.once('close', () => resolve(undefined))));
    listener(request, response);
  };
}
