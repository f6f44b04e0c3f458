/** A guard as the program of a container: what it answers, when it stops, and what it says of itself. */
import { numberSetting } from '../settings';
import { paceOf, serveOptions } from './environment';
import type { Guard } from './guard';
import { runGuard } from './run';
import { guardServer } from './serve';
import type { Writers } from './writers';

/** Serves and guards until the container is told to stop, then closes its connections. */
export async function guardUntilStopped(
  guard: Guard,
  writers: Writers,
  servers: readonly { close(): Promise<void> }[],
): Promise<void> {
  const server = guardServer(guard, writers, serveOptions());
  server.listen(numberSetting('PORT'), process.env.HOST);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  await runGuard(guard, paceOf(), stop.signal);
  server.close();
  server.closeAllConnections();
  await Promise.all(servers.map((one) => one.close()));
}

/** A line of the container's log. */
export function log(event: string, detail: Readonly<Record<string, string | number>>): void {
  console.warn(JSON.stringify({ event, ...detail }));
}

/** Runs the program; a failure ends it with 1. */
export function start(main: () => Promise<void>): void {
  main().catch((error) => {
    // The text of an error may have the address of a server with its password.
    console.error(error instanceof Error ? error.name : 'failed');
    process.exit(1);
  });
}
