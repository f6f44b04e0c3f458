/** A process of its own, as the client is an ES module: a worker that is told to end before it has joined its group. */
import { subscribe } from 'node:diagnostics_channel';
import { setImmediate as turn } from 'node:timers/promises';
import { streamWorker } from '../../../lib/runtime/stream-worker/stream-worker';

/** Far less than the pauses of the client between its attempts. */
const SOON_MILLIS = 3000;

const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

async function main(how: string | undefined): Promise<void> {
  const told = new AbortController();
  if (how === 'aborted') told.abort();
  const terminate = () => {
    process.emit('SIGTERM');
  };
  // The first request was sent, to a broker that does not answer.
  if (how === 'unanswered') subscribe('tracing:plt:kafka:connections:api:end', terminate);
  const working = streamWorker(async () => {}, { signal: told.signal });
  // What the handler of the signal does, at once: the client is being loaded.
  if (how === 'SIGTERM') terminate();
  await working;
  const since = performance.now();
  while (timers() > 0 && performance.now() - since < SOON_MILLIS) await turn();
  process.stdout.write(timers() > 0 ? `ended, but ${timers()} timers keep the process\n` : 'ended\n');
}

void main(process.argv[2]);
