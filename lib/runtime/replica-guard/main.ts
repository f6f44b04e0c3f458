/** The guard of a source in a container: it answers writers by HTTP. Its environment is in environment.ts. */
import { numberSetting } from '../settings';
import { guardUntilStopped, log, start } from './container';
import { serversOf, settingsOfGuard } from './environment';
import { Guard } from './guard';
import { Writers } from './writers';

async function main(): Promise<void> {
  const { source, replicas } = serversOf();
  const writers = new Writers(1000 * numberSetting('WRITER_FORGOTTEN_SECONDS'));
  const guard = new Guard(settingsOfGuard(), {
    source,
    replicas,
    writers: async (now) => writers.count(now),
    publish: async () => {},
    now: Date.now,
    log,
  });
  await guardUntilStopped(guard, writers, [source, ...replicas]);
}

start(main);
