/** Whom the pods of each construct reach, and who reaches them. */
import { BlockList } from 'node:net';
import type { Construct } from 'constructs';
import { LogOutput } from '../../lib/k8s/logs/log-output';
import { LogShipping } from '../../lib/k8s/logs/log-shipping';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../lib/k8s/queue/queue-worker';
import type { SqsTriggerProps } from '../../lib/k8s/queue/sqs-trigger';
import { TtlCollection } from '../../lib/k8s/retention/ttl-collection';
import { emptyChart, type Manifest, one, written } from '../support/manifest';

const secret = (key: string) => ({ secretName: 'destination', key });
const METADATA = '169.254.169.254';
const PRIVATE = ['10.0.0.1', '172.16.5.5', '192.168.1.1', '100.64.0.1'];
const PUBLIC = '52.94.5.1';

function policyOf(make: (scope: Construct) => void): Manifest {
  const chart = emptyChart();
  make(chart);
  return one(written(chart), 'NetworkPolicy').spec;
}

/** Whether pods reach an address at a port, as the API's documentation says that policies add up. */
function reaches({ egress }: Manifest, address: string, port: number): boolean {
  return egress.some(
    ({ to, ports }: Manifest) =>
      ports.some((one: Manifest) => one.port === port) &&
      to.some(({ ipBlock }: Manifest) => {
        if (ipBlock === undefined || !within(ipBlock.cidr, address)) return false;
        return !(ipBlock.except ?? []).some((range: string) => within(range, address));
      }),
  );
}

function within(range: string, address: string): boolean {
  const [start, length] = range.split('/');
  const list = new BlockList();
  list.addSubnet(start, Number(length));
  return list.check(address);
}

function sqs(more: Partial<SqsTriggerProps> = {}): Manifest {
  return policyOf((scope) => {
    new QueueWorker(scope, 'Orders', {
      workload: { steadyPerSecond: 20, serviceSeconds: 0.05 },
      objective: { latencySeconds: 90 },
      trigger: QueueTrigger.sqs({
        queueUrl: 'https://sqs.eu-central-1.amazonaws.com/123456789012/orders',
        region: 'eu-central-1',
        roleArn: 'arn:aws:iam::123456789012:role/orders',
        ...more,
      }),
      image: 'shop/orders:1',
    });
  });
}

const worker = (trigger: QueueTrigger) =>
  policyOf((scope) => {
    new QueueWorker(scope, 'Orders', {
      workload: { steadyPerSecond: 20, serviceSeconds: 0.05 },
      objective: { latencySeconds: 90 },
      trigger,
      image: 'shop/orders:1',
    });
  });
const kafka = { bootstrapServers: ['b-1.msk:9096'], topic: 'orders', partitions: 12, consumerGroup: 'orders' };
const collection = (more: { databaseCidr?: string } = {}) =>
  policyOf((scope) => {
    new TtlCollection(scope, 'Events', {
      workload: {
        insertsPerSecond: 16,
        documentBytes: 1000,
        existingDocuments: 5e6,
        spareWritesPerSecond: 500,
        deletesPerSecond: 200,
      },
      objective: { retentionSeconds: 86_400 },
      collection: 'events',
      connection: secret('uri'),
      pushGateway: 'http://pushgateway.monitoring:9091',
      ...more,
    });
  });
const logs = (more: { cidr?: string } = {}) =>
  policyOf((scope) => {
    new LogShipping(scope, 'Logs', {
      workload: { steadyBytesPerSecond: 1000 },
      objective: { diskBudgetBytes: 1e9, outageSeconds: 60 },
      logFolder: '/var/log/app',
      fileUser: 1234,
      rotatorImage: 'example/logrotate:1',
      output: LogOutput.kafka({
        bootstrapServers: ['kafka.example.com:9093'],
        topic: 'logs',
        username: secret('user'),
        password: secret('password'),
        ...more,
      }),
    });
  });

test('SQS is on the internet: neither the credentials of the node nor a neighbour can be reached on the way', () => {
  const policy = sqs();
  expect(reaches(policy, PUBLIC, 443)).toBe(true);
  for (const address of [METADATA, ...PRIVATE])
    expect([address, reaches(policy, address, 443)]).toEqual([address, false]);
});

test('with an endpoint of its own the pod still gets credentials from STS, and where that has one too, nothing else', () => {
  const narrow = sqs({ endpointCidr: '10.1.0.0/24' });
  expect([reaches(narrow, '10.1.0.7', 443), reaches(narrow, PUBLIC, 443)]).toEqual([true, true]);
  expect([reaches(narrow, METADATA, 443), reaches(narrow, '10.1.1.1', 443)]).toEqual([false, false]);
  const closed = sqs({ endpointCidr: '10.1.0.0/24', stsCidr: '10.1.2.0/24' });
  expect(['10.1.0.7', '10.1.2.7', PUBLIC, METADATA].map((address) => reaches(closed, address, 443))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test.each<[string, (range?: string) => Manifest, number]>([
  ['a database', (databaseCidr) => collection({ databaseCidr }), 27_017],
  ['a log destination', (cidr) => logs({ cidr }), 9093],
])(
  '%s outside the cluster may be in a private network, never at the metadata address, and can be narrowed',
  (_, make, port) => {
    const [open, narrow] = [make(), make('10.20.0.0/16')];
    expect([reaches(open, '10.20.0.1', port), reaches(open, METADATA, port)]).toEqual([true, false]);
    expect([reaches(narrow, '10.20.0.1', port), reaches(narrow, PUBLIC, port)]).toEqual([true, false]);
  },
);

test.each<[string, QueueTrigger, number]>([
  ['Kafka', QueueTrigger.kafka({ ...kafka, cidr: '10.20.0.0/16' }), 9096],
  [
    'Redis',
    QueueTrigger.redisStream({ host: 'redis.example', stream: 's', consumerGroup: 'g', cidr: '10.20.0.0/16' }),
    6379,
  ],
])('%s outside the cluster can be reached where it is said to be', (_, trigger, port) => {
  expect(reaches(worker(trigger), '10.20.3.4', port)).toBe(true);
  expect(reaches(worker(trigger), PUBLIC, port)).toBe(false);
});

test('no pod of the cluster reaches a pod without being named', () => {
  for (const { ingress } of [sqs(), collection(), worker(QueueTrigger.kafka(kafka)), logs()])
    for (const rule of ingress) {
      expect(rule.from).toHaveLength(1);
      expect(rule.from[0].namespaceSelector.matchLabels).toEqual({ 'kubernetes.io/metadata.name': 'monitoring' });
    }
});
