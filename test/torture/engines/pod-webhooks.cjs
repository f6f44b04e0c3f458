/** A consumer of the torture run on webhooks: the shipped one, whose store is the file that `handle` makes with its effect. */
const { consumeWebhooks } = require('../../../dist/runtime/kafka-webhook');
const { handle } = require('../effects.cjs');

const store = {
  async once(_key, _expiresAtMillis, effect) {
    await effect(undefined);
    return 'committed';
  },
};

consumeWebhooks(({ body }) => handle(body), store).then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
