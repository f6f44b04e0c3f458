/** A consumer of the torture run on webhooks: the shipped one, with the store of the run. */
const { consumeWebhooks } = require('../../../dist/runtime/kafka-webhook');
const { effectOf, store } = require('../handler.cjs');

consumeWebhooks(({ body }, transaction) => effectOf(body, transaction), store).then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
