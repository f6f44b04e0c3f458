/**
 * A queue of the pinned SQS emulator on loopback. KEDA cannot take on a role there, as the trigger has it: there is no
 * identity provider, and KEDA's own process knows no other address of STS. It gets keys and the address instead, by the
 * escape hatch that every construct leaves.
 */
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type ApiObject, JsonPatch } from 'cdk8s';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import type { QueueWorker } from '../../lib/k8s/queue/queue-worker';
import { startLocalAws } from '../engines/local-aws';
import { type Queue, secret } from './queue';

/** The longest that SQS gives at once. */
const BATCH = 10;

/** A queue, and what its worker needs on top to be counted here. */
export interface SqsQueue extends Queue {
  /** Points KEDA's look at the emulator. */
  redirect(worker: QueueWorker): void;
}

/** Starts the emulator with an empty queue. */
export async function startSqs(): Promise<SqsQueue> {
  const aws = await startLocalAws();
  const { endpoint, region, credentials } = aws.client;
  const client = new SQSClient(aws.client);
  const { QueueUrl: queueUrl = '' } = await client.send(
    new CreateQueueCommand({ QueueName: 'orders', Attributes: { VisibilityTimeout: '600' } }),
  );
  const inHand: string[] = [];
  return {
    trigger: QueueTrigger.sqs({ queueUrl, region, roleArn: 'arn:aws:iam::000000000000:role/orders' }),
    credentials: { id: credentials.accessKeyId, key: credentials.secretAccessKey },
    redirect(worker) {
      worker.scaler.addJsonPatch(JsonPatch.add('/spec/triggers/0/metadata/awsEndpoint', endpoint));
      const targets = Object.entries({ awsAccessKeyID: secret('id'), awsSecretAccessKey: secret('key') }).map(
        ([parameter, { secretName, key }]) => ({ parameter, name: secretName, key }),
      );
      const authentication = worker.node.findChild('Authentication') as ApiObject;
      authentication.addJsonPatch(JsonPatch.replace('/spec', { secretTargetRef: targets }));
    },
    async put(count) {
      for (let i = 0; i < count; i += 1)
        await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'order' }));
    },
    async take(count) {
      for (let left = count; left > 0; ) {
        const MaxNumberOfMessages = Math.min(BATCH, left);
        const { Messages = [] } = await client.send(
          new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages }),
        );
        if (Messages.length === 0) throw new Error(`SQS gave ${count - left} of ${count} messages`);
        inHand.push(...Messages.map(({ ReceiptHandle }) => ReceiptHandle as string));
        left -= Messages.length;
      }
    },
    async finish(count) {
      for (const ReceiptHandle of inHand.splice(0, count))
        await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
    },
    async stop() {
      client.destroy();
      await aws.stop();
    },
  };
}
