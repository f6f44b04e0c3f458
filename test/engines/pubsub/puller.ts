/** The worker process of the run: the shipped loop on Google's client, a business that cannot do poison, a store across the wire. */
import { PubSub } from '@google-cloud/pubsub';
import { pullMessages } from '../../../lib/runtime/pubsub-worker/consumer';
import { ask, store, type Transaction } from './remote-store';

let busy = 0;
const client = new PubSub({ projectId: String(process.env.PROJECT) });
const { done } = pullMessages(
  client.subscription(String(process.env.SUBSCRIPTION)),
  async ({ data }, transaction: Transaction) => {
    const { id, poison } = JSON.parse(data.toString()) as { id: string; poison?: boolean };
    busy += 1;
    console.log(JSON.stringify({ busy }));
    try {
      await ask('/attempt', { id });
      if (poison) throw new Error('cannot be done');
      transaction.id = id;
    } finally {
      busy -= 1;
    }
  },
  store,
);
// What `start` waits for; a puller has no port.
console.log(JSON.stringify({ message: 'listening', port: 0 }));
done.then(
  () => process.exit(0),
  () => process.exit(1),
);
