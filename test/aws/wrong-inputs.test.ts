/** What a caller in JavaScript or Python can slip into a construct is one error with all that is wrong, and what to give instead. */
import { Duration, Lazy, Size, type Stack } from 'aws-cdk-lib';
import { DatabaseCluster } from 'aws-cdk-lib/aws-docdb';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { CiConcurrency } from '../../lib/aws/ci/ci-concurrency';
import type { CiConcurrencyProps } from '../../lib/aws/ci/ci-concurrency-props';
import { CompactedTable } from '../../lib/aws/compaction/compacted-table';
import { CompactionAlarms } from '../../lib/aws/compaction/compaction-alarms';
import { ContinuousCompaction } from '../../lib/aws/compaction/continuous-compaction';
import { EtlSource } from '../../lib/aws/etl/etl-source';
import { StreamSink } from '../../lib/aws/etl/stream-sink';
import { StreamingEtl } from '../../lib/aws/etl/streaming-etl';
import type { StreamingEtlProps } from '../../lib/aws/etl/streaming-etl-props';
import { MetricsSampling, type MetricsSamplingProps } from '../../lib/aws/metrics/metrics-sampling';
import { QueueAlarms, type QueueAlarmsProps } from '../../lib/aws/queue/queue-alarms';
import { QueueWorker, type QueueWorkerProps, WorkerCompute } from '../../lib/aws/queue/queue-worker';
import { RabbitMqBroker } from '../../lib/aws/queue/rabbit-mq-broker';
import { RabbitMqQueue } from '../../lib/aws/queue/rabbit-mq-queue';
import type { RabbitMqQueueProps } from '../../lib/aws/queue/rabbit-mq-queue-props';
import { RedriveQueue } from '../../lib/aws/queue/redrive-queue';
import type { RedriveQueueProps } from '../../lib/aws/queue/redrive-queue-props';
import { KafkaAlarms, type KafkaAlarmsProps } from '../../lib/aws/quotas/kafka-alarms';
import { KafkaAuthentication } from '../../lib/aws/quotas/kafka-authentication';
import { KafkaQuotas, type KafkaQuotasProps } from '../../lib/aws/quotas/kafka-quotas';
import { TtlCollection } from '../../lib/aws/retention/ttl-collection';
import { TtlCollectionAlarms } from '../../lib/aws/retention/ttl-collection-alarms';
import { TtlTable } from '../../lib/aws/retention/ttl-table';
import { TtlTableAlarms } from '../../lib/aws/retention/ttl-table-alarms';
import { ScheduleAlarms, type ScheduleAlarmsProps } from '../../lib/aws/schedule/schedule-alarms';
import { SpreadSchedule } from '../../lib/aws/schedule/spread-schedule';
import type { SpreadScheduleProps } from '../../lib/aws/schedule/spread-schedule-props';
import { FairShare } from '../../lib/aws/shares/fair-share';
import type { FairShareProps } from '../../lib/aws/shares/fair-share-props';
import { ArchiveBucket, type ArchiveBucketProps } from '../../lib/aws/storage/archive-bucket';
import { RefusedAlarms, type RefusedAlarmsProps } from '../../lib/aws/webhooks/refused-alarms';
import { WebhookAlarms, type WebhookAlarmsProps } from '../../lib/aws/webhooks/webhook-alarms';
import { WebhookBuffer, type WebhookBufferProps } from '../../lib/aws/webhooks/webhook-buffer';
import { WebhookScheme } from '../../lib/aws/webhooks/webhook-source';
import { RAW_PAGE_VIEWS } from '../../lib/cases/case-03-batch-to-streaming';
import { EVENTS, EVENTS_TABLE } from '../../lib/cases/case-16-collection-swells';
import { SMALL_FILES } from '../../lib/cases/case-17-continuous-cleanup';
import { InvalidInputError } from '../../lib/flow/errors';
import { MetricKind } from '../../lib/flow/metrics/workload';
import { eventsInDocumentDb } from '../support/document-db';
import { ratingJobs } from '../support/rating';
import { shop, type Untyped } from '../support/stack';

