/**
 * A queue of the pinned SQS emulator on loopback. KEDA cannot take on a role there, as the trigger has it: there is no
 * identity provider, and KEDA's own process knows no other address of STS. It gets keys and the address instead, by the
 * escape hatch that every construct leaves.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import { ended } from '../support/ended';
import { freePorts } from '../support/ports';
import { ROOT } from '../support/reference';
import { until } from '../support/until';
import { type Queue, secret } from './queue';

const REGION = 'us-east-1';
const KEYS = { accessKeyId: 'test', secretAccessKey: 'test' };
const PYTHON = join(ROOT, '.venv', 'bin', 'python');
const LAUNCHER = 'from ministack.app import main; main()';
/** The longest that SQS gives at once. */
const BATCH = 10;

/** Why no SQS can be had on this machine; undefined when one can. */
export function sqsMissing(): string | undefined {
  return existsSync(join(ROOT, '.venv', '.local')) ? undefined : 'requirements/local.txt is not installed in .venv';
}

/** A queue, and what its worker needs on top to be counted here. */
export interface SqsQueue extends Queue {
  /** Points KEDA's look at the emulator. */
  redirect(worker: QueueWorker): void;
}

/** Starts the emulator with an empty queue. */
export async function startSqs(): Promise<SqsQueue> {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-sqs-'));
  const [port] = await freePorts(1);
  const emulator = startEmulator(folder, port);
  const end = () => emulator.kill('SIGKILL');
  process.once('exit', end);
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new SQSClient({ endpoint, region: REGION, credentials: KEYS });
  const create = new CreateQueueCommand({ QueueName: 'orders', Attributes: { VisibilityTimeout: '600' } });
  let queueUrl = '';
  await until('SQS answers', async () => {
    queueUrl = await client.send(create).then(
      ({ QueueUrl }) => QueueUrl ?? '',
      () => '',
    );
    return queueUrl !== '';
  });
  const inHand: string[] = [];
  return {
    trigger: QueueTrigger.sqs({ queueUrl, region: REGION, roleArn: 'arn:aws:iam::000000000000:role/orders' }),
    credentials: { id: KEYS.accessKeyId, key: KEYS.secretAccessKey },
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
      // Its SIGTERM may hang on the connections that KEDA keeps open.
      emulator.kill('SIGKILL');
      await ended(emulator);
      process.removeListener('exit', end);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startEmulator(folder: string, port: number): ChildProcess {
  return spawn(PYTHON, ['-c', LAUNCHER], {
    cwd: folder,
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      IOT_MTLS_ENABLED: '0',
    },
  });
}
