/** The worker process of the run: the shipped loop on Google's client, a business that cannot do poison, a store across the wire. */
import { PubSub } from '@google-cloud/pubsub';
import { type EffectStore, pullMessages } from '../../../lib/runtime/pubsub-worker/consumer';

const DATABASE = String(process.env.DATABASE_URL);

/** The one write that a message does. */
interface Transaction {
  id?: string;
}

async function ask(path: string, body: object): Promise<{ seen?: boolean; outcome?: 'committed' | 'duplicate' }> {
  const response = await fetch(`${DATABASE}${path}`, { method: 'POST', body: JSON.stringify(body) });
  return (await response.json()) as { seen?: boolean; outcome?: 'committed' | 'duplicate' };
}

const store: EffectStore<Transaction> = {
  async once(key, expiresAtMillis, effect) {
    if ((await ask('/seen', { key })).seen) return 'duplicate';
    const transaction: Transaction = {};
    await effect(transaction);
    const { outcome } = await ask('/commit', { key, expiresAtMillis, id: transaction.id });
    if (outcome === undefined) throw new Error('the database did not say');
    return outcome;
  },
};

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
