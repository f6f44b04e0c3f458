/** Forwards accepted requests to the program beside it, over HTTP/1.1. It never retries. */
import {
  Agent,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  request as send,
} from 'node:http';
import { BoundedHandler, type GateOptions } from '../gate/bounded-handler';
import type { Leave } from '../gate/gate';

/** The numbers of the proxy. */
export interface ProxyOptions extends GateOptions {
  /** Where the program listens. */
  readonly targetPort: number;
  /** Name or address of its host. */
  readonly targetHost: string;
  /** Seconds after which a request that has not ended gives its slot back: its connection is closed. */
  readonly stuckSeconds: number;
}

/** Headers that are of one connection (RFC 9110, 7.6.1), and `expect`, which the server has answered already. */
const OF_CONNECTION = ['expect', 'connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade'];

/** Idle connections are closed before the program closes them: Node's own server waits for five seconds. */
const IDLE_MILLIS = 4000;

/** A proxy and its gate. */
export class GateProxy {
  public readonly server: Server;
  public readonly bounded: BoundedHandler;
  readonly #agent = new Agent({ keepAlive: true, timeout: IDLE_MILLIS });

  constructor(private readonly options: ProxyOptions) {
    this.bounded = new BoundedHandler(options);
    this.server = createServer((request, response) => {
      const arrived = performance.now();
      void this.bounded.handle(request, response, (_request, _response, done) =>
        this.#forward(request, response, done, arrived),
      );
    });
    // Callers that keep their connections would find them closed: a balancer's idle time is longer.
    this.server.keepAliveTimeout = 1000 * (options.stuckSeconds + 5);
  }

  /** Refuses what comes, answers what was accepted, then closes. */
  public async close(): Promise<void> {
    this.server.closeIdleConnections();
    await this.bounded.gate.close();
    this.server.close();
    this.server.closeAllConnections();
    this.#agent.destroy();
  }

  #forward(request: IncomingMessage, response: ServerResponse, done: Leave, arrived: number): void {
    const { targetHost, targetPort, latencySeconds, stuckSeconds } = this.options;
    const { method, url, headers } = request;
    const upstream = send({
      host: targetHost,
      port: targetPort,
      method,
      path: url,
      agent: this.#agent,
      // Without a length a body needs its frames, whatever the method: its end would be the beginning of the next request.
      headers: { ...endToEnd(headers), ...('transfer-encoding' in headers && { 'transfer-encoding': 'chunked' }) },
    });
    // The slot stays taken: the program still works on it, whatever the caller was told.
    // Counted from its arrival: what it waited for a slot is part of what was promised. A timer may fire a millisecond early.
    const overdue = setTimeout(
      () => {
        if (!response.headersSent) response.writeHead(504, { 'content-type': 'text/plain' }).end('too late\n');
      },
      Math.max(0, 1000 * latencySeconds - (performance.now() - arrived)) + 1,
    );
    let isStuck = false;
    const stuck = setTimeout(() => {
      isStuck = true;
      upstream.destroy();
    }, 1000 * stuckSeconds);
    const end = (isMeasured = true) => {
      clearTimeout(overdue);
      clearTimeout(stuck);
      done(isMeasured);
    };
    upstream.once('response', (answer) => {
      clearTimeout(overdue);
      answer.once('close', () => end());
      answer.once('error', () => response.destroy());
      if (response.headersSent || response.destroyed) {
        answer.resume();
        return;
      }
      response.writeHead(answer.statusCode!, endToEnd(answer.headers));
      answer.pipe(response);
      // The rest is read to its end, as the program writes it.
      response.once('close', () => answer.resume());
    });
    upstream.once('error', () => {
      if (response.headersSent) response.destroy();
      else this.bounded.away(request, response);
      // Nothing answered, which takes no time. What never ends takes as long as it may.
      end(isStuck);
    });
    request.once('error', () => upstream.destroy());
    request.pipe(upstream);
  }
}

function endToEnd(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const named = String(headers.connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !OF_CONNECTION.includes(name) && !named.includes(name)),
  );
}
