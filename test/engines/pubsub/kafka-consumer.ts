/** The consumer process of the run on Kafka: the shipped loop, a business that cannot do poison, a store across the wire. */
import { consumeWebhooks } from '../../../lib/runtime/kafka-webhook/consumer';
import { ask, store, type Transaction } from './remote-store';

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
