/** A duration with a fraction of a second is refused by name, wherever one is taken. */
import { Duration } from 'cdk8s';
import { InvalidInputError } from '../../lib/flow/errors';
import { LogOutput } from '../../lib/k8s/logs/log-output';
import { LogShipping } from '../../lib/k8s/logs/log-shipping';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../lib/k8s/queue/queue-worker';
import { KafkaQuotas } from '../../lib/k8s/quotas/kafka-quotas';
import { emptyChart } from '../support/manifest';

const secret = (key: string) => ({ secretName: 'broker', key });

const TAKERS: Readonly<Record<string, (duration: Duration) => unknown>> = {
  cooldown: (cooldown) => worker({ cooldown }),
  consumerOutage: (consumerOutage) => worker({ consumerOutage }),
  rotationInterval: (rotationInterval) =>
    new LogShipping(emptyChart(), 'Subject', {
      workload: { steadyBytesPerSecond: 1000 },
      objective: { diskBudgetBytes: 1e9, outageSeconds: 60 },
      logFolder: '/var/log/app',
      fileUser: 1234,
      rotatorImage: 'example/logrotate:1',
      rotationInterval,
      output: LogOutput.kafka({
        bootstrapServers: ['kafka:9093'],
        topic: 'logs',
        username: secret('user'),
        password: secret('password'),
      }),
    }),
  'topics.retention': (retention) =>
    new KafkaQuotas(emptyChart(), 'Subject', {
      clusterName: 'events',
      capacity: { brokers: 3, brokerBytesPerSecond: 60_000_000 },
      tenants: [{ name: 'billing', steadyBytesPerSecond: 1_000_000 }],
      topics: [{ topicName: 'billing', tenant: 'billing', partitions: 6, retention }],
    }),
};

function worker({ cooldown, consumerOutage }: { cooldown?: Duration; consumerOutage?: Duration }): QueueWorker {
  return new QueueWorker(emptyChart(), 'Subject', {
    workload: { steadyPerSecond: 20, serviceSeconds: 0.05 },
    objective: { latencySeconds: 90 },
    trigger: QueueTrigger.rabbitMq({
      queueName: 'orders',
      clusterName: 'rabbit',
      connection: secret('amqp'),
      management: secret('management'),
      consumerOutage,
    }),
    image: 'shop/orders:1',
    cooldown,
  });
}

describe.each(Object.entries(TAKERS))('%s', (name, take) => {
  test.each([0, 1, 500, 1500, 60_500])('%s ms', (milliseconds) => {
    const given = Duration.millis(milliseconds);
    expect(() => take(given)).toThrow(InvalidInputError);
    expect(() => take(given)).toThrow(`${name}`);
  });
});
