/** A consumer of the torture run on Kafka: the shipped worker. */
const { streamWorker } = require('../../../dist/runtime/stream-worker');
const { handle } = require('../handler.cjs');

streamWorker(({ value }) => handle(value)).then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
