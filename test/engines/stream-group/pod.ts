/**
 * A consumer as a process of its own, from the source of the worker. Says what is done, and which of its clients join. A
 * record with the value `hold` is held until the test says `go`.
 */

import { subscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { streamWorker } from '../../../lib/runtime/stream-worker/consumer';

/** Number of OffsetCommit in Kafka's protocol. */
const OFFSET_COMMIT = 8;

const say = (line: string) => process.stdout.write(`${line}\n`);

subscribe('tracing:plt:kafka:consumer:group:start', (message) => {
  const { operation, client } = message as { operation: string; client: { instanceId: number } };
  if (operation === 'joinGroup') say(`JOIN of client ${client.instanceId}`);
});
subscribe('tracing:plt:kafka:connections:api:error', (message) => {
  if ((message as { apiKey: number }).apiKey === OFFSET_COMMIT) say('COMMIT refused');
});

streamWorker(async ({ value }) => {
  if (value === 'hold') {
    const go = once(process, 'message');
    say('HOLDING');
    await go;
  }
  say(`DONE ${value}`);
}).then(
  () => process.exit(0),
  (error: Error) => {
    console.error(error);
    process.exit(1);
  },
);
