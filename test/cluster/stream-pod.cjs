/** What runs in a pod of the stream: the shipped worker, with work that takes its time. One line for each record. */
const { streamWorker } = require('../../dist/runtime/stream-worker');

streamWorker(async ({ value }) => {
  await new Promise((resolve) => setTimeout(resolve, Number(process.env.WORK_MILLIS)));
  process.stdout.write(`${JSON.stringify({ booked: value })}\n`);
}).then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