const workload = { steadyPerSecond: 20, serviceSeconds: 0.05 };
const objective = { latencySeconds: 60 };
const LATER = Lazy.number({ produce: () => 7 });
const A_TOKEN = 'is a token that only the deployment knows, and must be known at synthesis';

const functionIn = (stack: Stack) =>
  new LambdaFunction(stack, 'Function', { runtime: Runtime.NODEJS_22_X, handler: 'x', code: Code.fromInline('x') });

const slowFunctionIn = (stack: Stack) =>
  new LambdaFunction(stack, 'Runner', {
    runtime: Runtime.NODEJS_22_X,
    handler: 'x',
    code: Code.fromInline('x'),
    timeout: Duration.minutes(1),
  });

type Maker = (stack: Stack, props: Untyped) => unknown;
const MAKERS: Readonly<Record<string, Maker>> = {
  RedriveQueue: (stack, props) => new RedriveQueue(stack, 'It', props),
  QueueWorker: (stack, props) => new QueueWorker(stack, 'It', props),
  LambdaWorker: (stack, props) =>
    new QueueWorker(stack, 'It', {
      queue: new Queue(stack, 'Queue', { visibilityTimeout: Duration.minutes(5) }),
      workload,
      objective,
      compute: WorkerCompute.lambda(props),
    }),
  FargateWorker: (stack, props) =>
    new QueueWorker(stack, 'It', {
      queue: new Queue(stack, 'Queue'),
      workload,
      objective,
      compute: WorkerCompute.fargate(props),
    }),
  QueueAlarms: (stack, props) => new QueueAlarms(stack, 'It', props),
  WebhookBuffer: (stack, props) => new WebhookBuffer(stack, 'It', props),
  WebhookAlarms: (stack, props) => new WebhookAlarms(stack, 'It', props),
  RefusedAlarms: (stack, props) => new RefusedAlarms(stack, 'It', props),
  StreamingEtl: (stack, props) => new StreamingEtl(stack, 'It', props),
  RabbitMqQueue: (stack, props) => new RabbitMqQueue(stack, 'It', props),
  KafkaQuotas: (stack, props) => new KafkaQuotas(stack, 'It', props),
  KafkaAlarms: (stack, props) => new KafkaAlarms(stack, 'It', props),
  ArchiveBucket: (stack, props) => new ArchiveBucket(stack, 'It', props),
  ContinuousCompaction: (stack, props) => new ContinuousCompaction(stack, 'It', props),
  CompactionAlarms: (stack, props) => new CompactionAlarms(stack, 'It', props),
  TtlCollection: (stack, props) => new TtlCollection(stack, 'It', props),
  TtlCollectionAlarms: (stack, props) => new TtlCollectionAlarms(stack, 'It', props),
  TtlTable: (stack, props) => new TtlTable(stack, 'It', props),
  TtlTableAlarms: (stack, props) => new TtlTableAlarms(stack, 'It', props),
  IcebergTable: (stack, props) =>
    new ContinuousCompaction(stack, 'It', { ...SMALL_FILES, table: CompactedTable.iceberg(props) }),
  S3Table: (stack, props) =>
    new ContinuousCompaction(stack, 'It', { ...SMALL_FILES, table: CompactedTable.s3Table(props) }),
  DeltaTable: (stack, props) =>
    new ContinuousCompaction(stack, 'It', { ...SMALL_FILES, table: CompactedTable.delta(props) }),
  MetricsSampling: (stack, props) => new MetricsSampling(stack, 'It', props),
  FairShare: (stack, props) => new FairShare(stack, 'It', props),
  CiConcurrency: (stack, props) => new CiConcurrency(stack, 'It', props),
  ScheduleAlarms: (stack, props) => new ScheduleAlarms(stack, 'It', props),
  SpreadSchedule: (stack, props) => new SpreadSchedule(stack, 'It', props),
};

function failures(construct: string, props: Untyped, stack = shop()): readonly string[] {
  try {
    MAKERS[construct](stack, props);
  } catch (error) {
    if (error instanceof InvalidInputError) return error.failures;
    throw error;
  }
  return [];
}

