/** A consumer of the torture run on Pub/Sub: the shipped loop on Google's client. */
const { PubSub } = require('@google-cloud/pubsub');
const { pullMessages } = require('../../../dist/runtime/pubsub-worker');
const { handle } = require('../effects.cjs');

/** An effect is one link in a folder, and its name is the key: both are there at once, or neither. */
const store = {
  async once(_key, _expiresAtMillis, effect) {
    await effect();
    return 'committed';
  },
};

const client = new PubSub({ projectId: process.env.PROJECT });
const { done } = pullMessages(
  client.subscription(process.env.SUBSCRIPTION),
  ({ data }) => handle(data.toString()),
  store,
);
console.log(JSON.stringify({ ready: true }));
done.then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
