/** Forwards accepted requests to the program beside it, over HTTP/1.1. */
import {
  Agent,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  request as send,
} from 'node:http';
import type { Socket } from 'node:net';
import { BoundedHandler, type GateOptions } from '../gate/bounded-handler';
import type { Slot } from '../gate/slot';
import { endToEnd, type Forwarded, forwarded } from './forwarding';

/** The numbers of the proxy. */
export interface ProxyOptions extends GateOptions {
  /** Where the program listens. */
  readonly targetPort: number;
  /** Name or address of its host. */
  readonly targetHost: string;
  /** Seconds after which an idle connection to the program is closed: fewer than the program waits. Default: 4. */
  readonly targetIdleSeconds?: number;
}

/** Node's own server closes an idle connection after five seconds, and so do most; the side that sends has to be earlier. */
const TARGET_IDLE_SECONDS = 4;

/** Methods that have the same effect twice as once (RFC 9110, 9.2.2): only these may a proxy send again. */
const IDEMPOTENT: readonly unknown[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'];
/** A connection that was closed by the other side. */
const CLOSED: readonly unknown[] = ['ECONNRESET', 'EPIPE'];

/** A proxy and its gate. */
export class GateProxy {
  public readonly server: Server;
  public readonly bounded: BoundedHandler;
  readonly #agent: Agent;
  /** Connections with a request that was refused as unclear: what follows on them may be its body. */
  readonly #unclear = new WeakSet<Socket>();

  constructor(private readonly options: ProxyOptions) {
    this.#agent = new Agent({ keepAlive: true, timeout: 1000 * (options.targetIdleSeconds ?? TARGET_IDLE_SECONDS) });
    this.bounded = new BoundedHandler(options);
    this.server = createServer((request, response) => {
      const arrived = performance.now();
      // Node has read it already, and closes the connection once the one before it is answered.
      if (this.#unclear.has(request.socket)) return;
      const sent = forwarded(request);
      if ('status' in sent) {
        this.#unclear.add(request.socket);
        request.resume();
        const headers = { 'content-type': 'text/plain', connection: 'close' };
        response.writeHead(sent.status, headers).end(`${sent.reason}\n`);
        return;
      }
      this.bounded
        .handle(
          request,
          response,
          (_request, _response, slot) => this.#forward(request, response, sent, slot, this.#agent),
          arrived,
        )
        .catch(() => response.destroy());
    });
    // Callers that keep their connections would find them closed: a balancer's idle time is longer.
    this.server.keepAliveTimeout = 1000 * (options.stuckSeconds + 5);
  }

  /** Refuses what comes, answers what was accepted, then closes. */
  public async close(): Promise<void> {
    this.server.closeIdleConnections();
    await this.bounded.close();
    this.server.close();
    this.server.closeAllConnections();
    this.#agent.destroy();
  }

  /**
   * Sends a request to the program, and its answer to the caller.
   *
   * @param agent whose connection it takes; false: a new one
   */
  #forward(
    request: IncomingMessage,
    response: ServerResponse,
    sent: Forwarded,
    slot: Slot,
    agent: Agent | false,
  ): void {
    const { targetHost: host, targetPort: port } = this.options;
    const { path, headers, hasBody } = sent;
    const upstream = send({ host, port, method: request.method, path, agent, headers });
    let isConnected = false;
    let isAnswered = false;
    upstream.once('socket', (socket) => {
      if (!socket.connecting) isConnected = true;
      else
        socket.once('connect', () => {
          isConnected = true;
        });
    });
    slot.stuck.addEventListener('abort', () => upstream.destroy());
    upstream.once('response', (answer) => {
      isAnswered = true;
      slot.answered();
      answer.once('close', () => slot.leave());
      answer.once('error', () => response.destroy());
      if (response.headersSent || response.destroyed) {
        answer.resume();
        return;
      }
      if (answer.statusCode! < 200) {
        // No status of an answer: one with it cannot be written.
        upstream.destroy();
        failed();
        return;
      }
      response.writeHead(answer.statusCode!, endToEnd(answer.headers));
      answer.pipe(response);
      // The rest is read to its end, as the program writes it.
      response.once('close', () => answer.resume());
    });
    const failed = () => {
      // The slot is given back already, as that of work that never ends.
      if (slot.stuck.aborted) return;
      // A caller that has gone is no fault of the program.
      if (response.headersSent || response.destroyed) response.destroy();
      else if (isConnected) this.bounded.broken(request, response);
      else this.bounded.away(request, response);
      slot.leave(false);
    };
    upstream.once('error', ({ code }: NodeJS.ErrnoException) => {
      // Most likely the program closed the idle connection while the request was on its way, and has not read it.
      const wasIdle = upstream.reusedSocket && CLOSED.includes(code) && !isAnswered;
      const canRepeat = !hasBody && IDEMPOTENT.includes(request.method);
      const isAwaited = !slot.stuck.aborted && !response.headersSent && !response.destroyed;
      if (wasIdle && canRepeat && isAwaited) this.#forward(request, response, sent, slot, false);
      else failed();
    });
    // Nobody asked for another protocol: Node would leave the connection to us, and wait.
    upstream.once('upgrade', (_answer, socket) => {
      socket.destroy();
      failed();
    });
    request.once('error', () => upstream.destroy());
    if (hasBody) request.pipe(upstream);
    else upstream.end();
  }
}
