/** An HTTP server behind a proxy: listens on a port, gives up senders that are slow, and finishes its requests on SIGTERM. */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { RECEIVER_STOP_SECONDS } from '../../flow/webhooks/receiver';
import { logEvent } from '../cloud-log';

/** Cloud Run sends SIGTERM and waits ten seconds (container runtime contract). */
const GRACE_MILLIS = 1000 * RECEIVER_STOP_SECONDS;
/**
 * A connection that waits for its next request is closed by the proxy, not by this end: what a proxy sends while this end closes
 * is lost, and its sender gets a 502. Envoy keeps connections for an hour, the load balancers of Google for 10 minutes, nginx for
 * one.
 */
const KEEP_ALIVE_MILLIS = 3_610_000;
/** Node looks for requests that are late every 30 s; until then one that is slow has its room. */
const CHECK_MILLIS = 1000;
const USUAL_REQUEST_SECONDS = 30;
const MOST_HEADERS_SECONDS = 10;

/** How a server listens. */
export interface ServeOptions {
  /** Address to listen on. Default: all of them, as Cloud Run wants it. */
  readonly host?: string;
  /** Seconds until a request has to be there, with its body. Default: 30. */
  readonly requestSeconds?: number;
}

/** Listens, and ends the process after SIGTERM, when all requests are answered. */
export function serve(listener: RequestListener, port: number, options: ServeOptions = {}): Server {
  const { host, requestSeconds = USUAL_REQUEST_SECONDS } = options;
  const answering = new Set<ServerResponse>();
  let isEnding = false;
  const settings = {
    keepAliveTimeout: KEEP_ALIVE_MILLIS,
    connectionsCheckingInterval: CHECK_MILLIS,
    requestTimeout: 1000 * requestSeconds,
    headersTimeout: 1000 * Math.min(MOST_HEADERS_SECONDS, requestSeconds),
  };
  const server = createServer(settings, (request, response) => {
    answering.add(response);
    response.once('close', () => answering.delete(response));
    response.shouldKeepAlive &&= !isEnding;
    listener(request, response);
  });
  server.listen(port, host, () => logEvent('INFO', 'listening', { port: portOf(server) }));
  process.once('SIGTERM', () => {
    // Of these the proxy is told that nothing more is taken on their connections; it has left the idle ones, or leaves them now.
    isEnding = true;
    for (const response of answering) response.shouldKeepAlive = false;
    const late = setTimeout(() => process.exit(1), GRACE_MILLIS);
    server.close(() => {
      clearTimeout(late);
      process.exit(0);
    });
    server.closeIdleConnections();
  });
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
