/** What an exporter serves: its text to Prometheus, and `/healthz`. Environment: METRICS_PORT, METRICS_HOST. */
import { createServer } from 'node:http';
import { setting } from './settings';

/** Serves until the process is told to end; a text that cannot be read is a scrape that fails, and no end of the program. */
export function serveMetrics(read: () => Promise<string>): void {
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
  server.listen(Number(setting('METRICS_PORT')), process.env.METRICS_HOST);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
}
