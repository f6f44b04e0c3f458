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
const BATCHES = 30;
const BODY = JSON.stringify({ id: NAME, text: 'x'.repeat(200) });

/** Seconds of one processor that a letter takes, from its sender to its deletion: nothing overlaps here, so they are all. */
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
  let began = 0;
  for (let batch = 0; batch < WARM_UP_BATCHES + BATCHES; batch += 1) {
    if (batch === WARM_UP_BATCHES) began = performance.now();
    const Entries = Array.from({ length: BATCH }, (_, index) => ({ Id: String(index), MessageBody: BODY }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: BATCH }));
    for (const { MessageId: id = '' } of Messages) await commit(dynamo, id);
    await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
      }),
    );
  }
  const seconds = (performance.now() - began) / 1000;
  await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  await dynamo.send(new DeleteTableCommand({ TableName: NAME }));
  return seconds / (BATCH * BATCHES);
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
