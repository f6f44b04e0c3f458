/** The guard of a source in a container: it answers writers by HTTP. Its environment is in environment.ts. */
import { numberSetting } from '../settings';
import { paceOf, serveOptions, serversOf, settingsOfThrottle } from './environment';
import { Guard } from './guard';
import { runGuard } from './run';
import { guardServer } from './serve';
import { Writers } from './writers';

async function main(): Promise<void> {
  const { source, replicas } = serversOf();
  const writers = new Writers(1000 * numberSetting('WRITER_FORGOTTEN_SECONDS'));
  const guard = new Guard(settingsOfThrottle(), {
    source,
    replicas,
    writers: async (now) => writers.count(now),
    publish: async () => {},
    now: Date.now,
    log,
  });
  const server = guardServer(guard, writers, serveOptions());
  server.listen(numberSetting('PORT'), process.env.HOST);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  await runGuard(guard, paceOf(), stop.signal);
  server.close();
  server.closeAllConnections();
  await Promise.all([source, ...replicas].map((one) => one.close()));
}

function log(event: string, detail: Readonly<Record<string, string | number>>): void {
  console.warn(JSON.stringify({ event, ...detail }));
}

main().catch((error) => {
  // The text of an error may have the address of a server with its password.
  console.error(error instanceof Error ? error.name : 'failed');
  process.exit(1);
});
