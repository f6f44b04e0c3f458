/** The consumer process of the run: the shipped endpoint, a business that cannot do poison, a store across the wire. */
import { serveWebhooks } from '../../../lib/runtime/pubsub-webhook/consumer';
import { ask, store } from './remote-store';

serveWebhooks(async ({ id, body }, transaction) => {
  await ask('/attempt', { id });
  if ((JSON.parse(body) as { poison?: boolean }).poison) throw new Error('cannot be done');
  transaction.id = id;
}, store);
