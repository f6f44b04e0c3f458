/** By what an alert knows the installation that it is of. */
import { Chart, Testing } from 'cdk8s';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../lib/k8s/queue/queue-worker';
import type { RabbitMqTriggerProps } from '../../lib/k8s/queue/rabbitmq-trigger';
import { KafkaQuotas } from '../../lib/k8s/quotas/kafka-quotas';
import { every, type Manifest, written } from '../support/manifest';
import { selectorsOf } from '../support/promql';

const secret = (key: string) => ({ secretName: 'broker', key });

function rulesOf(namespace: string | undefined, make: (chart: Chart) => void): Manifest[] {
  const chart = new Chart(Testing.app(), 'shop', { namespace });
  make(chart);
  return every(written(chart), 'PrometheusRule').flatMap(({ spec }) =>
    spec.groups.flatMap(({ rules }: Manifest) => rules),
  );
}

const worker =
  (more: Partial<RabbitMqTriggerProps> = {}, id = 'Orders') =>
  (chart: Chart) =>
    new QueueWorker(chart, id, {
      workload: { steadyPerSecond: 20, serviceSeconds: 0.05 },
      objective: { latencySeconds: 90 },
      trigger: QueueTrigger.rabbitMq({
        queueName: 'orders',
        clusterName: 'rabbit',
        connection: secret('amqp'),
        management: secret('management'),
        ...more,
      }),
      image: 'shop/orders:1',
    });

const quotas = (clusterNamespace?: string) => (chart: Chart) =>
  new KafkaQuotas(chart, 'Quotas', {
    clusterName: 'events',
    clusterNamespace,
    capacity: { brokers: 3, brokerBytesPerSecond: 60_000_000 },
    tenants: [{ name: 'billing', steadyBytesPerSecond: 1_000_000 }],
    topics: [{ topicName: 'billing', tenant: 'billing', partitions: 6 }],
  });

const exprOf = (rules: Manifest[], name: string): string => rules.find(({ alert }) => alert === name).expr;

describe('RabbitMQ: a queue is known by the brokers that hold it', () => {
  test.each<[string, Partial<RabbitMqTriggerProps>, string]>([
    ['in the namespace of the chart', {}, 'namespace="shop",vhost="/",queue="orders.dead",pod=~"rabbit-server-[0-9]+"'],
    [
      'in that of the cluster',
      { clusterNamespace: 'rabbitmq', vhost: 'eu' },
      'namespace="rabbitmq",vhost="eu",queue="orders.dead",pod=~"rabbit-server-[0-9]+"',
    ],
    [
      'of a cluster whose name has a dot, which matches nothing but a dot',
      { clusterName: 'rabbit.eu' },
      'namespace="shop",vhost="/",queue="orders.dead",pod=~"rabbit\\\\.eu-server-[0-9]+"',
    ],
  ])('%s', (_, more, labels) => {
    expect(exprOf(rulesOf('shop', worker(more)), 'DeadLetters')).toBe(
      `max(rabbitmq_detailed_queue_messages{${labels}}) > 0`,
    );
  });
});

describe('Kafka: brokers are in the namespace of their cluster', () => {
  test.each<[string, string | undefined, string]>([
    ['that of the chart, where Strimzi puts users by default', undefined, 'streaming'],
    ['another one', 'kafka', 'kafka'],
  ])('%s', (_, given, expected) => {
    expect(exprOf(rulesOf('streaming', quotas(given)), 'KafkaQuotasUnseen')).toBe(
      `absent(kafka_server_quota_byte_rate{namespace="${expected}",strimzi_io_cluster="events"})`,
    );
  });
});

test('a chart that leaves its namespace to kubectl has alerts that go by name alone', () => {
  const rules = rulesOf(undefined, worker({ clusterNamespace: 'rabbitmq' }));
  const keda = rules.flatMap(({ expr }) => selectorsOf(expr)).filter(({ metric }) => !metric.startsWith('rabbitmq'));
  expect(keda.length).toBeGreaterThan(3);
  for (const { matchers } of keda) expect(matchers.map(({ label }) => label)).not.toContain('namespace');
  // The brokers are known all the same.
  expect(exprOf(rules, 'DeadLetters')).toContain('namespace="rabbitmq"');
  for (const { labels } of rules) expect(labels).toEqual({ severity: expect.any(String), construct: 'shop/Orders' });
});

test('two of a kind in one namespace have alerts that Alertmanager takes for two', () => {
  const rules = rulesOf('shop', (chart) => {
    worker()(chart);
    worker({ queueName: 'refunds' }, 'Refunds')(chart);
  });
  // Their series are summed and have no labels of their own.
  const identities = rules.map(({ alert, labels }) => JSON.stringify([alert, labels]));
  expect(rules.filter(({ alert }) => alert === 'QueueBacklog')).toHaveLength(2);
  expect(new Set(identities).size).toBe(identities.length);
});
