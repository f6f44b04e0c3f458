/** Forwards accepted requests to the program beside it, over HTTP/1.1. It never retries. */
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
import type { Leave } from '../gate/gate';
import { WorkTime } from '../gate/work-time';
import { endToEnd, type Forwarded, forwarded } from './forwarding';

/** The numbers of the proxy. */
export interface ProxyOptions extends GateOptions {
  /** Where the program listens. */
  readonly targetPort: number;
  /** Name or address of its host. */
  readonly targetHost: string;
  /** Seconds after which a request that has not ended gives its slot back: its connection is closed. */
  readonly stuckSeconds: number;
}

/** Idle connections are closed before the program closes them: Node's own server waits for five seconds. */
const IDLE_MILLIS = 4000;

/** A proxy and its gate. */
export class GateProxy {
  public readonly server: Server;
  public readonly bounded: BoundedHandler;
  readonly #agent = new Agent({ keepAlive: true, timeout: IDLE_MILLIS });
  /** Connections with a request that was refused as unclear: what follows on them may be its body. */
  readonly #unclear = new WeakSet<Socket>();

  constructor(private readonly options: ProxyOptions) {
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
          (_request, _response, done) => this.#forward(request, response, sent, done, arrived),
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
    await this.bounded.gate.close();
    this.server.close();
    this.server.closeAllConnections();
    this.#agent.destroy();
  }

  #forward(
    request: IncomingMessage,
    response: ServerResponse,
    { path, headers, hasBody }: Forwarded,
    done: Leave,
    arrived: number,
  ): void {
    const { targetHost, targetPort, latencySeconds, stuckSeconds } = this.options;
    const time = new WorkTime(request);
    const upstream = send({
      host: targetHost,
      port: targetPort,
      method: request.method,
      path,
      agent: this.#agent,
      headers,
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
    const end = (seconds: number | false) => {
      clearTimeout(overdue);
      clearTimeout(stuck);
      done(seconds);
    };
    upstream.once('response', (answer) => {
      time.answered();
      clearTimeout(overdue);
      answer.once('close', () => end(time.seconds));
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
      if (response.headersSent) response.destroy();
      else this.bounded.away(request, response);
      // Nothing answered, which takes no time. What never ends takes as long as it may.
      end(isStuck && time.seconds);
    };
    upstream.once('error', failed);
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
