/** What a caller in JavaScript or Python can slip into a construct is one error with all that is wrong, and what to give instead. */
import { Duration as CdkDuration, Lazy } from 'aws-cdk-lib';
import { InvalidInputError } from '../../lib/flow/errors';
import { LogOutput } from '../../lib/k8s/logs/log-output';
import { LogShipping, type LogShippingProps } from '../../lib/k8s/logs/log-shipping';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../lib/k8s/queue/queue-worker';
import type { QueueWorkerProps } from '../../lib/k8s/queue/queue-worker-props';
import { KafkaQuotas, type KafkaQuotasProps } from '../../lib/k8s/quotas/kafka-quotas';
import { TtlCollection, type TtlCollectionProps } from '../../lib/k8s/retention/ttl-collection';
import { SpreadSchedule, type SpreadScheduleProps } from '../../lib/k8s/schedule/spread-schedule';
import { FairShare, type FairShareProps } from '../../lib/k8s/shares/fair-share';
import { TenantNamespace, type TenantNamespaceProps } from '../../lib/k8s/shares/tenant-namespace';
import { emptyChart } from '../support/manifest';
import type { Untyped } from '../support/stack';

const workload = { steadyPerSecond: 20, serviceSeconds: 0.05 };
const objective = { latencySeconds: 60 };
const secret = { secretName: 'orders', key: 'uri' };
const LATER = Lazy.number({ produce: () => 7 });
const A_TOKEN = 'is a token that only the deployment knows, and must be known at synthesis';
const DURATION = 'give a Duration of cdk8s: Duration.seconds(30)';
const TRIGGER = 'give a QueueTrigger: QueueTrigger.rabbitMq(), .sqs(), .redisStream(), .kafka() or .custom()';

const MAKERS: Readonly<Record<string, (props: Untyped) => unknown>> = {
  QueueWorker: (props) => new QueueWorker(emptyChart(), 'It', props),
  'worker on SQS': (props) => worker(QueueTrigger.sqs(props)),
  'worker on RabbitMQ': (props) => worker(QueueTrigger.rabbitMq(props)),
  'worker on Kafka': (props) => worker(QueueTrigger.kafka(props)),
  'worker on Redis': (props) => worker(QueueTrigger.redisStream(props)),
  LogShipping: (props) => new LogShipping(emptyChart(), 'It', props),
  'logs to Kafka': (props) =>
    new LogShipping(emptyChart(), 'It', { ...GOOD.LogShipping(), output: LogOutput.kafka(props) }),
  'logs to Elasticsearch': (props) =>
    new LogShipping(emptyChart(), 'It', { ...GOOD.LogShipping(), output: LogOutput.elasticsearch(props) }),
  KafkaQuotas: (props) => new KafkaQuotas(emptyChart(), 'It', props),
  TtlCollection: (props) => new TtlCollection(emptyChart(), 'It', props),
  SpreadSchedule: (props) => new SpreadSchedule(emptyChart(), 'It', props),
  FairShare: (props) => new FairShare(emptyChart(), 'It', props),
  TenantNamespace: (props) => new TenantNamespace(emptyChart(), 'It', props),
};

function worker(trigger: QueueTrigger): QueueWorker {
  return new QueueWorker(emptyChart(), 'It', { workload, objective, trigger, image: 'shop/worker:1' });
}

function failures(construct: string, props: Untyped): readonly string[] {
  try {
    MAKERS[construct](props);
  } catch (error) {
    if (error instanceof InvalidInputError) return error.failures;
    throw error;
  }
  return [];
}

const onRabbit = () =>
  QueueTrigger.rabbitMq({ queueName: 'orders', clusterName: 'rabbit', connection: secret, management: secret });