const DURATION = 'give a Duration: Duration.seconds(30)';
const COMPUTE =
  'give a WorkerCompute: WorkerCompute.lambda({ function: handler }) or WorkerCompute.fargate({ cluster, image })';
const QUEUE = 'give a queue of Amazon SQS: a Queue, a RedriveQueue or Queue.fromQueueArn()';

type Row = [what: string, construct: string, props: (stack: Stack) => Untyped, expected: string[]];
const demand = { workload, objective };

test.each<Row>([
  ['no props', 'RedriveQueue', () => undefined, ['workload is missing', 'objective is missing']],
  ['props without a field', 'RedriveQueue', () => ({}), ['workload is missing', 'objective is missing']],
  [
    'text for props',
    'RedriveQueue',
    () => 'orders',
    ['workload is missing', 'objective is missing', "props is text, 'orders'; give an object"],
  ],
  [
    'no props',
    'ContinuousCompaction',
    () => undefined,
    ['workload is missing', 'objective is missing', 'table is missing'],
  ],
  [
    'text for a table',
    'ContinuousCompaction',
    () => ({ ...SMALL_FILES, table: 'events' }),
    [
      "table is text, 'events'; give a CompactedTable: CompactedTable.iceberg(), .s3Table() or .delta()",
      'table is missing',
    ],
  ],
  [
    'the name of a bucket for a bucket, and a folder with a slash at its end',
    'IcebergTable',
    () => ({ database: 'lake', tableName: 'events', bucket: 'lake', prefix: 'events/' }),
    [
      "table.bucket is text, 'lake'; give an S3 bucket: a Bucket or Bucket.fromBucketName()",
      "table.prefix must be folders of a bucket without a '/' at either end, such as lake/events, got 'events/'",
    ],
  ],
  [
    'neither a table nor what it is made of',
    'S3Table',
    () => ({ tableName: 'Events' }),
    [
      'table.namespace is missing',
      "table.tableName must be 1 to 255 lower-case letters, digits and underscores, got 'Events'",
    ],
  ],
  [
    'nothing about a Delta table, and an old version of Glue',
    'DeltaTable',
    () => ({ glueVersion: '4.0' }),
    [
      'table.bucket is missing',
      'table.prefix is missing',
      "table.glueVersion must be a version from 5.0 on, such as '5.1', got '4.0'",
    ],
  ],
  ['alarms without a plan', 'CompactionAlarms', () => ({}), ['plan is missing']],
  [
    'no props',
    'TtlTable',
    () => undefined,
    [
      'createdAttribute is missing',
      'table or partitionKey is missing: the table that is there, or the key of the one that is made',
      'workload is missing',
      'objective is missing',
    ],
  ],
  [
    'the name of a table for a table, and of a key for a key',
    'TtlTable',
    () => ({ ...EVENTS_TABLE, createdAttribute: 'at', table: 'events', partitionKey: 'id' }),
    [
      "table is text, 'events'; give a table of DynamoDB: a Table or Table.fromTableName()",
      "partitionKey is text, 'id'; give an object",
      'table or partitionKey is missing: the table that is there, or the key of the one that is made',
    ],
  ],
  [
    'a name of a cluster for the cluster, and text for a group',
    'TtlCollection',
    () => ({ databaseCluster: 'events', cluster: 'shop', securityGroup: 'sg-1' }),
    [
      "databaseCluster is text, 'events'; give a cluster of Amazon DocumentDB: a DatabaseCluster or DatabaseCluster.fromDatabaseClusterAttributes()",
      'secret is missing',
      'databaseName is missing',
      'collection is missing',
      "cluster is text, 'shop'; give an ECS cluster: a Cluster or Cluster.fromClusterAttributes()",
      "securityGroup is text, 'sg-1'; give a security group: a SecurityGroup or SecurityGroup.fromSecurityGroupId()",
      'workload is missing',
      'objective is missing',
    ],
  ],
  [
    'a database that nothing lets the tasks into',
    'TtlCollection',
    (stack) => ({
      ...EVENTS,
      ...eventsInDocumentDb(stack),
      databaseCluster: DatabaseCluster.fromDatabaseClusterAttributes(stack, 'Closed', {
        clusterIdentifier: 'events',
        clusterEndpointAddress: 'events.cluster-abc.us-east-1.docdb.amazonaws.com',
        port: 27_017,
      }),
    }),
    [
      'databaseCluster is imported without its security group, so nothing would let the tasks in: give securityGroup to fromDatabaseClusterAttributes()',
    ],
  ],
  [
    'alarms of a collection without anything',
    'TtlCollectionAlarms',
    () => ({}),
    ['plan is missing', 'metricsName is missing', 'undeliveredQueue is missing'],
  ],
  [
    'alarms of a table without anything',
    'TtlTableAlarms',
    () => ({}),
    ['plan is missing', 'table is missing', 'worker is missing', 'report is missing'],
  ],
  [
    'a number for a Duration',
    'RedriveQueue',
    () => ({ ...demand, functionTimeout: 30 }),
    [`functionTimeout is a number, 30; ${DURATION}`],
  ],
  [
    'a token for a Duration',
    'RedriveQueue',
    () => ({ ...demand, retention: LATER }),
    [`retention is a token; ${DURATION}`],
  ],
  [
    'a Duration for seconds',
    'RedriveQueue',
    () => ({ ...demand, workload: { ...workload, serviceSeconds: Duration.millis(50) } }),
    ['serviceSeconds is a Duration; give seconds as a number: duration.toSeconds()'],
  ],
  [
    'text, as context is',
    'RedriveQueue',
    () => ({ ...demand, workload: { ...workload, serviceSeconds: '0.05' }, maxReceiveCount: '5' }),
    [
      "serviceSeconds is text, '0.05'; give a number, e.g. Number(value)",
      "maxReceiveCount is text, '5'; give a number",
    ],
  ],
  [
    'a token in the workload',
    'RedriveQueue',
    () => ({ ...demand, workload: { ...workload, steadyPerSecond: LATER } }),
    [`steadyPerSecond ${A_TOKEN}`],
  ],
  [
    'a slip of the keyboard',
    'RedriveQueue',
    () => ({ ...demand, alarmTopics: undefined, functionTimout: Duration.seconds(3) }),
    ['alarmTopics is unknown; did you mean alarmTopic?', 'functionTimout is unknown; did you mean functionTimeout?'],
  ],
  [
    'a platform that there is not',
    'RedriveQueue',
    () => ({ ...demand, platform: 'lamda' }),
    ["platform must be one of lambda, lambda-provisioned, fargate, keda, keda-job, other, got 'lamda'"],
  ],
  [
    'something in each of its parts',
    'RedriveQueue',
    () => ({ workload: { ...workload, serviceSeconds: -1 }, functionTimeout: 3, fifo: 'yes', alarmTopic: 'arn' }),
    [
      'serviceSeconds must be above 0, got -1',
      'objective is missing',
      "fifo is text, 'yes'; give true or false",
      `functionTimeout is a number, 3; ${DURATION}`,
      "alarmTopic is text, 'arn'; give a topic of Amazon SNS: a Topic or Topic.fromTopicArn()",
    ],
  ],
  ['no props', 'QueueWorker', () => undefined, ['queue is missing', 'compute is missing']],
  [
    'a function for its compute',
    'QueueWorker',
    (stack) => ({ ...demand, queue: new Queue(stack, 'Queue'), compute: functionIn(stack) }),
    [`compute is a Lambda function; ${COMPUTE}`],
  ],
  [
    'the name of a queue',
    'QueueWorker',
    (stack) => ({ ...demand, queue: 'orders', compute: WorkerCompute.lambda({ function: functionIn(stack) }) }),
    [`queue is text, 'orders'; ${QUEUE}`],
  ],
  [
    'a queue that is missing, and a workload that is',
    'QueueWorker',
    (stack) => ({ objective, compute: WorkerCompute.lambda({ function: functionIn(stack) }) }),
    ['queue is missing'],
  ],
  ['no props', 'LambdaWorker', () => undefined, ['compute.function is missing']],
  [
    'text for the function',
    'LambdaWorker',
    () => ({ function: 'arn', batchWindow: 5 }),
    ["compute.function is text, 'arn'; give a Lambda function", `compute.batchWindow is a number, 5; ${DURATION}`],
  ],
  ['no props', 'FargateWorker', () => undefined, ['compute.cluster is missing', 'compute.image is missing']],
  ['no props', 'WebhookBuffer', () => undefined, ['workload is missing', 'objective is missing', 'sources is missing']],
  [
    'a scheme that there is not',
    'WebhookBuffer',
    () => ({ ...demand, sources: [{ name: 'pay', scheme: (WebhookScheme as Untyped).STRIP }] }),
    ['sources.scheme of pay must be one of github, stripe, standard-webhooks, shopify, slack, hmac, got undefined'],
  ],
  [
    'a number for the tolerance of a source',
    'WebhookBuffer',
    () => ({ ...demand, sources: [{ name: 'pay', scheme: 'stripe', tolerance: 300 }] }),
    [`sources[0].tolerance is a number, 300; ${DURATION}`],
  ],
  [
    'a token in a source',
    'WebhookBuffer',
    () => ({ ...demand, sources: [{ name: 'pay', scheme: 'stripe', steadyPerSecond: LATER }] }),
    [`sources.steadyPerSecond ${A_TOKEN}`],
  ],
  [
    'an object for the list of sources',
    'WebhookBuffer',
    () => ({ ...demand, sources: { name: 'pay', scheme: 'stripe' } }),
    ['sources is an object of another kind; give a list'],
  ],
  ['no props', 'ArchiveBucket', () => undefined, ['workload is missing']],
  [
    'a number for a Duration',
    'ArchiveBucket',
    () => ({ workload: { bytesPerDay: 1e9, objectBytes: Size.mebibytes(1) }, noncurrentVersionExpiration: 30 }),
    [
      `noncurrentVersionExpiration is a number, 30; ${DURATION}`,
      'workload.objectBytes is a Size; give bytes as a number: 1024 * size.toKibibytes()',
    ],
  ],
  [
    'no props',
    'KafkaQuotas',
    () => undefined,
    [
      'clusterArn is missing',
      'authentication is missing',
      'vpc is missing',
      'clusterSecurityGroup is missing',
      'capacity is missing',
      'tenants is missing',
    ],
  ],
  [
    'no props',
    'RabbitMqQueue',
    () => undefined,
    ['queueName is missing', 'broker is missing', 'workload is missing', 'objective is missing'],
  ],
  [
    'a VPC for a broker',
    'RabbitMqQueue',
    (stack) => ({ queueName: 'orders', workload, objective, broker: network(stack) }),
    [
      'broker is a construct of another kind; give a RabbitMqBroker: RabbitMqBroker.managed({ vpc }) or RabbitMqBroker.existing({ … })',
    ],
  ],
  [
    'no props',
    'StreamingEtl',
    () => undefined,
    ['queryName is missing', 'source is missing', 'sink is missing', 'workload is missing', 'objective is missing'],
  ],
  ['no props', 'SpreadSchedule', () => undefined, ['compute is missing', 'jobs is missing']],
  [
    'something in each of its parts',
    'SpreadSchedule',
    (stack) => ({
      jobs: [{ name: 'Cleanup', periodSeconds: 3600, durationSeconds: '10' }],
      objective: { startWithinSeconds: 1 },
      compute: WorkerCompute.lambda({ function: functionIn(stack), batchWindow: 5 as never }),
      queue: 'chores',
      alarmTopic: 'arn',
      removalPolicy: 'snapshot',
    }),
    [
      "jobs.name must be 1 to 40 lower-case letters, digits and hyphens, beginning with a letter, got 'Cleanup'",
      "jobs.durationSeconds of Cleanup is text, '10'; give a number, e.g. Number(value)",
      'objective.startWithinSeconds must be between 60 and 86400, got 1',
      `compute.batchWindow is a number, 5; ${DURATION}`,
      `queue is text, 'chores'; ${QUEUE}`,
      "alarmTopic is text, 'arn'; give a topic of Amazon SNS: a Topic or Topic.fromTopicArn()",
      "removalPolicy must be one of retain, retain-on-update-or-delete, destroy, got 'snapshot'",
    ],
  ],
  [
    'no props',
    'ScheduleAlarms',
    () => undefined,
    ['scheduleGroup is missing', 'undeliveredQueue is missing', 'plan is missing'],
  ],
  ['no props', 'QueueAlarms', () => undefined, ['queue is missing', 'deadLetterQueue is missing', 'plan is missing']],
  ['no props', 'WebhookAlarms', () => undefined, ['stage is missing', 'plan is missing']],
  ['no props', 'RefusedAlarms', () => undefined, ['consumer is missing', 'sourceNames is missing', 'plan is missing']],
  [
    'no props',
    'KafkaAlarms',
    () => undefined,
    [
      'clusterArn is missing',
      'brokers is missing',
      'plan is missing',
      'repairer is missing',
      'repairInterval is missing',
    ],
  ],
])('%s: a %s says what it is', (_what, construct, props, expected) => {
  const stack = shop();
  expect([...failures(construct, props(stack), stack)].sort()).toEqual([...expected].sort());
});

