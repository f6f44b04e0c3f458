/** An HTTP server as Cloud Run wants it: listens on `PORT`, finishes its requests on SIGTERM. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { RECEIVER_STOP_SECONDS } from '../../flow/webhooks/receiver';
import { logEvent } from '../cloud-log';

/** Cloud Run sends SIGTERM and waits ten seconds (container runtime contract). */
const GRACE_MILLIS = 1000 * RECEIVER_STOP_SECONDS;

/**
 * Listens, and ends the process after SIGTERM, when all requests are answered.
 *
 * @param host address to listen on; default: all of them, as Cloud Run wants it
 */
export function serve(listener: RequestListener, port: number, host?: string): Server {
  const server = createServer(listener);
  // A slow sender holds one of few slots.
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  server.listen(port, host, () => logEvent('INFO', 'listening', { port: portOf(server) }));
  process.once('SIGTERM', () => {
    // An idle keep-alive connection would delay the end.
    server.keepAliveTimeout = 1;
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