test.each<[string, string, Untyped, string[]]>([
  [
    'no props',
    'QueueWorker',
    undefined,
    ['workload is missing', 'objective is missing', 'trigger is missing', 'image is missing'],
  ],
  [
    'the name of a queue for its trigger',
    'QueueWorker',
    { workload, objective, image: 'shop/worker:1', trigger: 'orders' },
    [`trigger is text, 'orders'; ${TRIGGER}`],
  ],
  [
    'an object for its trigger',
    'QueueWorker',
    { workload, objective, image: 'shop/worker:1', trigger: { queueName: 'orders' } },
    [`trigger is an object of another kind; ${TRIGGER}`],
  ],
  [
    'a number for a Duration',
    'QueueWorker',
    { workload, objective, image: 'shop/worker:1', trigger: onRabbit(), cooldown: 300 },
    [`cooldown is a number, 300; ${DURATION}`],
  ],
  [
    'a token, and a Duration in the workload',
    'QueueWorker',
    {
      workload: { steadyPerSecond: LATER, serviceSeconds: CdkDuration.millis(50) },
      objective,
      image: 'shop/worker:1',
      trigger: onRabbit(),
    },
    [`steadyPerSecond ${A_TOKEN}`, 'serviceSeconds is a Duration; give seconds as a number: duration.toSeconds()'],
  ],
  ['no props', 'worker on SQS', undefined, ['trigger.queueUrl is missing', 'trigger.region is missing']],
  [
    'text for a secret',
    'worker on RabbitMQ',
    { queueName: 'orders', clusterName: 'rabbit', connection: 'amqp://', management: { secretName: 'a' } },
    ["trigger.connection is text, 'amqp://'; give an object", 'trigger.management.key is missing'],
  ],
  [
    'no props',
    'worker on Kafka',
    undefined,
    [
      'trigger.bootstrapServers is missing',
      'trigger.consumerGroup is missing',
      'trigger.partitions is missing',
      'trigger.topic is missing',
    ],
  ],
  [
    'no props',
    'worker on Redis',
    undefined,
    ['trigger.consumerGroup is missing', 'trigger.host is missing', 'trigger.stream is missing'],
  ],
  [
    'no props',
    'LogShipping',
    undefined,
    [
      'workload is missing',
      'objective is missing',
      'output is missing',
      'logFolder is missing',
      'fileUser is missing',
      'rotatorImage is missing',
    ],
  ],
  [
    'no props',
    'KafkaQuotas',
    undefined,
    ['clusterName is missing', 'capacity is missing', 'tenants is missing', 'topics is missing'],
  ],
  [
    'no props',
    'TtlCollection',
    undefined,
    [
      'workload is missing',
      'objective is missing',
      'collection is missing',
      'connection is missing',
      'pushGateway is missing',
    ],
  ],
  ['no props', 'SpreadSchedule', undefined, ['jobs is missing']],
  [
    'job of another form',
    'SpreadSchedule',
    { jobs: [{ name: 'clean', cron: '@daily', durationSeconds: 60, image: 7, enviroment: {}, memory: 64 }] },
    [
      'enviroment is unknown; did you mean environment?',
      'jobs[0].image is a number, 7; give text',
      'jobs[0].memory is a number, 64; give a Size of cdk8s: Size.mebibytes(64)',
    ],
  ],
  ['no props', 'FairShare', undefined, ['capacity is missing', 'tenants is missing', 'objective is missing']],
  [
    'no props',
    'TenantNamespace',
    undefined,
    ['name is missing', 'share is missing', 'cohortName is missing', 'flavorName is missing'],
  ],
])('%s: a %s says what it is', (_what, construct, props, expected) => {
  expect([...failures(construct, props)].sort()).toEqual([...expected].sort());
});

/** Every prop of every construct, so that none can be forgotten. */
type All<P> = Readonly<Record<keyof Required<P>, unknown>>;

const tenant = { name: 'orders', steadyBytesPerSecond: 1e6 };

