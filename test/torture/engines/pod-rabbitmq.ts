/** A consumer of the torture run on RabbitMQ: the loop of the shipped worker, whose own bundle books orders. */
import { log, work } from '../../../lib/runtime/order-worker/worker';

const { handle } = require('../handler.cjs') as { handle(body: string): Promise<void> };

work(async (body) => {
  await handle(body);
  return {};
}).catch((error: Error) => {
  log({ level: 'error', error: error.name });
  process.exit(1);
});
