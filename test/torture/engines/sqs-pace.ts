/** How many letters a second the local AWS and its consumers carry on this machine: what a letter costs, done by one after the other. */
import {
  CreateTableCommand,
  DeleteTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { createQueue } from './sqs-queues';

const NAME = 'pace';
const BATCH = 10;
/** Before these the code is not compiled. */
const WARM_UP_BATCHES = 10;
const BATCHES = 60;
const BODY = JSON.stringify({ id: NAME, text: 'x'.repeat(200) });

/** Seconds that a letter takes from its sender to its deletion where nothing overlaps: on an idle machine those of one processor. */
export async function secondsPerLetter(sqs: SQSClient, dynamo: DynamoDBClient): Promise<number> {
  const { url: QueueUrl } = await createQueue(sqs, NAME, {});
  await dynamo.send(
    new CreateTableCommand({
      TableName: NAME,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  const seconds: number[] = [];
  for (let batch = 0; batch < WARM_UP_BATCHES + BATCHES; batch += 1) {
    const began = performance.now();
    await carry(sqs, dynamo, QueueUrl);
    if (batch >= WARM_UP_BATCHES) seconds.push((performance.now() - began) / 1000);
  }
  await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  await dynamo.send(new DeleteTableCommand({ TableName: NAME }));
  // The middle one: what else the machine does now and then is not part of a letter.
  return seconds.sort((a, b) => a - b)[BATCHES / 2] / BATCH;
}

/** A batch from its sender to its deletion. */
async function carry(sqs: SQSClient, dynamo: DynamoDBClient, QueueUrl: string): Promise<void> {
  const sent = Array.from({ length: BATCH }, (_, index) => ({ Id: String(index), MessageBody: BODY }));
  await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: sent }));
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: BATCH }));
  if (Messages.length < BATCH) throw new Error(`the local AWS gave ${Messages.length} of ${BATCH} letters`);
  for (const { MessageId: id = '' } of Messages) await commit(dynamo, id);
  const done = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: done }));
}

/** As the shipped consumer does: a claim, and a transaction of it and the effect. */
async function commit(dynamo: DynamoDBClient, id: string): Promise<void> {
  await dynamo.send(
    new PutItemCommand({ TableName: NAME, Item: { id: { S: id } }, ConditionExpression: 'attribute_not_exists(id)' }),
  );
  const update = (key: string) => ({
    Update: {
      TableName: NAME,
      Key: { id: { S: key } },
      UpdateExpression: 'SET body = :body',
      ExpressionAttributeValues: { ':body': { S: BODY } },
    },
  });
  await dynamo.send(new TransactWriteItemsCommand({ TransactItems: [update(id), update(`${id}-effect`)] }));
}
