/** A consumer of the torture run on RabbitMQ: the loop of the shipped worker, from its source, because its bundle books orders. */
require('tsx/cjs');
const { work } = require('../../../lib/runtime/order-worker/worker.ts');
const { handle } = require('../effects.cjs');

work(async (body) => {
  await handle(body);
  return {};
}).catch((error) => {
  console.error(error.name);
  process.exit(1);
});