/** Every prop of every construct, so that none can be forgotten. */
type All<P> = Readonly<Record<keyof Required<P>, unknown>>;

const network = (stack: Stack) =>
  Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'v', availabilityZones: ['a'], privateSubnetIds: ['s'] });

/** Good values of what has to be given; undefined for what may be left out. */
const GOOD: Readonly<Record<string, (stack: Stack) => Untyped>> = {
  RedriveQueue: (): All<RedriveQueueProps> => ({
    ...demand,
    ...{ queue: undefined, deadLetterQueue: undefined, existing: undefined },
    ...{ consumer: undefined, platform: undefined, scaleToZero: undefined, fifo: undefined, encryptionKey: undefined },
    fairQueue: undefined,
    ...{ functionTimeout: undefined, batchWindow: undefined, batchSize: undefined, maxReceiveCount: undefined },
    ...{ maxRedrives: undefined, redrivesPerSecond: undefined, successRatioFloor: undefined, maskedFields: undefined },
    ...{
      retention: undefined,
      queueName: undefined,
      alarmTopic: undefined,
      alarms: undefined,
      dashboard: undefined,
      removalPolicy: undefined,
    },
  }),
  QueueWorker: (stack): All<QueueWorkerProps> => ({
    ...demand,
    queue: new Queue(stack, 'Queue', { visibilityTimeout: Duration.minutes(5) }),
    compute: WorkerCompute.lambda({ function: functionIn(stack) }),
    consumer: undefined,
  }),
  LambdaWorker: (stack) => ({
    function: functionIn(stack),
    functionTimeout: undefined,
    eventSourceMapping: undefined,
    batchSize: undefined,
    batchWindow: undefined,
    provisionedPollers: undefined,
  }),
  FargateWorker: (stack) => ({
    cluster: new Cluster(stack, 'Cluster', { vpc: network(stack) }),
    image: ContainerImage.fromRegistry('shop/worker:1'),
    ...{
      ...{ taskDefinition: undefined, service: undefined, cpu: undefined, memoryLimitMiB: undefined },
      ...{ architecture: undefined, ephemeralStorageGiB: undefined, command: undefined, entryPoint: undefined },
      ...{ environment: undefined, secrets: undefined, healthCheck: undefined, readonlyRootFilesystem: undefined },
      ...{ logging: undefined, taskRole: undefined, executionRole: undefined, securityGroups: undefined },
      ...{ vpcSubnets: undefined, assignPublicIp: undefined, capacityProviderStrategies: undefined },
      ...{ enableExecuteCommand: undefined, scaleToZero: undefined },
    },
  }),
  QueueAlarms: (stack): All<QueueAlarmsProps> => {
    const { queue, deadLetterQueue, plan } = new RedriveQueue(stack, 'Queue', demand);
    return {
      queue,
      deadLetterQueue,
      plan,
      quarantineQueue: undefined,
      redriver: undefined,
      fairQueue: undefined,
      alarmTopic: undefined,
      alarms: undefined,
    };
  },
  WebhookBuffer: (): All<WebhookBufferProps> => ({
    ...demand,
    sources: [{ name: 'pay', scheme: 'stripe' }],
    ...{ firewall: { rateRule: true }, throttle: undefined, domain: undefined },
    ...{
      platform: undefined,
      consumer: undefined,
      functionTimeout: undefined,
      idempotencyRetention: undefined,
      maxRedrives: undefined,
    },
    ...{
      encryptionKey: undefined,
      accountLogRole: undefined,
      maskedFields: undefined,
      alarmTopic: undefined,
      alarms: undefined,
    },
    ...{ queueName: undefined, removalPolicy: undefined },
  }),
  WebhookAlarms: (stack): All<WebhookAlarmsProps> => {
    const { api, plan } = new WebhookBuffer(stack, 'Hooks', {
      ...demand,
      sources: [{ name: 'pay', scheme: WebhookScheme.STRIPE }],
    });
    return { stage: api.deploymentStage, plan, alarmTopic: undefined, alarms: undefined };
  },
  RefusedAlarms: (stack): All<RefusedAlarmsProps> => {
    const { plan } = new WebhookBuffer(stack, 'Hooks', {
      ...demand,
      sources: [{ name: 'pay', scheme: WebhookScheme.STRIPE }],
    });
    return { consumer: functionIn(stack), sourceNames: ['pay'], plan, alarmTopic: undefined, alarms: undefined };
  },
  StreamingEtl: (): All<StreamingEtlProps> => ({
    workload: RAW_PAGE_VIEWS.workload,
    objective: RAW_PAGE_VIEWS.objective,
    queryName: 'views',
    source: EtlSource.kinesisStream(),
    sink: StreamSink.landing({
      schema: '{"properties":{"at":{"format":"date-time"}}}',
      timeColumn: 'at',
      tableNamespace: 'reports',
      tableName: 'raw',
    }),
    ...{ encryptionKey: undefined, serverAccessLogsBucket: undefined, removalPolicy: undefined },
    ...{ alarmTopic: undefined, alarms: undefined },
  }),
  RabbitMqQueue: (stack): All<RabbitMqQueueProps> => ({
    queueName: 'orders',
    workload,
    objective,
    broker: RabbitMqBroker.managed({ vpc: network(stack) }),
    ...{ consumer: undefined, vhost: undefined, consumerOutage: undefined, roundTripSeconds: undefined },
    ...{ deliveryLimit: undefined, scaleToZero: undefined, repairInterval: undefined, vpcSubnets: undefined },
    ...{ secretsManagerEndpoint: undefined, takeOver: undefined, alarmTopic: undefined, alarms: undefined },
    ...{ dashboard: undefined, removalPolicy: undefined },
  }),
  KafkaQuotas: (stack): All<KafkaQuotasProps> => ({
    clusterArn: 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/0c6e-7',
    capacity: { brokers: 3, brokerBytesPerSecond: 6e7 },
    tenants: [{ name: 'orders', steadyBytesPerSecond: 1e6 }],
    authentication: KafkaAuthentication.iam(),
    vpc: network(stack),
    clusterSecurityGroup: SecurityGroup.fromSecurityGroupId(stack, 'Brokers', 'sg-1'),
    ...{
      vpcSubnets: undefined,
      topics: undefined,
      repairInterval: undefined,
      alarmTopic: undefined,
      alarms: undefined,
    },
    ...{ takeOver: undefined, removalPolicy: undefined },
  }),
  KafkaAlarms: (stack): All<KafkaAlarmsProps> => {
    const { plan, repairer } = new KafkaQuotas(stack, 'Quotas', GOOD.KafkaQuotas(stack));
    const clusterArn = 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/0c6e-7';
    return {
      clusterArn,
      brokers: 3,
      plan,
      repairer,
      repairInterval: Duration.hours(1),
      alarmTopic: undefined,
      alarms: undefined,
    };
  },
  SpreadSchedule: (stack): All<SpreadScheduleProps> => ({
    jobs: [{ name: 'cleanup', periodSeconds: 3600, durationSeconds: 1, cpu: 1 }],
    compute: WorkerCompute.lambda({ function: slowFunctionIn(stack) }),
    ...{ objective: undefined, host: undefined, timeZone: undefined, maxConcurrent: undefined, queue: undefined },
    ...{
      scheduleGroup: undefined,
      idempotencyTable: undefined,
      encryptionKey: undefined,
      alarmTopic: undefined,
      alarms: undefined,
    },
    ...{ queueName: undefined, removalPolicy: undefined },
  }),
  ScheduleAlarms: (stack): All<ScheduleAlarmsProps> => {
    const { scheduleGroup, undeliveredQueue, plan } = new SpreadSchedule(stack, 'Chores', GOOD.SpreadSchedule(stack));
    return { scheduleGroup, undeliveredQueue, plan, runner: undefined, alarmTopic: undefined, alarms: undefined };
  },
  FairShare: (stack): All<FairShareProps> => ({
    ...ratingJobs(stack),
    ...{ vpc: undefined, vpcSubnets: undefined, command: undefined, architecture: undefined },
    ...{ jobDefinitions: undefined, schedulingPriority: undefined, priority: undefined, shareDecay: undefined },
    ...{ computeReservation: undefined, jobStart: undefined, jobAttempts: undefined, maxRunnable: undefined },
    ...{ snapshotInterval: undefined, alarmTopic: undefined, alarms: undefined },
  }),
  CiConcurrency: (): All<CiConcurrencyProps> => ({
    workload: { pushesPerHourPeak: 10, runSeconds: 100 },
    objective: { waitSeconds: 180 },
    quota: 60,
    ...{ projectName: 'pool', owner: 'example', repository: 'shop', connectionArn: undefined, pipelines: undefined },
    ...{ maxRunners: undefined, runnerStart: undefined, cancelOutdated: undefined, filterPaths: undefined },
    ...{ computeType: undefined, buildImage: undefined, logGroup: undefined },
    ...{ alarmTopic: undefined, alarms: undefined },
  }),
  ArchiveBucket: (): All<ArchiveBucketProps> => ({
    workload: { bytesPerDay: 1e9, objectBytes: 2 ** 20 },
    ...{ objective: undefined, transitions: undefined, noncurrentVersionExpiration: undefined, budget: undefined },
    ...{ abortIncompleteMultipartUploadAfter: undefined, encryptionKey: undefined, serverAccessLogsBucket: undefined },
    ...{
      inventoryBucket: undefined,
      alarmTopic: undefined,
      alarms: undefined,
      costAllocationTag: undefined,
      budgetHeadroom: undefined,
    },
    removalPolicy: undefined,
  }),
  MetricsSampling: (): All<MetricsSamplingProps> => ({
    ...{
      workload: {
        sources: [{ name: 'api', targets: 10, families: [{ name: 'work_total', kind: MetricKind.COUNTER }] }],
      },
      objective: { activeSeries: 1000 },
    },
    ...{ usedIn: undefined, uses: undefined, dropped: undefined, kept: undefined, keptBuckets: undefined },
    ...{ recordings: undefined, interval: undefined, prometheusVersion: undefined, nativeHistograms: undefined },
    ...{ retention: undefined, encryptionKey: undefined, alarmTopic: undefined, alarms: undefined },
    removalPolicy: undefined,
  }),
};

const WRONG: Readonly<Record<string, unknown>> = {
  null: null,
  'a symbol': Symbol('x'),
  'a function': () => 7,
  'a list of lists': [[]],
  'a list of null': [null],
};

const PROPS = Object.entries(GOOD).flatMap(([construct, good]) =>
  Object.keys(good(new (shop().constructor as never as new () => Stack)())).map((prop) => [construct, prop] as const),
);

describe.each(PROPS)('%s.%s', (construct, prop) => {
  test.each(Object.keys(WRONG))('%s is refused by name', (what) => {
    const stack = shop();
    const [failure] = failures(construct, { ...GOOD[construct](stack), [prop]: WRONG[what] }, stack);
    expect(failure).toMatch(new RegExp(`\\b${prop}\\b`));
    expect(failure).not.toMatch(/undefined|\[object/);
  });
});
