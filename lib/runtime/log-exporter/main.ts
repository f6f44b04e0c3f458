/**
 * Exports a node's logs to Prometheus: bytes of the files and of the queue, free space, and Filebeat's own figures.
 * Filebeat 8 has its figures as JSON only; bytes on disk it does not know at all.
 *
 * Environment: LOG_FOLDER, QUEUE_FOLDER, STATS_URL, METRICS_PORT, SHIPPER, NODE_NAME.
 */
import { constants } from 'node:fs';
import { access, readdir, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { serveMetrics } from '../serve-metrics';
import { setting } from '../settings';
import { acknowledgedEvents } from './queue-position';
import { type FilebeatStats, metricsText } from './reading';

const STATS_TIMEOUT_MILLIS = 5000;

async function main(): Promise<void> {
  const [logs, queue, url] = [setting('LOG_FOLDER'), setting('QUEUE_FOLDER'), setting('STATS_URL')];
  const labels = { shipper: setting('SHIPPER'), node: setting('NODE_NAME') };
  serveMetrics(async () => metricsText(await read(logs, queue, url), labels));
}

async function read(logs: string, queue: string, url: string) {
  const [logBytes, unreadableFiles, queueBytes, { bavail, bsize }, state, stats] = await Promise.all([
    bytesIn(logs),
    unreadableIn(logs),
    bytesIn(queue),
    statfs(logs),
    readFile(join(queue, 'state.dat')).catch(() => undefined),
    filebeatStats(url),
  ]);
  return {
    logBytes,
    unreadableFiles,
    queueBytes,
    freeBytes: bavail * bsize,
    acknowledgedEvents: state && acknowledgedEvents(state),
    stats,
  };
}

/** Bytes of the files in a folder; a file deleted meanwhile counts 0, as does a missing folder. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (one) => (one.isFile() ? one.size : 0),
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Files that this user, who is Filebeat's, may not read; the folder itself counts as one. */
async function unreadableIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : ['']));
  const refused = await Promise.all(
    names.map((name) =>
      access(join(folder, name), constants.R_OK).then(
        () => 0,
        ({ code }: NodeJS.ErrnoException) => (code === 'EACCES' ? 1 : 0),
      ),
    ),
  );
  return refused.reduce<number>((sum, one) => sum + one, 0);
}

async function filebeatStats(url: string): Promise<FilebeatStats | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(STATS_TIMEOUT_MILLIS) });
    return response.ok ? ((await response.json()) as FilebeatStats) : undefined;
  } catch {
    return undefined;
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
