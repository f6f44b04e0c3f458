/** A queue of the cluster's RabbitMQ, taken from by hand. */
import { connect, type GetMessage } from 'amqplib';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import type { Manifest } from '../support/manifest';
import { until } from '../support/until';
import { type Queue, secret } from './queue';
import { AMQP_URL, declare, depth, MANAGEMENT_URL, remove } from './rabbitmq';

/** A queue that is there once it is declared. */
export interface RabbitMqQueue extends Queue {
  declare(manifests: readonly Manifest[]): Promise<void>;
}

/** Opens a connection of its own to the broker. */
export async function startRabbitMq(queueName: string): Promise<RabbitMqQueue> {
  const connection = await connect(AMQP_URL);
  const channel = await connection.createConfirmChannel();
  const inHand: GetMessage[] = [];
  let declared: readonly Manifest[] = [];
  let outstanding = 0;
  /** The management API counts every second, and KEDA looks there. */
  const counted = () => until('the broker has counted', async () => (await depth(queueName)) === outstanding);
  return {
    trigger: QueueTrigger.rabbitMq({
      queueName,
      clusterName: 'rabbit',
      connection: secret('amqp'),
      management: secret('management'),
    }),
    credentials: { amqp: AMQP_URL, management: MANAGEMENT_URL },
    async declare(manifests) {
      declared = manifests;
      await remove(declared);
      await declare(declared);
    },
    async put(count) {
      for (let i = 0; i < count; i += 1) channel.sendToQueue(queueName, Buffer.from('{}'), { persistent: true });
      await channel.waitForConfirms();
      outstanding += count;
      await counted();
    },
    async take(count) {
      for (let i = 0; i < count; i += 1) {
        const message = await channel.get(queueName);
        if (!message) throw new Error(`RabbitMQ gave ${i} of ${count} messages`);
        inHand.push(message);
      }
    },
    async finish(count) {
      for (const message of inHand.splice(0, count)) channel.ack(message);
      outstanding -= count;
      await counted();
    },
    async stop() {
      await connection.close();
      await remove(declared);
    },
  };
}
