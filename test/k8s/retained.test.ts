/** What stands for data outlives its manifest, its construct's name and its construct's place. */
import { Chart, Testing } from 'cdk8s';
import { Construct } from 'constructs';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../lib/k8s/queue/queue-worker';
import type { RabbitMqTriggerProps } from '../../lib/k8s/queue/rabbitmq-trigger';
import { KafkaQuotas, type KafkaQuotasProps } from '../../lib/k8s/quotas/kafka-quotas';
import { FairShare } from '../../lib/k8s/shares/fair-share';
import { emptyChart, every, type Manifest, written } from '../support/manifest';

const RETAINED = {
  'helm.sh/resource-policy': 'keep',
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
};
const ON_THE_BROKER = ['Queue', 'Exchange', 'Binding', 'Policy'];
const secret = (key: string) => ({ secretName: 'broker', key });

function worker(scope: Construct, id: string, more: Partial<RabbitMqTriggerProps> = {}): void {
  new QueueWorker(scope, id, {
    workload: { steadyPerSecond: 20, serviceSeconds: 0.05 },
    objective: { latencySeconds: 90 },
    trigger: QueueTrigger.rabbitMq({
      queueName: 'orders',
      clusterName: 'rabbit',
      clusterNamespace: 'rabbitmq',
      connection: secret('amqp'),
      management: secret('management'),
      ...more,
    }),
    image: 'shop/orders:1',
  });
}

const quotas: KafkaQuotasProps = {
  clusterName: 'events',
  capacity: { brokers: 3, brokerBytesPerSecond: 60_000_000 },
  tenants: [{ name: 'billing', steadyBytesPerSecond: 1_000_000 }],
  topics: [{ topicName: 'Billing_Events', tenant: 'billing', partitions: 6 }],
};

/** Kind and name of every object of these kinds, in order. */
function names(make: (chart: Chart) => void, kinds: readonly string[], chart = emptyChart()): string[] {
  make(chart);
  const all = written(chart);
  return kinds.flatMap((kind) => every(all, kind).map(({ metadata }) => `${kind}/${metadata.name}`)).sort();
}

describe('objects of something on a broker are named after that', () => {
  const before = names((chart) => worker(chart, 'Orders'), ON_THE_BROKER);

  test.each<[string, () => string[]]>([
    ['another id', () => names((chart) => worker(chart, 'Renamed'), ON_THE_BROKER)],
    ['another place', () => names((chart) => worker(new Construct(chart, 'Moved'), 'Orders'), ON_THE_BROKER)],
    [
      'another chart',
      () =>
        names((chart) => worker(chart, 'Orders'), ON_THE_BROKER, new Chart(Testing.app(), 'x', { namespace: 'shop' })),
    ],
  ])('with %s the manifest deletes nothing that is live', (_, after) => {
    expect(before).toHaveLength(5);
    expect(after()).toEqual(before);
  });

  test.each<[string, Partial<RabbitMqTriggerProps>]>([
    ['queue', { queueName: 'orders-2' }],
    ['virtual host', { vhost: 'eu' }],
    ['cluster', { clusterName: 'other' }],
    ['namespace of the cluster', { clusterNamespace: 'other' }],
  ])('another %s has other objects', (_, more) => {
    const others = names((chart) => worker(chart, 'Orders', more), ON_THE_BROKER);
    expect(others.filter((name) => before.includes(name))).toEqual([]);
  });

  test('two names that Kubernetes would write alike are two objects', () => {
    const both = ['Orders_1', 'orders.1'].map((queueName) =>
      names((chart) => worker(chart, 'Orders', { queueName }), ON_THE_BROKER),
    );
    expect(new Set(both.flat()).size).toBe(both.flat().length);
  });

  test('and every name is one that Kubernetes takes, however long the queue is called', () => {
    const long = names((chart) => worker(chart, 'Orders', { queueName: `_.${'Q'.repeat(190)}._` }), ON_THE_BROKER);
    for (const name of long) expect(name.split('/')[1]).toMatch(/^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  });
});

test('a topic keeps its object when its construct is renamed or moved', () => {
  const before = names((chart) => new KafkaQuotas(chart, 'Quotas', quotas), ['KafkaTopic', 'KafkaUser']);
  expect(
    names((chart) => new KafkaQuotas(new Construct(chart, 'Moved'), 'Renamed', quotas), ['KafkaTopic', 'KafkaUser']),
  ).toEqual(before);
});

describe('what stands for data is left alone by the tools that prune', () => {
  const objects = (make: (chart: Chart) => void, kinds: readonly string[]): Manifest[] => {
    const chart = emptyChart();
    make(chart);
    return kinds.flatMap((kind) => every(written(chart), kind));
  };

  test.each<[string, Manifest[], number]>([
    ['queues, and what keeps their dead letters', objects((chart) => worker(chart, 'Orders'), ON_THE_BROKER), 5],
    ['topics', objects((chart) => new KafkaQuotas(chart, 'Quotas', quotas), ['KafkaTopic']), 1],
    [
      'namespaces of tenants',
      objects(
        (chart) =>
          new FairShare(chart, 'Batch', {
            capacity: { cpu: 100, memoryBytes: 4e11 },
            objective: { latencySeconds: 3600 },
            tenants: [
              {
                name: 'risk',
                workload: { steadyPerSecond: 0.01, serviceSeconds: 60 },
                jobCpu: 1,
                jobMemoryBytes: 2 ** 30,
              },
            ],
          }),
        ['Namespace'],
      ),
      1,
    ],
  ])('%s', (_, kept, count) => {
    expect(kept).toHaveLength(count);
    for (const { metadata } of kept) expect(metadata.annotations).toEqual(RETAINED);
  });

  test('topics of which nobody minds the loss may go', () => {
    const [topic] = objects(
      (chart) => new KafkaQuotas(chart, 'Quotas', { ...quotas, retainTopics: false }),
      ['KafkaTopic'],
    );
    expect(topic.metadata.annotations).toBeUndefined();
  });

  test('a queue outlives its object on the broker too', () => {
    for (const { spec } of objects((chart) => worker(chart, 'Orders'), ['Queue']))
      expect(spec.deletionPolicy).toBe('retain');
  });
});

test('the pods of an item that takes long are left alone by the autoscalers of nodes; those of a Deployment may move', () => {
  const chart = emptyChart();
  new QueueWorker(chart, 'Rendering', {
    workload: { steadyPerSecond: 0.001, peakPerSecond: 0.02, peakSeconds: 3600, serviceSeconds: 900 },
    objective: { latencySeconds: 14_400 },
    trigger: QueueTrigger.redisStream({ host: 'redis', stream: 'jobs', consumerGroup: 'workers' }),
    image: 'shop/renderer:1',
  });
  worker(chart, 'Orders');
  const all = written(chart);
  const [job] = every(all, 'ScaledJob');
  expect(job.spec.jobTargetRef.template.metadata.annotations).toEqual({
    'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
    'karpenter.sh/do-not-disrupt': 'true',
  });
  const [deployment] = every(all, 'Deployment');
  expect(deployment.spec.template.metadata.annotations).toBeUndefined();
  // A pod that never gets ready holds up no drain.
  expect(every(all, 'PodDisruptionBudget').map(({ spec }) => spec.unhealthyPodEvictionPolicy)).toEqual(['AlwaysAllow']);
});
