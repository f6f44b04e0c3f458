/** A process of its own, as the client is an ES module: a worker that is told to end before it has joined its group. */
import { streamWorker } from '../../../lib/runtime/stream-worker/stream-worker';

async function main(how: string | undefined): Promise<void> {
  const told = new AbortController();
  if (how === 'aborted') told.abort();
  const working = streamWorker(async () => {}, { signal: told.signal });
  // What the handler of the signal does, at once: the client is being loaded.
  if (how === 'SIGTERM') process.emit('SIGTERM');
  await working;
  process.stdout.write('ended\n');
}

void main(process.argv[2]);
