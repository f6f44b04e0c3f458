/** A consumer of the torture run on Pub/Sub: the shipped loop on Google's client. */
const { PubSub } = require('@google-cloud/pubsub');
const { pullMessages } = require('../../../dist/runtime/pubsub-worker');
const { effectOf, store } = require('../handler.cjs');

const client = new PubSub({ projectId: process.env.PROJECT });
const { done } = pullMessages(
  client.subscription(process.env.SUBSCRIPTION),
  ({ data }, transaction) => effectOf(data.toString(), transaction),
  store,
  // A sender that sends a letter twice publishes two messages.
  { keyOf: ({ attributes }) => attributes.letter },
);
console.log(JSON.stringify({ ready: true }));
done.then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
