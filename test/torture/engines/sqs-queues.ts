/** The queues of the torture run on SQS: made as planned, sent to as the API of a `WebhookBuffer` sends, counted and read. */
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type MessageAttributeValue,
  type QueueAttributeName,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Plan } from '../../../lib/flow/plan';
import { ATTRIBUTES } from '../../../lib/runtime/webhook/contract';
import { signRequest } from '../../../lib/runtime/webhook/signature';
import type { Letter } from '../letters';

/** The one sender, and what it signs with. */
export const SOURCE = 'torture';
export const SECRET_OF_SOURCE = 'whsec-4d1f0a52';
/** Amazon SQS quotas: messages of one request. */
const BATCH = 10;
const AT_ONCE = 4;

/** A queue that was made. */
export interface MadeQueue {
  readonly url: string;
  readonly arn: string;
}

export async function createQueue(
  sqs: SQSClient,
  QueueName: string,
  Attributes: Partial<Record<QueueAttributeName, string>>,
): Promise<MadeQueue> {
  const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  const { Attributes: made } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
  );
  return { url, arn: made?.QueueArn ?? '' };
}

/** What `RedriveQueue` gives its queue. */
export function attributesOf(plan: Plan, deadLetterTargetArn: string): Partial<Record<QueueAttributeName, string>> {
  return {
    VisibilityTimeout: String(plan.value('visibilityTimeoutSeconds')),
    MessageRetentionPeriod: String(plan.value('retentionSeconds')),
    ReceiveMessageWaitTimeSeconds: String(plan.value('receiveMessageWaitTimeSeconds')),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: plan.value('maxReceiveCount') }),
  };
}

/** Sends letters; gives the ids of those that SQS does not take, because of a character that no message may have. */
export async function sendAll(sqs: SQSClient, QueueUrl: string, letters: readonly Letter[]): Promise<string[]> {
  const refused: string[] = [];
  const batches = Array.from({ length: Math.ceil(letters.length / BATCH) }, (_, batch) =>
    letters.slice(BATCH * batch, BATCH * (batch + 1)),
  );
  const sender = async () => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: batch.map(entryOf) }));
      for (const { Id, Code } of Failed) {
        if (Code !== 'InvalidMessageContents') throw new Error(`SQS did not take a letter: ${Code}`);
        refused.push(batch[Number(Id)].id);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  return refused;
}

/** Signed by its sender, with the headers where the API puts them. */
function entryOf({ id, key, body, attributes }: Letter, index: number): SendMessageBatchRequestEntry {
  const headers = signRequest('standard-webhooks', SECRET_OF_SOURCE, body, id, Date.now());
  const named = {
    ...attributes,
    [ATTRIBUTES.source]: SOURCE,
    [ATTRIBUTES.tenant]: key,
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [ATTRIBUTES.header(name), value])),
  };
  const MessageAttributes = Object.fromEntries(
    Object.entries(named).map(([name, value]): [string, MessageAttributeValue] => [
      name,
      { DataType: 'String', StringValue: value },
    ]),
  );
  return { Id: String(index), MessageBody: body, MessageAttributes };
}

/** Messages of a queue, waiting, hidden and delayed. */
export async function countIn(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const names = [
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateNumberOfMessagesDelayed',
  ] as const;
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }));
  return names.reduce((sum, name) => sum + Number(Attributes[name]), 0);
}

/** All messages of a queue that nobody else reads: their bodies, and all that is said beside them. */
export async function drain(sqs: SQSClient, QueueUrl: string) {
  const letters: { readonly body: string; readonly attributes: object }[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: BATCH,
        VisibilityTimeout: 600,
        WaitTimeSeconds: 0,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    if (Messages.length === 0) return letters;
    for (const { Body: body = '', Attributes, MessageAttributes } of Messages)
      letters.push({ body, attributes: { ...Attributes, ...MessageAttributes } });
  }
}
