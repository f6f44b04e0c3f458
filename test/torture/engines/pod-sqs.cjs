/**
 * A consumer of the torture run on SQS: the shipped consumer of webhooks, called as Lambda calls it. The local AWS feeds all
 * its functions from one thread, and gives them one clock and one version, so this process is what it would start: one
 * environment of the function, with a poller of the event source mapping before it. Of the mapping it keeps the batch in
 * sequence, the deletion of what did not fail, and the time-out, at which the environment ends and its batch stays hidden.
 */
const { setTimeout: wait } = require('node:timers/promises');
const { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } = require('@aws-sdk/client-sqs');
const { webhookConsumer } = require('../../../dist/runtime/webhook');
const { worked } = require('../handler.cjs');

const { QUEUE_URL, QUEUE_ARN, BATCH_SIZE, FUNCTION_TIMEOUT_SECONDS, LEDGER_TABLE, VERSION } = process.env;
const TIMEOUT_MILLIS = 1000 * Number(FUNCTION_TIMEOUT_SECONDS);
const PAUSE_MILLIS = 500;

const sqs = new SQSClient({});
/** The effect is committed with the key of the delivery; one that is there twice is counted. */
const handler = webhookConsumer(async ({ body }, effects) => {
  const { id, key, place } = await worked(body);
  effects.add({
    Update: {
      TableName: LEDGER_TABLE,
      Key: { id: { S: id } },
      UpdateExpression: 'ADD effects :one SET #key = :key, place = :place, madeAt = :at, version = :version',
      ExpressionAttributeNames: { '#key': 'key' },
      ExpressionAttributeValues: {
        ':one': { N: '1' },
        ':key': { S: key },
        ':place': { N: String(place) },
        ':at': { N: String(globalThis.trueNow()) },
        ':version': { N: VERSION },
      },
    },
  });
});

const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());

async function main() {
  console.log(JSON.stringify({ ready: true }));
  while (!ending.signal.aborted) {
    try {
      await consumeBatch();
    } catch (error) {
      if (ending.signal.aborted) return;
      console.error(JSON.stringify({ mapping: error.name }));
      await wait(PAUSE_MILLIS);
    }
  }
}

async function consumeBatch() {
  const { Messages: messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: QUEUE_URL,
      MaxNumberOfMessages: Number(BATCH_SIZE),
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
    // One that is on its way now stays hidden, as when a poller is lost.
    { abortSignal: ending.signal },
  );
  if (messages.length === 0) return;
  const { batchItemFailures } = await invoke({ Records: messages.map(recordOf) });
  const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  const done = messages.filter(({ MessageId }) => !failed.has(MessageId));
  if (done.length === 0) return;
  const Entries = done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: QUEUE_URL, Entries }));
}

/** Not by the clock of this machine, which may jump. */
async function invoke(event) {
  const deadline = performance.now() + TIMEOUT_MILLIS;
  const late = setTimeout(() => {
    console.error(JSON.stringify({ mapping: 'the function timed out' }));
    process.exit(1);
  }, TIMEOUT_MILLIS);
  try {
    return await handler(event, { getRemainingTimeInMillis: () => deadline - performance.now() });
  } finally {
    clearTimeout(late);
  }
}

function recordOf({ MessageId, ReceiptHandle, Body, Attributes, MessageAttributes = {}, MD5OfBody }) {
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes,
    messageAttributes: Object.fromEntries(
      Object.entries(MessageAttributes).map(([name, { StringValue, DataType }]) => [
        name,
        { stringValue: StringValue, dataType: DataType, stringListValues: [], binaryListValues: [] },
      ]),
    ),
    md5OfBody: MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: QUEUE_ARN,
    awsRegion: process.env.AWS_REGION,
  };
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