/** Good values of what has to be given; undefined for what may be left out. */
const GOOD: Readonly<Record<string, () => Untyped>> = {
  QueueWorker: (): All<QueueWorkerProps> => ({
    ...{ workload, objective, trigger: onRabbit(), image: 'shop/worker:1' },
    ...{ command: undefined, environment: undefined, resources: undefined, scratchSpace: undefined },
    ...{ consumer: undefined, scaleToZero: undefined, cooldown: undefined, nodeProvisionTime: undefined },
    ...{ target: undefined, probes: undefined, fallback: undefined, serviceAccount: undefined },
    ...{ labels: undefined, alertLabels: undefined, dns: undefined },
  }),
  'worker on SQS': () => ({
    queueUrl: 'https://sqs.eu-central-1.amazonaws.com/123456789012/orders',
    region: 'eu-central-1',
    roleArn: 'arn:aws:iam::123456789012:role/worker',
    ...{ endpointCidr: undefined, stsCidr: undefined, scalerRoleArn: undefined },
    ...{ endpointCidrs: undefined, stsCidrs: undefined },
  }),
  'worker on RabbitMQ': () => ({
    ...{ queueName: 'orders', clusterName: 'rabbit', connection: secret, management: secret },
    ...{ clusterNamespace: undefined, vhost: undefined, consumerOutage: undefined, roundTripSeconds: undefined },
    ...{ existing: undefined, cidrs: undefined, ports: undefined },
  }),
  'worker on Kafka': () => ({
    ...{ bootstrapServers: ['kafka:9093'], topic: 'orders', partitions: 6, consumerGroup: 'orders' },
    ...{ namespace: undefined, cidr: undefined, certificateAuthority: undefined },
    ...{ username: undefined, password: undefined, tls: undefined, cidrs: undefined },
    ...{ clientCertificate: undefined, clientKey: undefined },
  }),
  'worker on Redis': () => ({
    ...{ host: 'redis', stream: 'orders', consumerGroup: 'orders' },
    ...{ port: undefined, namespace: undefined, cidr: undefined, deleteWhenDone: undefined, password: undefined },
    ...{ tls: undefined, certificateAuthority: undefined, cidrs: undefined },
  }),
  LogShipping: (): All<LogShippingProps> => ({
    workload: { steadyBytesPerSecond: 1e5 },
    objective: { diskBudgetBytes: 1e11, outageSeconds: 3600 },
    output: LogOutput.elasticsearch({ hosts: ['https://logs:9200'], index: 'logs', apiKey: secret }),
    ...{ logFolder: '/var/log/app', fileUser: 1000, rotatorImage: 'shop/rotator:1' },
    ...{ filePattern: undefined, fileGroup: undefined, shipperUser: undefined, reopen: undefined },
    ...{ rotationInterval: undefined, fileSizeCapBytes: undefined, fileCount: undefined, resources: undefined },
    ...{ compressBytesPerSecond: undefined, tolerateEverything: undefined, monitoringNamespace: undefined },
    stateName: undefined,
  }),
  'logs to Kafka': () => ({
    ...{ bootstrapServers: ['logs:9093'], topic: 'logs', username: secret, password: secret },
    ...{ namespace: undefined, cidr: undefined, certificateAuthority: undefined },
  }),
  'logs to Elasticsearch': () => ({
    ...{ hosts: ['https://logs:9200'], index: 'logs', apiKey: secret },
    ...{ namespace: undefined, cidr: undefined, certificateAuthority: undefined },
  }),
  KafkaQuotas: (): All<KafkaQuotasProps> => ({
    clusterName: 'events',
    capacity: { brokers: 3, brokerBytesPerSecond: 6e7 },
    tenants: [tenant],
    topics: [{ topicName: 'orders', tenant: 'orders', partitions: 6 }],
    ...{ clusterNamespace: undefined, authentication: undefined, retainTopics: undefined },
  }),
  TtlCollection: (): All<TtlCollectionProps> => ({
    workload: {
      ...{ insertsPerSecond: 1, documentBytes: 1e3, existingDocuments: 1e6 },
      ...{ spareWritesPerSecond: 100, deletesPerSecond: 100 },
    },
    objective: { retentionSeconds: 1e6 },
    ...{ collection: 'events', connection: secret, pushGateway: 'http://pushgateway.monitoring:9091' },
    ...{ createdField: undefined, databaseNamespace: undefined, databaseCidr: undefined, databasePort: undefined },
  }),
  SpreadSchedule: (): All<SpreadScheduleProps> => ({
    jobs: [{ name: 'clean', cron: '@daily', durationSeconds: 60, cpu: 0.2, image: 'shop/clean:1' }],
    ...{ objective: undefined, host: undefined, timeZone: undefined, maxConcurrent: undefined },
    ...{ ownQueue: undefined, localQueue: undefined },
  }),
  FairShare: (): All<FairShareProps> => ({
    capacity: { cpu: 100, memoryBytes: 1e12 },
    tenants: [{ name: 'a', workload: { steadyPerSecond: 0.1, serviceSeconds: 60 }, jobCpu: 1, jobMemoryBytes: 1e9 }],
    objective: { latencySeconds: 600 },
    ...{ cohort: undefined, nodeLabels: undefined, reclaimByPreemption: undefined, urgentClass: undefined },
  }),
  TenantNamespace: (): All<TenantNamespaceProps> => ({
    ...{ name: 'risk', cohortName: 'batch', flavorName: 'standard' },
    share: {
      ...{ name: 'risk', weight: 1, wantedJobs: 4, nominalJobs: 4, borrowedJobs: 2, quotaJobs: 7, jobCpu: 1 },
      ...{ jobMemoryBytes: 2 ** 30, onTimeRatio: 1 },
    },
    ...{ reclaimByPreemption: undefined, urgentClass: undefined },
  }),
};

const WRONG: Readonly<Record<string, unknown>> = {
  null: null,
  'a symbol': Symbol('x'),
  'a function': () => 7,
  'a list of lists': [[]],
  'a list of null': [null],
};

test.each(Object.keys(GOOD))('%s: what is right is taken', (construct) => {
  expect(failures(construct, GOOD[construct]())).toEqual([]);
});

describe.each(
  Object.entries(GOOD).flatMap(([construct, good]) => Object.keys(good()).map((prop) => [construct, prop] as const)),
)('%s: %s', (construct, prop) => {
  test.each(Object.keys(WRONG))('%s is refused by name', (what) => {
    const [failure] = failures(construct, { ...GOOD[construct](), [prop]: WRONG[what] });
    expect(failure).toMatch(new RegExp(`\\b${prop}\\b`));
    expect(failure).not.toMatch(/undefined|\[object/);
  });
});
