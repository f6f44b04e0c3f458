/** What an exporter serves: its text to Prometheus, and `/healthz`. Environment: METRICS_PORT, METRICS_HOST. */
import { createServer, type Server } from 'node:http';
import { setting } from './settings';

/** Serves until the process is told to end. */
export function serveMetrics(read: () => Promise<string>): void {
  metricsServer(read);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
}

/** Serves as long as the process lives; a text that cannot be read is a scrape that fails, and no end of the program. */
export function metricsServer(read: () => Promise<string>): Server {
  const server = createServer((request, response) => {
    if (request.url === '/healthz') {
      response.end('ok\n');
      return;
    }
    read().then(
      (text) => response.setHeader('content-type', 'text/plain; version=0.0.4').end(text),
      (error: Error) => response.writeHead(500).end(`${error.message}\n`),
    );
  });
  return server.listen(Number(setting('METRICS_PORT')), process.env.METRICS_HOST);
}
