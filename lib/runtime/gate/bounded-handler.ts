/** The gate around a handler of Node's own HTTP server. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Gate, type GateConfig, type Leave, RefusedError } from './gate';
import { type GateCounts, gateMetrics, LatencyHistogram } from './metrics';
import { retryAfter } from './retry-after';
import { WorkTime } from './work-time';

/** The numbers of a bounded handler: those that the construct writes into the environment. */
export interface GateOptions extends GateConfig {
  /** Name of the service in metrics. */
  readonly service: string;
  /** Promised seconds of an answer. */
  readonly latencySeconds: number;
  /** Status of a refusal, 503 or 429. */
  readonly shedStatus: number;
  /** Seconds of `Retry-After`. */
  readonly retryAfterSeconds: number;
  /** Its share up or down. */
  readonly retryAfterJitter: number;
  /** Name of the header by which requests go first: with the value `high`. */
  readonly priorityHeader?: string;
}

/** What does the work. It calls `done` when the slot is free again. */
export type Work = (request: IncomingMessage, response: ServerResponse, done: Leave) => void;

/** Milliseconds that Envoy still waits for an answer (Envoy, HTTP header manipulation). */
const ENVOY_TIMEOUT = 'x-envoy-expected-rq-timeout-ms';

/** A gate for HTTP requests. */
export class BoundedHandler {
  /** The gate itself. */
  public readonly gate: Gate;
  readonly #latencies: LatencyHistogram;
  readonly #counts: { -readonly [Name in keyof GateCounts]: GateCounts[Name] } = { away: 0, overdue: 0 };

  constructor(
    private readonly options: GateOptions,
    private readonly random: () => number = Math.random,
  ) {
    this.gate = new Gate(options);
    this.#latencies = new LatencyHistogram(options.latencySeconds);
  }

  /**
   * Works on a request as soon as there is a slot, or refuses it.
   *
   * @param arrived milliseconds of `performance.now()` when it came; default: now
   */
  public async handle(
    request: IncomingMessage,
    response: ServerResponse,
    work: Work,
    arrived = performance.now(),
  ): Promise<void> {
    const hungUp = new AbortController();
    response.once('close', () => hungUp.abort());
    let leave: Leave;
    try {
      leave = await this.gate.enter({
        signal: hungUp.signal,
        waitSeconds: this.#patience(request),
        priority: this.#isFirst(request),
      });
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.refuse(request, response);
      return;
    }
    response.once('finish', () => {
      const seconds = (performance.now() - arrived) / 1000;
      this.#latencies.record(seconds);
      if (seconds > this.options.latencySeconds) this.#counts.overdue += 1;
    });
    try {
      work(request, response, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Answers that there is no room, and when there will be. */
  public refuse(request: IncomingMessage, response: ServerResponse): void {
    const { shedStatus, retryAfterSeconds, retryAfterJitter } = this.options;
    if (response.headersSent || response.destroyed) return;
    // A body that nobody reads would keep the connection from its next request.
    request.resume();
    response
      .writeHead(shedStatus, {
        'retry-after': retryAfter(retryAfterSeconds, retryAfterJitter, this.random()),
        'content-type': 'text/plain',
      })
      .end('no room\n');
  }

  /** The program does not answer at all. */
  public away(request: IncomingMessage, response: ServerResponse): void {
    this.#counts.away += 1;
    this.refuse(request, response);
  }

  /** The text of `/metrics`. */
  public metrics(): string {
    return gateMetrics(this.options.service, this.gate, this.options.slots, this.#latencies, this.#counts);
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
}

/**
 * A handler for `http.createServer` with the gate around another one. A request keeps its slot until the handler has ended it:
 * to its answer, or to the promise that the handler returns. A limit goes by the time from the end of the upload to the head of
 * the answer.
 */
export function bounded(
  handler: (request: IncomingMessage, response: ServerResponse) => unknown,
  options: GateOptions,
): RequestListener & { readonly gate: BoundedHandler } {
  const gate = new BoundedHandler(options);
  const listener: RequestListener = (request, response) => {
    void gate.handle(request, response, (_request, _response, done) => {
      const time = new WorkTime(request);
      onceAnswered(response, () => time.answered());
      const worked = Promise.resolve().then(() => handler(request, response));
      // A caller that hangs up ends the connection, not the work on its request.
      const ended = new Promise<void>((resolve) => {
        if (response.writableFinished || response.destroyed) resolve();
        else response.once('close', () => resolve());
      });
      worked
        .then(
          () => ended,
          () => response.destroy(),
        )
        .then(
          () => done(time.seconds),
          () => done(time.seconds),
        );
    });
  };
  return Object.assign(listener, { gate });
}

/** Calls back when the head of an answer is written. Node has no event for it; all of its ways to write one come here. */
function onceAnswered(response: ServerResponse, answered: () => void): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  response.writeHead = (...args: unknown[]) => {
    answered();
    return writeHead(...args);
  };
}
