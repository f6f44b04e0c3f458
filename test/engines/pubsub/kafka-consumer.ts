/** The consumer process of the run on Kafka: the shipped loop, a business that cannot do poison, a store across the wire. */
import { consumeWebhooks, type EffectStore } from '../../../lib/runtime/kafka-webhook/consumer';

const DATABASE = String(process.env.DATABASE_URL);

/** The one write that a delivery does. */
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

console.log(JSON.stringify({ message: 'listening', port: 0 }));
consumeWebhooks(async ({ id, body }, transaction: Transaction) => {
  await ask('/attempt', { id });
  if ((JSON.parse(body) as { poison?: boolean }).poison) throw new Error('cannot be done');
  transaction.id = id;
}, store).then(
  () => process.exit(0),
  (error: Error) => {
    console.error(error);
    process.exit(1);
  },
);
