/** The gate around a handler of Node's own HTTP server. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { answerInstead, HandlerAnswer } from './answer';
import { Gate, type GateConfig, type Leave, RefusedError } from './gate';
import { type GateCounts, gateMetrics, LatencyHistogram } from './metrics';
import { retryAfter } from './retry-after';
import { Slot, type SlotTimes } from './slot';

/** The numbers of a bounded handler: those that the construct writes into the environment. */
export interface GateOptions extends GateConfig, SlotTimes {
  /** Name of the service in metrics. */
  readonly service: string;
  /** Status of a refusal, 503 or 429. */
  readonly shedStatus: number;
  /** Seconds of `Retry-After`. */
  readonly retryAfterSeconds: number;
  /** Its share up or down. */
  readonly retryAfterJitter: number;
  /** Name of the header by which requests go first: with the value `high`. */
  readonly priorityHeader?: string;
  /**
   * Paths of health checks and of metrics. `GET` and `HEAD` of these do not wait for a slot: who asks for them replaces what does
   * not answer. Ten at a time are worked on beside the slots.
   *
   * @default - `/healthz` and `/metrics`
   */
  readonly exemptPaths?: readonly string[];
}

/** What does the work. It leaves the slot when that is free again. */
export type Work = (request: IncomingMessage, response: ServerResponse, slot: Slot) => void;

/** Milliseconds that Envoy still waits for an answer (Envoy, HTTP header manipulation). */
const ENVOY_TIMEOUT = 'x-envoy-expected-rq-timeout-ms';
/** Where a program is asked how it is, unless it says otherwise. */
export const EXEMPT_PATHS: readonly string[] = ['/healthz', '/metrics'];
/** Probes and scrapes at a time. Without a bound of their own they would be a way around the gate. */
const EXEMPT_SLOTS = 10;

/** A gate for HTTP requests. */
export class BoundedHandler {
  /** The gate itself. */
  public readonly gate: Gate;
  readonly #exempt = new Gate({ slots: EXEMPT_SLOTS, queue: 0, waitSeconds: 0 });
  readonly #latencies: LatencyHistogram;
  readonly #counts: { -readonly [Name in keyof GateCounts]: GateCounts[Name] } = { away: 0, broken: 0, overdue: 0 };

  constructor(
    private readonly options: GateOptions,
    private readonly random: () => number = Math.random,
  ) {
    this.gate = new Gate(options);
    this.#latencies = new LatencyHistogram(options.latencySeconds);
  }

  /**
   * Works on a request as soon as there is a slot, or refuses it. At its deadline the caller is answered 504, and the work goes on;
   * work that does not end gives its slot back after `stuckSeconds`.
   *
   * @param arrived milliseconds of `performance.now()` when it came; default: now
   */
  public async handle(
    request: IncomingMessage,
    response: ServerResponse,
    work: Work,
    arrived = performance.now(),
  ): Promise<void> {
    const isExempt = this.#isExempt(request);
    let leave: Leave;
    try {
      leave = await (isExempt ? this.#exempt.enter() : this.#enter(request, response));
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.refuse(request, response);
      return;
    }
    if (!isExempt) {
      response.once('finish', () => {
        const seconds = (performance.now() - arrived) / 1000;
        this.#latencies.record(seconds);
        if (seconds > this.options.latencySeconds) this.#counts.overdue += 1;
      });
    }
    const slot = new Slot(request, response, this.options, arrived, leave);
    try {
      work(request, response, slot);
    } catch (error) {
      slot.leave();
      throw error;
    }
  }

  /** Refuses what comes from now on, probes as well, and waits until all that was accepted has ended. */
  public async close(): Promise<void> {
    await Promise.all([this.gate.close(), this.#exempt.close()]);
  }

  /** Answers that there is no room, and when there will be. */
  public refuse(request: IncomingMessage, response: ServerResponse): void {
    const { shedStatus, retryAfterSeconds, retryAfterJitter } = this.options;
    // A body that nobody reads would keep the connection from its next request.
    request.resume();
    const seconds = retryAfter(retryAfterSeconds, retryAfterJitter, this.random());
    answerInstead(response, shedStatus, 'no room\n', { 'retry-after': seconds });
  }

  /** The program takes no connection: nothing of the request has reached it, so it can be sent again. */
  public away(request: IncomingMessage, response: ServerResponse): void {
    this.#counts.away += 1;
    this.refuse(request, response);
  }

  /** The program has the request and did not answer it: what it has done is not known, so nobody is asked to send it again. */
  public broken(request: IncomingMessage, response: ServerResponse): void {
    this.#counts.broken += 1;
    request.resume();
    answerInstead(response, 502, 'no answer\n');
  }

  /** The text of `/metrics`. */
  public metrics(): string {
    return gateMetrics(this.options.service, this.gate, this.options.slots, this.#latencies, this.#counts);
  }

  #enter(request: IncomingMessage, response: ServerResponse): Promise<Leave> {
    const hungUp = new AbortController();
    response.once('close', () => hungUp.abort());
    return this.gate.enter({
      signal: hungUp.signal,
      waitSeconds: this.#patience(request),
      priority: this.#isFirst(request),
    });
  }

  /** Seconds that the caller can wait for its work to begin, where it says how long it waits for the answer. */
  #patience({ headers }: IncomingMessage): number | undefined {
    const millis = Number(headers[ENVOY_TIMEOUT]);
    if (!(millis > 0)) return undefined;
    const { latencySeconds, waitSeconds } = this.options;
    return millis / 1000 - (latencySeconds - waitSeconds);
  }

  #isFirst({ headers }: IncomingMessage): boolean {
    const { priorityHeader } = this.options;
    return priorityHeader !== undefined && headers[priorityHeader.toLowerCase()] === 'high';
  }

  #isExempt({ method, url = '' }: IncomingMessage): boolean {
    const { exemptPaths = EXEMPT_PATHS } = this.options;
    return (method === 'GET' || method === 'HEAD') && exemptPaths.includes(url.replace(/\?.*$/, ''));
  }
}

/**
 * A handler for `http.createServer` with the gate around another one. A request keeps its slot until the handler has ended it:
 * to its answer, or to the promise that the handler returns. At its deadline the caller is answered 504, and what the handler
 * writes after that is discarded; where it throws the caller is answered 500. A limit goes by the time from the end of the upload
 * to the head of the answer.
 */
export function bounded(
  handler: (request: IncomingMessage, response: ServerResponse) => unknown,
  options: GateOptions,
): RequestListener & { readonly gate: BoundedHandler } {
  const gate = new BoundedHandler(options);
  const listener: RequestListener = (request, response) => {
    void gate.handle(request, response, (_request, _response, slot) => {
      const answer = new HandlerAnswer(response, () => slot.answered());
      slot.late.addEventListener('abort', () => answer.replace());
      const worked = Promise.resolve().then(() => handler(request, response));
      worked
        .then(
          // A caller that hangs up ends the connection, not the work on its request. A promise that ends after the deadline was
          // the work; one that had ended before it left the work to a callback, which ends the answer.
          () => (answer.isReplaced ? undefined : answer.ended),
          (error: unknown) => {
            console.error(error);
            failed(request, response, answer);
          },
        )
        .then(() => slot.leave());
    });
  };
  return Object.assign(listener, { gate });
}

/** A handler has thrown: the caller is told so where it has not been answered. */
function failed(request: IncomingMessage, response: ServerResponse, answer: HandlerAnswer): void {
  request.resume();
  if (answerInstead(response, 500, 'failed\n')) answer.replace();
  else if (!response.writableEnded) response.destroy();
}
