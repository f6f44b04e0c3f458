/** Constructs of `lib/aws`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CfnParameter, Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import { DatabaseCluster as DocumentDbCluster } from 'aws-cdk-lib/aws-docdb';
import { AttributeType, type ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  AwsLogDriverMode,
  Cluster,
  ContainerImage,
  Ec2TaskDefinition,
  FargateService,
  FargateTaskDefinition,
} from 'aws-cdk-lib/aws-ecs';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import { DeliveryStream, S3Bucket } from 'aws-cdk-lib/aws-kinesisfirehose';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { DatabaseCluster, DatabaseInstance } from 'aws-cdk-lib/aws-rds';
import { Bucket, StorageClass } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ConfigurationSet, EmailIdentity } from 'aws-cdk-lib/aws-ses';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import fc from 'fast-check';
import { BackpressureChecks } from '../../../lib/aws/backpressure-checks';
import { CiConcurrency } from '../../../lib/aws/ci/ci-concurrency';
import { CompactedTable } from '../../../lib/aws/compaction/compacted-table';
import { CompactionAlarms } from '../../../lib/aws/compaction/compaction-alarms';
import { ContinuousCompaction } from '../../../lib/aws/compaction/continuous-compaction';
import { EtlSource, MskBrokers } from '../../../lib/aws/etl/etl-source';
import { StreamSink } from '../../../lib/aws/etl/stream-sink';
import { StreamingEtl } from '../../../lib/aws/etl/streaming-etl';
import { JvmAlarms } from '../../../lib/aws/jvm/jvm-alarms';
import { JvmService } from '../../../lib/aws/jvm/jvm-service';
import { LogShipping } from '../../../lib/aws/logs/log-shipping';
import { LogShippingAlarms } from '../../../lib/aws/logs/log-shipping-alarms';
import { CoalescingAlarms } from '../../../lib/aws/merging/coalescing-alarms';
import { CoalescingQueue } from '../../../lib/aws/merging/coalescing-queue';
import { EventTransport } from '../../../lib/aws/merging/coalescing-queue-props';
import { Invalidator } from '../../../lib/aws/merging/invalidator';
import { MetricsSampling } from '../../../lib/aws/metrics/metrics-sampling';
import { QueueAlarms } from '../../../lib/aws/queue/queue-alarms';
import { QueueWorker, WorkerCompute } from '../../../lib/aws/queue/queue-worker';
import { RabbitMqAlarms } from '../../../lib/aws/queue/rabbit-mq-alarms';
import { RabbitMqBroker } from '../../../lib/aws/queue/rabbit-mq-broker';
import { RabbitMqQueue } from '../../../lib/aws/queue/rabbit-mq-queue';
import { RabbitMqWorker } from '../../../lib/aws/queue/rabbit-mq-worker';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import { KafkaAlarms } from '../../../lib/aws/quotas/kafka-alarms';
import { KafkaAuthentication } from '../../../lib/aws/quotas/kafka-authentication';
import { KafkaQuotas } from '../../../lib/aws/quotas/kafka-quotas';
import { RateLimitedSender } from '../../../lib/aws/rates/rate-limited-sender';
import { TenantPolicy } from '../../../lib/aws/rates/rate-limited-sender-props';
import { SenderAlarms } from '../../../lib/aws/rates/sender-alarms';
import { DatabaseServer } from '../../../lib/aws/replication/database-server';
import { ReplicaAlarms } from '../../../lib/aws/replication/replica-alarms';
import { ReplicaLagGuard } from '../../../lib/aws/replication/replica-lag-guard';
import { TtlCollection } from '../../../lib/aws/retention/ttl-collection';
import { TtlCollectionAlarms } from '../../../lib/aws/retention/ttl-collection-alarms';
import { TtlTable } from '../../../lib/aws/retention/ttl-table';
import { TtlTableAlarms } from '../../../lib/aws/retention/ttl-table-alarms';
import { ScheduleAlarms } from '../../../lib/aws/schedule/schedule-alarms';
import { SpreadSchedule } from '../../../lib/aws/schedule/spread-schedule';
import { BoundedService } from '../../../lib/aws/services/bounded-service';
import { FairShare } from '../../../lib/aws/shares/fair-share';
import { ArchiveBucket } from '../../../lib/aws/storage/archive-bucket';
import { PartitionedStream } from '../../../lib/aws/streams/partitioned-stream';
import { StreamAlarms } from '../../../lib/aws/streams/stream-alarms';
import { StreamConsumer } from '../../../lib/aws/streams/stream-consumer';
import { StreamKind } from '../../../lib/aws/streams/stream-kind';
import { RefusedAlarms } from '../../../lib/aws/webhooks/refused-alarms';
import { WebhookAlarms } from '../../../lib/aws/webhooks/webhook-alarms';
import { WebhookBuffer } from '../../../lib/aws/webhooks/webhook-buffer';
import { DeduplicateBy, WebhookScheme } from '../../../lib/aws/webhooks/webhook-source';
import type { CiPipeline } from '../../../lib/flow/ci/pipelines';
import { CompactionWriter } from '../../../lib/flow/compaction/workload';
import { JvmCollector } from '../../../lib/flow/jvm/workload';
import { UnknownMail } from '../../../lib/flow/rates/workload';
import { ServiceAdmission, ServiceLimit } from '../../../lib/flow/services/workload';
import { eventsInDocumentDb } from '../../support/document-db';
import { optional, spread, usually } from '../../support/property';
import { METRICS } from './metrics';
import { type Subject, subject } from './subject';
import {
  ciObjective,
  ciWorkload,
  collectionObjective,
  collectionWorkload,
  compactionObjective,
  compactionWorkload,
  consumers,
  etlWorkload,
  fewChanges,
  figures,
  isPlain,
  jvmObjective,
  jvmWorkload,
  Parameter,
  queueObjective,
  queueWorkload,
  ratesWorkload,
  seconds,
  seldom,
  serviceNumbers,
  streamObjective,
  streamWorkload,
  ttlTableObjective,
  ttlTableWorkload,
} from './values';
import { writePeaks } from './writes';

const outdir = mkdtempSync(join(tmpdir(), 'backpressure-fuzz-'));
process.once('exit', () => rmSync(outdir, { recursive: true, force: true }));

/** A construct in a stack of its own; parameters among its props are declared in the stack. */
function inStack<P>(build: (stack: Stack, id: string, props: P) => void) {
  return (id: string, props: P): unknown => {
    const context = { [DISABLE_ASSET_STAGING_CONTEXT]: true };
    const app = new App({ outdir, context, analyticsReporting: false, stackTraces: false, treeMetadata: false });
    const stack = new Stack(app, 'Shop');
    build(stack, id, withParameters(stack, props));
    return Template.fromStack(stack).toJSON();
  };
}

function withParameters<T>(stack: Stack, value: T): T {
  if (value instanceof Parameter) {
    const parameter = new CfnParameter(stack, `Parameter${stack.node.children.length}`, { type: value.type });
    return (value.type === 'String' ? parameter.valueAsString : parameter.valueAsNumber) as T;
  }
  if (Array.isArray(value)) return value.map((one) => withParameters(stack, one)) as T;
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withParameters(stack, one)])) as T;
}

const lambda = (stack: Stack, id = 'Function', timeout = Duration.seconds(30)) =>
  new LambdaFunction(stack, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = 0'),
    timeout,
  });

const network = (stack: Stack) =>
  Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-1',
    vpcCidrBlock: '10.0.0.0/16',
    availabilityZones: ['a', 'b', 'c'],
    privateSubnetIds: ['subnet-a', 'subnet-b', 'subnet-c'],
  });

const topic = (stack: Stack, wanted?: boolean) => (wanted ? new Topic(stack, 'Alarms') : undefined);
const flag = optional(fc.boolean());
const CLUSTER_ARN = 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/0c6e-7';

const redrive = fc.record({
  workload: queueWorkload,
  objective: queueObjective,
  consumer: consumers,
  fifo: flag,
  fairQueue: flag,
  functionTimeout: optional(seconds(1, 900)),
  batchWindow: optional(seconds(0, 300)),
  batchSize: optional(fc.integer({ min: 1, max: 12 })),
  maxReceiveCount: optional(fc.integer({ min: 1, max: 20 })),
  retention: optional(seconds(3600, 1_209_600)),
  maxRedrives: optional(fc.integer({ min: 0, max: 10 })),
  redrivesPerSecond: optional(spread(0.01, 100)),
  successRatioFloor: optional(fc.double({ min: 0.1, max: 0.99, noNaN: true })),
  maskedFields: optional(fc.array(fc.constantFrom('iban', 'password', 'phone'), { maxLength: 3 })),
  alarms: flag,
  dashboard: flag,
  given: fc.constantFrom(undefined, undefined, undefined, 'own', 'bare', 'imported', 'both imported'),
  existing: optional(
    fc.record(
      {
        visibilityTimeout: seconds(0, 50_000),
        maxReceiveCount: fc.integer({ min: 0, max: 12 }),
        retention: seconds(3600, 1_209_600),
        deadLetterRetention: seconds(80_000, 1_300_000),
        deadLetterVisibilityTimeout: seconds(0, 900),
      },
      { requiredKeys: [] },
    ),
  ),
});

/** Queues that are there already. */
function givenQueues(stack: Stack, given: string | undefined, fifo: unknown) {
  const isFifo = fifo === true ? true : undefined;
  const letters = () =>
    new Queue(stack, 'Letters', {
      fifo: isFifo,
      retentionPeriod: Duration.days(14),
      visibilityTimeout: Duration.minutes(3),
    });
  const queue = (deadLetterQueue?: IQueue) =>
    new Queue(stack, 'There', {
      fifo: isFifo,
      visibilityTimeout: Duration.minutes(15),
      deadLetterQueue: deadLetterQueue && { queue: deadLetterQueue, maxReceiveCount: 5 },
    });
  const imported = (name: string) => {
    const queueArn = stack.formatArn({ service: 'sqs', resource: `${name}${isFifo ? '.fifo' : ''}` });
    return Queue.fromQueueAttributes(stack, name, { queueArn, fifo: isFifo });
  };
  if (given === 'own') return { queue: queue(letters()) };
  if (given === 'bare') return { queue: queue() };
  if (given === 'imported') return { queue: imported('There') };
  return given === undefined ? {} : { queue: imported('There'), deadLetterQueue: imported('Letters') };
}

const webhooks = fc.record({
  workload: queueWorkload,
  objective: queueObjective,
  sources: fc.array(
    fc.record({
      name: fc.constantFrom('github', 'pay', 'shop'),
      scheme: fc.constantFrom(...Object.values(WebhookScheme)),
      tolerance: optional(seconds(30, 3600)),
      deduplicateBy: optional(fc.constantFrom(...Object.values(DeduplicateBy))),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  functionTimeout: optional(seconds(1, 900)),
  maxRedrives: optional(fc.integer({ min: 0, max: 10 })),
  idempotencyRetention: optional(seconds(86_400, 8_640_000)),
  accountLogRole: flag,
  firewall: optional(fc.record({ rateRule: flag })),
  throttle: optional(
    fc.record({
      ratePerSecond: optional(fc.integer({ min: 0, max: 100_000 })),
      burst: optional(fc.integer({ min: 1, max: 6000 })),
    }),
  ),
  maskedFields: optional(fc.array(fc.constantFrom('iban', 'phone'), { maxLength: 2 })),
  removalPolicy: optional(fc.constantFrom(...Object.values(RemovalPolicy))),
  alarms: flag,
});

const sourceNames = fc.uniqueArray(fc.constantFrom('github', 'pay', 'shop'), { minLength: 1, maxLength: 3 });

const tenants = fc.array(
  fc.record({
    name: fc.constantFrom('orders', 'clicks', 'audit', 'mail'),
    steadyBytesPerSecond: figures(1000, 1e7),
    peakBytesPerSecond: optional(figures(1e7, 1e8)),
    peakSeconds: optional(fc.integer({ min: 0, max: 7200 })),
    weight: optional(figures(0.1, 10)),
    partitions: optional(fc.integer({ min: 1, max: 100 })),
    readers: optional(fc.integer({ min: 0, max: 5 })),
    user: optional(fc.constantFrom('u1', 'u2')),
    clientId: optional(fc.constantFrom('c1', 'c2')),
  }),
  { minLength: 1, maxLength: 3 },
);

const quotas = fc.record({
  capacity: fc.record({
    brokers: fc.integer({ min: 1, max: 12 }),
    brokerBytesPerSecond: figures(1e6, 1e9),
    replicationFactor: optional(fc.integer({ min: 1, max: 3 })),
    spareBrokers: optional(fc.integer({ min: 0, max: 2 })),
    requestThreads: optional(fc.integer({ min: 1, max: 64 })),
  }),
  tenants,
  clusterArn: fc.constant(CLUSTER_ARN),
  topics: optional(
    fc.array(
      fc.record({
        topicName: fc.constantFrom('orders.v1', 'clicks.v1'),
        tenant: fc.constantFrom('orders', 'clicks'),
        partitions: fc.integer({ min: 1, max: 100 }),
        retention: optional(seconds(60, 604_800)),
      }),
      { maxLength: 2 },
    ),
  ),
  repairInterval: optional(seconds(60, 3600)),
  scram: fc.boolean(),
  alarms: flag,
  asked: fc.constantFrom('orders', 'clicks'),
});
const guards = fc
  .record({
    ...writePeaks,
    otherKind: usually(fc.constant(false), fc.constant(true)),
    replicaCount: usually(fc.integer({ min: 1, max: 3 }), fc.constant(0)),
    heartbeat: optional(seconds(1, 3)),
    schema: optional(usually(fc.constant('backpressure'), fc.constant('a-b'))),
    verifyIdentity: flag,
  })
  // A cluster has the engine of clusters, as a rule.
  .map(({ otherKind, ...rest }) => ({ ...rest, isCluster: (rest.engine === 'aurora-mysql8.0') !== otherKind }));

type Guards = typeof guards extends fc.Arbitrary<infer T> ? T : never;

function makeGuard(stack: Stack, id: string, { isCluster, replicaCount, ...props }: Guards): ReplicaLagGuard {
  const vpc = Vpc.fromVpcAttributes(stack, `${id}Vpc`, {
    vpcId: 'vpc-1',
    availabilityZones: ['a', 'b'],
    privateSubnetIds: ['subnet-a', 'subnet-b'],
  });
  const server = (name: string) =>
    isCluster
      ? DatabaseServer.cluster(
          DatabaseCluster.fromDatabaseClusterAttributes(stack, `${id}${name}`, {
            clusterIdentifier: name,
            clusterEndpointAddress: `${name}.example.eu-west-1.rds.amazonaws.com`,
            port: 3306,
          }),
        )
      : DatabaseServer.instance(
          DatabaseInstance.fromDatabaseInstanceAttributes(stack, `${id}${name}`, {
            instanceIdentifier: name,
            instanceEndpointAddress: `${name}.example.eu-west-1.rds.amazonaws.com`,
            port: 3306,
            securityGroups: [],
          }),
        );
  return new ReplicaLagGuard(stack, id, {
    ...props,
    source: server('source'),
    replicas: Array.from({ length: Math.min(Number(replicaCount) || 0, 3) }, (_, at) => server(`replica-${at}`)),
    secret: Secret.fromSecretNameV2(stack, `${id}Secret`, 'guard'),
    cluster: Cluster.fromClusterAttributes(stack, `${id}Cluster`, { clusterName: 'shop', vpc }),
    image: ContainerImage.fromRegistry('guard'),
  });
}

const rabbits = fc.record({
  workload: queueWorkload,
  objective: queueObjective,
  consumer: consumers,
  queueName: usually(fc.constantFrom('orders', 'shop.orders-2'), fc.constantFrom('', 'a b', 'orders.dead', 'ä')),
  vhost: optional(usually(fc.constantFrom('/', 'shop'), fc.constantFrom('', 'a b'))),
  consumerOutage: optional(seconds(1, 86_400)),
  roundTripSeconds: optional(spread(0.0005, 0.1)),
  deliveryLimit: optional(fc.integer({ min: 0, max: 12 })),
  scaleToZero: flag,
  repairInterval: optional(fc.constantFrom(Duration.minutes(5), Duration.minutes(15), Duration.seconds(301))),
  takeOver: flag,
  dashboard: flag,
  singleInstance: flag,
  hostInstanceType: optional(
    usually(fc.constantFrom('mq.m7g.medium', 'mq.m7g.xlarge'), fc.constantFrom('mq.t3.micro')),
  ),
  storageGb: optional(fc.constantFrom(1, 20, 200)),
  existing: flag,
  alarms: flag,
});

function makeRabbit(
  stack: Stack,
  id: string,
  { singleInstance, hostInstanceType, storageGb, existing, alarms, ...props }: Rabbits,
): RabbitMqQueue {
  const vpc = network(stack);
  const broker = existing
    ? RabbitMqBroker.existing({
        brokerName: 'shop',
        endpoint: 'amqps://b-1.mq.us-east-1.amazonaws.com:5671',
        adminSecret: Secret.fromSecretNameV2(stack, 'Admin', 'admin'),
        vpc,
        securityGroup: new SecurityGroup(stack, 'Brokers', { vpc, allowAllOutbound: false }),
        singleInstance,
        storageGb,
      })
    : RabbitMqBroker.managed({ vpc, singleInstance, hostInstanceType, storageGb });
  return new RabbitMqQueue(stack, id, { ...props, broker, alarmTopic: topic(stack, alarms) });
}

type Rabbits = typeof rabbits extends fc.Arbitrary<infer T> ? T : never;

type Quotas = typeof quotas extends fc.Arbitrary<infer T> ? T : never;

function makeQuotas(stack: Stack, id: string, { scram, alarms, asked, ...props }: Quotas): KafkaQuotas {
  const vpc = network(stack);
  const secret = Secret.fromSecretCompleteArn(
    stack,
    'Scram',
    'arn:aws:secretsmanager:us-east-1:123456789012:secret:AmazonMSK_quotas-abcdef',
  );
  const made = new KafkaQuotas(stack, id, {
    ...props,
    authentication: scram ? KafkaAuthentication.scram({ secret }) : KafkaAuthentication.iam(),
    vpc,
    clusterSecurityGroup: new SecurityGroup(stack, 'Brokers', { vpc, allowAllOutbound: false }),
    alarmTopic: topic(stack, alarms),
  });
  made.producerProperties(asked);
  return made;
}

const jvms = fc.record({
  workload: jvmWorkload,
  objective: jvmObjective,
  jdk: fc.integer({ min: 16, max: 27 }),
  collector: optional(fc.constantFrom(...Object.values(JvmCollector))),
  cpu: optional(fc.constantFrom(1, 2, 3, 4, 8, 16)),
  cycle: optional(seconds(1, 10)),
  heap: optional(fc.integer({ min: 64, max: 100_000 }).map((mebibytes) => Size.mebibytes(mebibytes))),
  spikeTolerance: optional(fc.constantFrom(1, 1.5, 2, 4)),
  flightRecorder: flag,
  replicas: optional(fc.integer({ min: 0, max: 20 })),
  port: optional(fc.integer({ min: 1, max: 65_535 })),
  given: fc.constantFrom(undefined, undefined, 'task', 'service', 'vpc'),
  size: fc.constantFrom([2048, 4096], [4096, 8192], [512, 1024]),
  alarms: flag,
});
type Jvms = typeof jvms extends fc.Arbitrary<infer T> ? T : never;

function makeJvm(stack: Stack, id: string, { given, size: [cpu, memoryLimitMiB], alarms, ...props }: Jvms): JvmService {
  const vpc = network(stack);
  const image = ContainerImage.fromRegistry('shop/api:1');
  const alarmTopic = topic(stack, alarms);
  if (given === 'vpc') return new JvmService(stack, id, { ...props, vpc, image, alarmTopic });
  const cluster = new Cluster(stack, 'Cluster', { vpc });
  if (given === undefined) return new JvmService(stack, id, { ...props, cluster, image, alarmTopic });
  const taskDefinition = new FargateTaskDefinition(stack, 'Own', { cpu, memoryLimitMiB });
  taskDefinition.addContainer('web', { image });
  const task = { ...props, cpu: undefined, port: undefined };
  if (given === 'task') return new JvmService(stack, id, { ...task, cluster, taskDefinition, alarmTopic });
  const service = new FargateService(stack, 'Web', { cluster, taskDefinition });
  return new JvmService(stack, id, { ...task, replicas: undefined, service, alarmTopic });
}

const shippings = fc.record({
  workload: fc.record({
    steadyBytesPerSecond: figures(100, 1e6),
    peakBytesPerSecond: optional(figures(1e6, 3e6)),
    peakSeconds: optional(figures(60, 7200)),
    lineBytes: optional(figures(50, 2000)),
  }),
  objective: fc.record({
    diskBudgetBytes: figures(1e9, 1e11),
    outageSeconds: figures(60, 50_000),
    lagSeconds: optional(figures(10, 3600)),
  }),
  tasks: usually(fc.integer({ min: 1, max: 20 }), fc.constantFrom(0, 1.5)),
  streamBytesPerSecond: optional(figures(1e6, 1e8)),
  service: usually(fc.constant(undefined), fc.constantFrom('orders', 'a/b')),
  lineOnly: optional(fc.boolean()),
  mode: optional(fc.constantFrom(...Object.values(AwsLogDriverMode))),
  onHost: fc.boolean(),
  given: fc.constantFrom('bucket', 'stream', 'cluster', undefined),
  retention: usually(fc.constant(undefined), fc.constant(Duration.days(30))),
  bufferingInterval: usually(fc.constant(undefined), seconds(1, 1000)),
  bufferingSize: usually(fc.constant(undefined), fc.constant(Size.mebibytes(64))),
  compressionRatio: optional(figures(1, 30)),
  envelopeBytes: optional(figures(1, 1000)),
  storageTotalLimit: usually(fc.constant(undefined), fc.constant(Size.gibibytes(5))),
  routerMemory: optional(fc.constantFrom(128, 256, 512).map((mebibytes) => Size.mebibytes(mebibytes))),
  ephemeralStorageGiB: usually(fc.constant(undefined), fc.integer({ min: 21, max: 200 })),
  removalPolicy: usually(fc.constant(undefined), fc.constantFrom(...Object.values(RemovalPolicy))),
  alarms: flag,
});
type Shippings = typeof shippings extends fc.Arbitrary<infer T> ? T : never;

function makeShipping(stack: Stack, id: string, given: Shippings): LogShipping {
  const { given: own, onHost, ephemeralStorageGiB, alarms, ...props } = given;
  const bucket = own === undefined || own === 'cluster' ? undefined : new Bucket(stack, 'Lake');
  const logs = new LogShipping(stack, id, {
    ...props,
    hostFolder: onHost ? '/var/lib/log-router' : undefined,
    bucket: own === 'bucket' ? bucket : undefined,
    deliveryStream:
      own === 'stream' ? new DeliveryStream(stack, 'Own', { destination: new S3Bucket(bucket!) }) : undefined,
    cluster: own === 'cluster' ? new Cluster(stack, 'Cluster', { vpc: network(stack) }) : undefined,
    alarmTopic: topic(stack, alarms),
  });
  const image = ContainerImage.fromRegistry('shop/api:1');
  const task = onHost
    ? new Ec2TaskDefinition(stack, 'Task')
    : new FargateTaskDefinition(stack, 'Task', { memoryLimitMiB: 2048, ephemeralStorageGiB });
  task.addContainer('web', { image, memoryLimitMiB: 512, logging: logs.logDriver });
  return logs;
}

const etlObjective = fc.record({
  freshnessSeconds: figures(60, 7200),
  outageSeconds: optional(figures(0.1, 7200)),
  headroom: optional(spread(1, 3)),
});
const etl = fc.record({
  workload: etlWorkload,
  objective: etlObjective,
  lands: fc.boolean(),
  brokers: optional(fc.constantFrom(...Object.values(MskBrokers), undefined)),
  kinesis: fc.boolean(),
  existingTopic: optional(fc.boolean()),
  replicationFactor: usually(fc.constant(undefined), fc.integer({ min: 1, max: 3 })),
  catchUpSeconds: optional(figures(600, 1e5)),
  choices: fc.record({
    keys: usually(fc.constant<string[]>(['page']), fc.constant<string[]>([])),
    sums: optional(fc.constantFrom<string[]>([], ['bytes'])),
    prefix: usually(fc.constant(undefined), fc.constantFrom('views', 'a/b', '/')),
    releaseLabel: usually(fc.constant(undefined), fc.constantFrom('emr-7.9.0', 'emr-6.9.0')),
    outputMode: usually(fc.constant(undefined), fc.constantFrom('append', 'update')),
    executors: usually(fc.constant(undefined), fc.integer({ min: 1, max: 50 })),
    executorCores: optional(fc.constantFrom(1, 2, 4, 8, 16)),
    trigger: usually(fc.constant(undefined), seconds(10, 1000)),
    maxOffsetsPerTrigger: usually(fc.constant(undefined), fc.integer({ min: 1000, max: 1e7 })),
    restart: optional(seconds(1, 600)),
  }),
  tableName: usually(fc.constant('views'), fc.constant('Views')),
  schemaArn: usually(fc.constant(undefined), fc.constantFrom('arn:aws:glue:us-east-1:123456789012:schema/a/b', 'b')),
  tableBucketArn: optional(fc.constant('arn:aws:s3tables:us-east-1:123456789012:bucket/lake')),
  queryName: usually(fc.constant('page-views'), fc.constant('Views')),
  encrypted: fc.boolean(),
  removalPolicy: usually(fc.constant(undefined), fc.constantFrom(...Object.values(RemovalPolicy))),
  alarms: flag,
});
type Etl = typeof etl extends fc.Arbitrary<infer T> ? T : never;

function makeEtl(stack: Stack, id: string, props: Etl): StreamingEtl {
  const { lands, brokers, existingTopic, replicationFactor, choices, alarms, encrypted } = props;
  const { windowSeconds: _w, lateSeconds: _l, keysPerWindow: _k, ...plain } = props.workload as Record<string, number>;
  const vpc = network(stack);
  const schema = '{"properties":{"at":{"format":"date-time"}}}';
  return new StreamingEtl(stack, id, {
    workload: lands ? (plain as typeof props.workload) : props.workload,
    objective: { ...props.objective, ...(!lands && { catchUpSeconds: props.catchUpSeconds }) },
    queryName: props.queryName,
    source:
      props.kinesis && (lands || props.existingTopic)
        ? EtlSource.kinesisStream()
        : EtlSource.mskTopic({
            clusterArn: CLUSTER_ARN,
            topicName: 'views',
            brokers,
            existingTopic,
            replicationFactor,
          }),
    sink: lands
      ? StreamSink.landing({
          timeColumn: 'at',
          tableNamespace: 'reports',
          tableName: props.tableName,
          tableBucketArn: props.tableBucketArn,
          ...(props.schemaArn === undefined ? { schema } : { schemaArn: props.schemaArn }),
        })
      : StreamSink.aggregate({
          ...choices,
          vpc,
          clusterSecurityGroup: new SecurityGroup(stack, 'Brokers', { vpc, allowAllOutbound: false }),
          schema: 'page STRING, at TIMESTAMP',
          eventTime: 'at',
          jarBucket: Bucket.fromBucketName(stack, 'Jars', 'jars'),
          jarKeys: ['kafka.jar'],
        }),
    encryptionKey: encrypted ? new Key(stack, 'Key') : undefined,
    removalPolicy: props.removalPolicy,
    alarmTopic: topic(stack, alarms),
  });
}

const taskSizes = fc.constantFrom<{ cpu?: number; memoryLimitMiB?: number }>(
  {},
  { cpu: 256, memoryLimitMiB: 512 },
  { cpu: 2048, memoryLimitMiB: 4096 },
);
const boundeds = fc
  .record({
    numbers: serviceNumbers(),
    slotsPerInstance: optional(fc.integer({ min: 4, max: 60 })),
    queueBound: seldom(fc.integer({ min: 0, max: 50 })),
    minTasks: seldom(fc.integer({ min: 1, max: 5 })),
    maxTasks: seldom(fc.integer({ min: 1, max: 50 })),
    shedStatus: optional(usually(fc.constantFrom(503, 429), fc.constant(500))),
    retryAttempts: optional(fc.integer({ min: 0, max: 3 })),
    admission: optional(
      usually(
        fc.constantFrom(ServiceAdmission.APPLICATION, ServiceAdmission.TARGET_OPTIMIZER),
        fc.constantFrom(...Object.values(ServiceAdmission)),
      ),
    ),
    limit: optional(fc.constantFrom(...Object.values(ServiceLimit))),
    size: taskSizes,
    port: optional(fc.integer({ min: 1, max: 65_535 })),
    clientLimit: optional(
      fc.record({
        clients: spread(1, 1e6),
        shareTimes: optional(spread(1, 100)),
        header: optional(usually(fc.constant('X-Api-Key'), fc.constant('a b'))),
      }),
    ),
    alarms: flag,
  })
  .map(({ numbers, size, ...rest }) => ({ ...numbers, ...size, ...rest }));
type Boundeds = typeof boundeds extends fc.Arbitrary<infer T> ? T : never;

function makeBounded(stack: Stack, id: string, { alarms, ...props }: Boundeds): BoundedService {
  const cluster = new Cluster(stack, 'Cluster', { vpc: network(stack) });
  const image = ContainerImage.fromRegistry('shop/api:1');
  return new BoundedService(stack, id, { ...props, cluster, image, alarmTopic: topic(stack, alarms) });
}

const when = fc.oneof(
  { weight: 9, arbitrary: fc.record({ periodSeconds: fc.constantFrom(900, 3600, 86_400) }) },
  { weight: 9, arbitrary: fc.record({ cron: fc.constantFrom('@hourly', '@daily', '5 4 * * *', '0 2 ? * MON-FRI *') }) },
  { weight: 1, arbitrary: fc.constant({}) },
);
const job = fc.record({
  name: fc.constantFrom('cleanup', 'sync', 'report', 'billing', 'vacuum'),
  durationSeconds: fc.integer({ min: 1, max: 240 }),
  durationVariation: optional(fc.double({ min: 0, max: 1, noNaN: true })),
  cpu: spread(0.01, 1),
  pinned: usually(fc.constant(undefined), fc.constant(true)),
  offsetMinutes: usually(fc.constant(undefined), fc.integer({ min: 0, max: 59 })),
});
const schedules = fc.record({
  jobs: fc.uniqueArray(
    fc.tuple(job, when).map(([one, time]) => ({ ...one, ...time })),
    { selector: ({ name }) => name, minLength: 1, maxLength: 4 },
  ),
  objective: optional(
    fc.record({
      startWithinSeconds: optional(fc.integer({ min: 60, max: 3600 })),
      windowSeconds: optional(fc.integer({ min: 60, max: 3600 })),
    }),
  ),
  host: optional(fc.record({ cores: fc.integer({ min: 4, max: 64 }), onlineUtilisation: spread(0.1, 0.6) })),
  timeZone: optional(fc.constantFrom('Europe/Berlin', 'UTC')),
  maxConcurrent: optional(fc.integer({ min: 2, max: 20 })),
  removalPolicy: optional(fc.constantFrom(...Object.values(RemovalPolicy))),
  alarms: flag,
});
type Schedules = typeof schedules extends fc.Arbitrary<infer T> ? T : never;

function makeSchedule(stack: Stack, id: string, { alarms, ...props }: Schedules): SpreadSchedule {
  const compute = WorkerCompute.lambda({ function: lambda(stack, 'Runner', Duration.minutes(15)) });
  return new SpreadSchedule(stack, id, { ...props, compute, alarmTopic: topic(stack, alarms) });
}

const compacted = fc.record({
  workload: compactionWorkload,
  objective: compactionObjective,
  kind: fc.constantFrom('iceberg', 's3Table', 'delta'),
  names: fc.record({
    database: fc.constantFrom('lake', 'telemetry_2'),
    tableName: fc.constantFrom('events', 'page_views'),
    prefix: fc.constantFrom('lake/events', 'tables/day=1'),
    namespace: fc.constantFrom('lake', 'raw_2'),
  }),
  iceberg: fc.record({ lakeFormation: flag, deleteFileThreshold: optional(fc.integer({ min: 1, max: 1000 })) }),
  s3Table: fc.record({ tableBucketArn: optional(fc.constant('arn:aws:s3tables:eu-west-1:123456789012:bucket/lake')) }),
  delta: fc.record({
    writer: optional(fc.constantFrom(CompactionWriter.BATCH, CompactionWriter.SPARK)),
    createSchedule: flag,
    glueVersion: optional(fc.constantFrom('5.0', '5.1')),
  }),
  targetBytes: optional(fc.constantFrom(64 * 2 ** 20, 128 * 2 ** 20, 2 ** 29)),
  workers: optional(fc.integer({ min: 1, max: 8 })),
  interval: optional(seconds(300, 86_400)),
  startFiles: optional(fc.integer({ min: 5, max: 100 })),
  quiet: optional(seconds(0, 86_400)),
  alarms: flag,
});
type Compacted = typeof compacted extends fc.Arbitrary<infer T> ? T : never;

function makeCompaction(stack: Stack, id: string, props: Compacted): ContinuousCompaction {
  const { kind, names, iceberg, s3Table, delta, alarms, ...rest } = props;
  const { database, tableName, prefix, namespace } = names ?? {};
  const bucket = new Bucket(stack, `Lake${id}`);
  const table =
    kind === 'iceberg'
      ? CompactedTable.iceberg({ ...iceberg, database, tableName, bucket, prefix })
      : kind === 's3Table'
        ? CompactedTable.s3Table({ ...s3Table, namespace, tableName })
        : CompactedTable.delta({ ...delta, bucket, prefix });
  return new ContinuousCompaction(stack, id, { ...rest, table, alarmTopic: topic(stack, alarms) });
}

const ttlCollections = fc.record({
  workload: collectionWorkload,
  objective: collectionObjective,
  databaseName: usually(fc.constantFrom('shop', 'shop-2'), fc.constantFrom('', 'a/b', '$external')),
  collection: usually(fc.constantFrom('events', 'audit.log'), fc.constantFrom('', 'system.x', 'ttl_backfill')),
  createdField: optional(usually(fc.constantFrom('createdAt', 'meta.at'), fc.constantFrom('', '$now'))),
  ownGroup: flag,
  ownImage: flag,
  hasEndpoint: usually(fc.constant(true), fc.constant(false)),
  removalPolicy: optional(fc.constantFrom(...Object.values(RemovalPolicy))),
  dashboard: flag,
  alarms: flag,
});
type TtlCollections = typeof ttlCollections extends fc.Arbitrary<infer T> ? T : never;

function makeTtlCollection(stack: Stack, id: string, props: TtlCollections): TtlCollection {
  const { ownGroup, ownImage, hasEndpoint, alarms, ...rest } = props;
  const given = eventsInDocumentDb(stack, id);
  const bare = { clusterIdentifier: 'events' };
  return new TtlCollection(stack, id, {
    ...given,
    ...(hasEndpoint
      ? {}
      : { databaseCluster: DocumentDbCluster.fromDatabaseClusterAttributes(stack, `${id}Bare`, bare) }),
    ...rest,
    securityGroup: ownGroup ? SecurityGroup.fromSecurityGroupId(stack, `${id}Mine`, 'sg-1') : undefined,
    image: ownImage ? ContainerImage.fromRegistry('ttl') : undefined,
    alarmTopic: topic(stack, alarms),
  });
}

const ttlTables = fc.record({
  workload: ttlTableWorkload,
  objective: ttlTableObjective,
  createdAttribute: fc.constantFrom('createdAt', 'at'),
  attribute: optional(fc.constantFrom('expiresAt', 'ttl')),
  given: fc.constantFrom('made', 'plain', 'expiring', 'imported'),
  sorted: flag,
  ownKey: flag,
  dashboard: optional(fc.boolean()),
  removalPolicy: optional(fc.constantFrom(...Object.values(RemovalPolicy))),
  alarms: flag,
});
type TtlTables = typeof ttlTables extends fc.Arbitrary<infer T> ? T : never;

function makeTtlTable(stack: Stack, id: string, props: TtlTables): TtlTable {
  const { given, sorted, ownKey, alarms, ...rest } = props;
  const partitionKey = { name: 'id', type: AttributeType.STRING };
  const tables: Readonly<Record<string, () => ITable>> = {
    plain: () => new Table(stack, `${id}Mine`, { partitionKey }),
    expiring: () => new Table(stack, `${id}Mine`, { partitionKey, timeToLiveAttribute: 'expiresAt' }),
    imported: () => Table.fromTableName(stack, `${id}Mine`, 'events'),
  };
  const table = tables[given]?.();
  const made = {
    partitionKey,
    sortKey: sorted ? { name: 'createdAt', type: AttributeType.NUMBER } : undefined,
    encryptionKey: ownKey ? new Key(stack, `${id}Key`) : undefined,
  };
  const { removalPolicy, ...common } = rest;
  return new TtlTable(stack, id, {
    ...common,
    ...(table === undefined ? { ...made, removalPolicy } : { table }),
    alarmTopic: topic(stack, alarms),
  });
}

const storageClass = fc.constantFrom(
  StorageClass.INFREQUENT_ACCESS,
  StorageClass.GLACIER_INSTANT_RETRIEVAL,
  StorageClass.GLACIER,
  StorageClass.DEEP_ARCHIVE,
  StorageClass.INTELLIGENT_TIERING,
  StorageClass.ONE_ZONE_INFREQUENT_ACCESS,
  new StorageClass('FROZEN'),
);

const archive = fc.record({
  workload: fc.record({
    bytesPerDay: figures(1e3, 1e15),
    objectBytes: figures(1e3, 1e9),
    retentionDays: optional(fc.integer({ min: 1, max: 4000 })),
    overwriteRatio: optional(spread(0.001, 0.99)),
    readRatioPerMonth: optional(spread(0.001, 2)),
  }),
  objective: optional(
    fc.record({
      monthlyCost: optional(figures(1e3, 1e9)),
      retrievalSeconds: optional(fc.integer({ min: 0, max: 200_000 })),
    }),
  ),
  transitions: optional(
    fc.array(
      fc.record({ storageClass, transitionAfter: fc.integer({ min: 0, max: 400 }).map((d) => Duration.days(d)) }),
      {
        maxLength: 3,
      },
    ),
  ),
  noncurrentVersionExpiration: optional(fc.integer({ min: 1, max: 400 }).map((d) => Duration.days(d))),
  abortIncompleteMultipartUploadAfter: optional(fc.integer({ min: 1, max: 30 }).map((d) => Duration.days(d))),
  costAllocationTag: optional(fc.constantFrom('team', 'cost-center')),
  budgetHeadroom: optional(fc.double({ min: 1, max: 10, noNaN: true })),
  removalPolicy: optional(fc.constantFrom(...Object.values(RemovalPolicy))),
  service: fc.constantFrom('billing', 'web'),
  alarms: flag,
});

const providerLimit = fc.record({
  perSecond: figures(0.1, 10_000),
  windowSeconds: optional(fc.constantFrom(1, 10, 60)),
  perDay: optional(figures(1e4, 1e9)),
  share: optional(fc.constantFrom(0.5, 1)),
});

const mailing = fc.record({
  workload: ratesWorkload,
  limit: providerLimit,
  objective: optional(
    fc.record({
      completeSeconds: optional(fc.integer({ min: 60, max: 1_000_000 })),
      bounceRatio: optional(spread(0.01, 0.2)),
      complaintRatio: optional(spread(0.0001, 0.01)),
      headroom: optional(fc.double({ min: 1.01, max: 3, noNaN: true })),
    }),
  ),
  from: fc.constantFrom('shop@example.com', 'Shop <shop@example.com>', 'nobody'),
  templates: optional(fc.array(fc.constantFrom('welcome', 'receipt'), { maxLength: 2 })),
  standbyLimit: optional(providerLimit),
  jitterSeconds: optional(fc.double({ min: 0, max: 2, noNaN: true })),
  burst: optional(fc.integer({ min: 1, max: 20 })),
  messagesPerSecond: optional(figures(0.1, 1000)),
  onUnknown: optional(fc.constantFrom(...Object.values(UnknownMail))),
  tenant: optional(
    fc.record({
      name: fc.constantFrom('news', 'two words'),
      policy: optional(fc.constantFrom(...Object.values(TenantPolicy))),
    }),
  ),
  breaker: flag,
  dashboard: flag,
  removalPolicy: optional(fc.constantFrom(...Object.values(RemovalPolicy))),
  alarms: flag,
});
type Mailing = typeof mailing extends fc.Arbitrary<infer T> ? T : never;

function makeSender(stack: Stack, id: string, { standbyLimit, alarms, ...props }: Mailing): RateLimitedSender {
  const identity = (region: string) =>
    EmailIdentity.fromEmailIdentityArn(
      stack,
      `Identity-${region}`,
      `arn:aws:ses:${region}:123456789012:identity/example.com`,
    );
  return new RateLimitedSender(stack, id, {
    ...props,
    identity: identity('us-east-1'),
    standby: standbyLimit && { limit: standbyLimit, region: 'eu-west-1', identity: identity('eu-west-1') },
    alarmTopic: topic(stack, alarms),
  });
}

const merging = fc.record({
  workload: fc.record({
    steadyPerSecond: figures(0.1, 1000),
    peakPerSecond: optional(figures(10, 20_000)),
    peakSeconds: optional(fc.integer({ min: 0, max: 7200 })),
    distinctKeys: figures(1, 1e7).map((keys) => (Number.isFinite(keys) ? Math.ceil(keys) : keys)),
    keySkew: optional(fc.constantFrom(0, 0.7, 1, 1.5)),
    keySeconds: figures(1e-5, 1),
    flushSeconds: optional(spread(0.01, 5)),
    callSeconds: optional(spread(0.001, 2)),
    wildcardKeys: optional(fc.integer({ min: 0, max: 40 })),
    eventBytes: optional(spread(50, 10_000)),
  }),
  objective: fc.record({
    freshnessSeconds: figures(1, 3600),
    invalidationCost: optional(figures(1, 1e5)),
    monthlyCost: optional(figures(10, 1e6)),
    headroom: optional(fc.double({ min: 1.01, max: 3, noNaN: true })),
  }),
  transport: optional(fc.constantFrom(...Object.values(EventTransport))),
  window: optional(fc.integer({ min: 0, max: 400 }).map((s) => Duration.seconds(s))),
  maxBatch: optional(fc.integer({ min: 1, max: 20_000 })),
  shards: optional(fc.integer({ min: 1, max: 40 })),
  workers: optional(fc.integer({ min: 1, max: 70 })),
  keyPointer: optional(fc.constantFrom('/key', '/detail/path', 'key')),
  outage: optional(fc.integer({ min: 1, max: 100_000 }).map((s) => Duration.seconds(s))),
  invalidated: fc.constantFrom('rebuild', 'cloudfront'),
  wildcardFallback: optional(fc.constantFrom('/*', '/products/*', '/products', 'products/*', '/*/a*')),
  dashboard: flag,
  removalPolicy: optional(fc.constantFrom(...Object.values(RemovalPolicy))),
  alarms: flag,
});
type Merging = typeof merging extends fc.Arbitrary<infer T> ? T : never;

function makeMerging(
  stack: Stack,
  id: string,
  { invalidated, wildcardFallback, alarms, ...props }: Merging,
): CoalescingQueue {
  const distribution = Distribution.fromDistributionAttributes(stack, 'Pages', {
    distributionId: 'E1',
    domainName: 'd1.cloudfront.net',
  });
  return new CoalescingQueue(stack, id, {
    ...props,
    invalidator:
      invalidated === 'rebuild'
        ? Invalidator.lambda({ function: lambda(stack) })
        : Invalidator.cloudFront({ distribution, wildcardFallback }),
    alarmTopic: topic(stack, alarms),
  });
}

const streaming = fc.record({
  workload: streamWorkload,
  objective: streamObjective,
  kinesis: optional(fc.record({ onDemand: flag, given: flag })),
  kafka: optional(
    fc.record({
      topicName: fc.constantFrom('devices.metrics', '_odd_'),
      existingTopic: optional(fc.constant(false)),
      replicas: optional(fc.integer({ min: 2, max: 5 })),
      minInsyncReplicas: optional(fc.integer({ min: 1, max: 2 })),
      bootstrapServers: fc.constant(['b-1.events.example:9096']),
      scram: fc.boolean(),
    }),
  ),
  tasks: optional(
    fc.record({ cpu: optional(fc.constantFrom(256, 512, 1024)), environment: fc.constant({ LEVEL: 'info' }) }),
  ),
  provisionedPollers: fc.option(fc.boolean(), { nil: undefined, freq: 1 }),
  partitions: fc.option(fc.integer({ min: 24, max: 240 }), { nil: undefined, freq: 1 }),
  currentPartitions: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined, freq: 1 }),
  batchSize: fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined, freq: 1 }),
  outage: optional(seconds(1, 100_000)),
  iot: optional(
    fc.record({ sql: fc.constant("SELECT * FROM 'devices/+/metrics'"), key: optional(fc.constant(`\${topic(2)}`)) }),
  ),
  alarms: flag,
  dashboard: flag,
});
type Streaming = typeof streaming extends fc.Arbitrary<infer T> ? T : never;

function makeStream(stack: Stack, id: string, props: Streaming): PartitionedStream {
  const { kinesis, kafka, tasks, provisionedPollers, iot, alarms, ...rest } = props;
  const { scram, ...ofTopic } = kafka ?? {};
  const { given, ...ofStream } = kinesis ?? {};
  const scramSecret = scram ? Secret.fromSecretNameV2(stack, 'User', 'AmazonMSK_metrics') : undefined;
  const stream = given
    ? Stream.fromStreamArn(stack, 'Given', 'arn:aws:kinesis:us-east-1:123456789012:stream/metrics')
    : undefined;
  const onMsk = kafka !== undefined && kinesis === undefined;
  const isNamed = onMsk || tasks !== undefined;
  return new PartitionedStream(stack, id, {
    ...rest,
    stream: onMsk
      ? StreamKind.msk({ clusterArn: CLUSTER_ARN, ...(ofTopic as { topicName: string }), scramSecret })
      : StreamKind.kinesis({ ...ofStream, stream }),
    consumer:
      tasks === undefined
        ? StreamConsumer.lambda({ function: lambda(stack, 'Consumer', Duration.minutes(15)), provisionedPollers })
        : StreamConsumer.fargate({
            ...tasks,
            cluster: new Cluster(stack, 'Cluster', { vpc: network(stack) }),
            image: ContainerImage.fromRegistry('consumer'),
          }),
    consumerGroup: isNamed ? 'metrics' : undefined,
    iot: onMsk && iot !== undefined ? { ...iot, destinationArn: 'arn:aws:iot:us-east-1:1:ruledestination/vpc/1' } : iot,
    alarmTopic: topic(stack, alarms),
  });
}

const worker = { workload: queueWorkload, objective: queueObjective, consumer: consumers };
const PLANNED = {
  workload: { steadyPerSecond: 40, serviceSeconds: 0.05 },
  objective: { latencySeconds: 90 },
};

export const AWS_SUBJECTS: readonly Subject[] = [
  subject(
    'aws.RedriveQueue',
    ['aws.RedriveQueue'],
    'cdk',
    redrive,
    inStack((stack, id, { alarms, given, existing, ...props }) => {
      const made = new RedriveQueue(stack, id, {
        ...props,
        ...givenQueues(stack, given, props.fifo),
        existing: given === undefined ? undefined : existing,
        alarmTopic: topic(stack, alarms),
      });
      made.metricTimeToDrain();
      made.plan.explain();
    }),
  ),
  subject(
    'aws.QueueAlarms',
    ['aws.QueueAlarms'],
    'cdk',
    fc.record({ workload: queueWorkload, objective: queueObjective }),
    inStack((stack, id, props) => {
      const { plan, queue, deadLetterQueue } = new RedriveQueue(stack, 'Planned', props);
      new QueueAlarms(stack, id, { queue, deadLetterQueue, plan });
    }),
  ),
  subject(
    'aws.QueueWorker on Lambda',
    ['aws.QueueWorker', 'aws.WorkerCompute'],
    'cdk',
    fc.record({
      ...worker,
      batchSize: optional(fc.integer({ min: 1, max: 100 })),
      batchWindow: optional(seconds(0, 300)),
      timeout: seconds(1, 900),
      visibilityTimeout: seconds(0, 43_200),
    }),
    inStack((stack, id, { timeout, visibilityTimeout, batchSize, batchWindow, ...props }) => {
      // What other constructs make of these two is their own.
      const whole = (duration: Duration, least: number) =>
        Duration.seconds(Math.min(900, Math.max(least, secondsOf(duration))));
      const compute = WorkerCompute.lambda({
        function: lambda(stack, 'Worker', whole(timeout, 1)),
        batchSize,
        batchWindow,
      });
      const queue = new Queue(stack, 'Queue', { visibilityTimeout: whole(visibilityTimeout, 0) });
      new QueueWorker(stack, id, { ...props, queue, compute });
    }),
  ),
  subject(
    'aws.QueueWorker on Fargate',
    ['aws.QueueWorker', 'aws.WorkerCompute'],
    'cdk',
    fc.record({
      ...worker,
      cpu: optional(fc.constantFrom(256, 512, 1024, 4096)),
      memoryLimitMiB: optional(fc.constantFrom(512, 1024, 2048, 8192)),
      environment: optional(fc.record({ MODE: fc.constant('fast') })),
      scaleToZero: flag,
    }),
    inStack((stack, id, { cpu, memoryLimitMiB, environment, scaleToZero, ...props }) => {
      const compute = WorkerCompute.fargate({
        cluster: new Cluster(stack, 'Cluster', { vpc: network(stack) }),
        image: ContainerImage.fromRegistry('shop/worker:1'),
        cpu,
        memoryLimitMiB,
        environment,
        scaleToZero,
      });
      new QueueWorker(stack, id, { ...props, queue: new Queue(stack, 'Queue'), compute });
    }),
  ),
  subject(
    'aws.WebhookBuffer',
    ['aws.WebhookBuffer'],
    'cdk',
    webhooks,
    inStack((stack, id, { alarms, ...props }) => {
      const made = new WebhookBuffer(stack, id, { ...props, alarmTopic: topic(stack, alarms) });
      made.attach(lambda(stack, 'Consumer', Duration.seconds(10)));
      made.plan.explain();
    }),
  ),
  subject(
    'aws.WebhookAlarms',
    ['aws.WebhookAlarms'],
    'cdk',
    fc.record({ workload: queueWorkload, objective: queueObjective }),
    inStack((stack, id, props) => {
      const api = new RestApi(stack, 'Api');
      api.root.addMethod('GET');
      const { plan } = new WebhookBuffer(stack, 'Planned', {
        ...props,
        sources: [{ name: 'github', scheme: WebhookScheme.GITHUB }],
      });
      new WebhookAlarms(stack, id, { stage: api.deploymentStage, plan });
    }),
  ),
  subject(
    'aws.RefusedAlarms',
    ['aws.RefusedAlarms'],
    'cdk',
    fc.record({
      workload: queueWorkload,
      objective: queueObjective,
      planned: sourceNames,
      watched: optional(sourceNames),
      alarms: flag,
    }),
    inStack((stack, id, { planned, watched, alarms, ...props }) => {
      const { plan } = new WebhookBuffer(stack, 'Planned', {
        ...props,
        sources: planned.map((name) => ({ name, scheme: WebhookScheme.GITHUB })),
      });
      const consumer = lambda(stack);
      new RefusedAlarms(stack, id, {
        consumer,
        sourceNames: watched ?? planned,
        plan,
        alarmTopic: topic(stack, alarms),
      });
    }),
  ),
  subject(
    'aws.SpreadSchedule',
    ['aws.SpreadSchedule'],
    'cdk',
    schedules,
    inStack((stack, id, props) => void makeSchedule(stack, id, props).plan.explain()),
  ),
  subject(
    'aws.ScheduleAlarms',
    ['aws.ScheduleAlarms'],
    'cdk',
    schedules,
    inStack((stack, id, props) => {
      const { scheduleGroup, undeliveredQueue, plan } = makeSchedule(stack, 'Planned', props);
      new ScheduleAlarms(stack, id, { scheduleGroup, undeliveredQueue, plan, runner: lambda(stack) });
    }),
  ),
  subject(
    'aws.StreamingEtl',
    ['aws.StreamingEtl', 'aws.EtlSource', 'aws.StreamSink'],
    'cdk',
    etl,
    inStack((stack, id, props) => {
      makeEtl(stack, id, props).plan.explain();
    }),
  ),
  subject(
    'aws.ContinuousCompaction',
    ['aws.ContinuousCompaction', 'aws.CompactedTable'],
    'cdk',
    compacted,
    inStack((stack, id, props) => void makeCompaction(stack, id, props).plan.explain()),
  ),
  subject(
    'aws.CompactionAlarms',
    ['aws.CompactionAlarms'],
    'cdk',
    compacted,
    inStack((stack, id, props) => {
      const { plan, statusFunction, failedRuns, undeliveredQueue } = makeCompaction(stack, 'Planned', props);
      const reportedAs = failedRuns && 'events';
      new CompactionAlarms(stack, id, { plan, statusFunction, reportedAs, failedRuns, undeliveredQueue });
    }),
  ),
  subject(
    'aws.RabbitMqQueue',
    ['aws.RabbitMqQueue', 'aws.RabbitMqBroker'],
    'cdk',
    rabbits,
    inStack((stack, id, props) => {
      makeRabbit(stack, id, props).plan.explain();
    }),
  ),
  subject(
    'aws.RabbitMqWorker',
    ['aws.RabbitMqWorker'],
    'cdk',
    rabbits,
    inStack((stack, id, props) => {
      const queue = makeRabbit(stack, 'Queue', props);
      const cluster = Cluster.fromClusterAttributes(stack, 'Cluster', {
        clusterName: 'shop',
        vpc: network(new Stack(stack, 'Net')),
      });
      const { cpu, memoryLimitMiB } = { cpu: 512, memoryLimitMiB: 1024 };
      new RabbitMqWorker(stack, id, {
        queue,
        cluster,
        image: ContainerImage.fromRegistry('worker'),
        cpu,
        memoryLimitMiB,
      });
    }),
  ),
  subject(
    'aws.RabbitMqAlarms',
    ['aws.RabbitMqAlarms'],
    'cdk',
    rabbits,
    inStack((stack, id, props) => {
      const { plan, brokerName, vhost, queueName, deadLetterQueueName, declarer } = makeRabbit(stack, 'Planned', props);
      new RabbitMqAlarms(stack, id, { plan, brokerName, vhost, queueName, deadLetterQueueName, declarer });
    }),
  ),
  subject('aws.KafkaQuotas', ['aws.KafkaQuotas', 'aws.KafkaAuthentication'], 'cdk', quotas, inStack(makeQuotas)),
  subject(
    'aws.KafkaAlarms',
    ['aws.KafkaAlarms'],
    'cdk',
    fc.record({
      quotas,
      clusterArn: fc.constant(CLUSTER_ARN),
      brokers: fc.integer({ min: 1, max: 30 }),
      repairInterval: seconds(60, 3600),
    }),
    inStack((stack, id, { quotas: planned, ...props }) => {
      const { plan } = makeQuotas(stack, 'Planned', planned);
      new KafkaAlarms(stack, id, { ...props, plan, repairer: lambda(stack) });
    }),
  ),
  subject(
    'aws.TtlCollection',
    ['aws.TtlCollection'],
    'cdk',
    ttlCollections,
    inStack((stack, id, props) => void makeTtlCollection(stack, id, props).plan.explain()),
  ),
  subject(
    'aws.TtlCollectionAlarms',
    ['aws.TtlCollectionAlarms'],
    'cdk',
    ttlCollections,
    inStack((stack, id, props) => {
      const { plan, metricsName, undeliveredQueue } = makeTtlCollection(stack, 'Planned', props);
      new TtlCollectionAlarms(stack, id, { plan, metricsName, undeliveredQueue });
    }),
  ),
  subject(
    'aws.TtlTable',
    ['aws.TtlTable'],
    'cdk',
    ttlTables,
    inStack((stack, id, props) => void makeTtlTable(stack, id, props).plan.explain()),
  ),
  subject(
    'aws.TtlTableAlarms',
    ['aws.TtlTableAlarms'],
    'cdk',
    ttlTables,
    inStack((stack, id, props) => {
      const { plan, table, backfill, report } = makeTtlTable(stack, 'Planned', props);
      new TtlTableAlarms(stack, id, { plan, table, worker: backfill, report });
    }),
  ),
  subject(
    'aws.ReplicaLagGuard',
    ['aws.ReplicaLagGuard', 'aws.DatabaseServer'],
    'cdk',
    guards,
    inStack((stack, id, props) => {
      makeGuard(stack, id, props).plan.explain();
    }),
    undefined,
    fewChanges,
  ),
  subject(
    'aws.ReplicaAlarms',
    ['aws.ReplicaAlarms'],
    'cdk',
    guards,
    inStack((stack, id, props) => {
      const { plan, guardName } = makeGuard(stack, 'Planned', props);
      new ReplicaAlarms(stack, id, { plan, guardName });
    }),
  ),
  subject(
    'aws.CoalescingQueue',
    ['aws.CoalescingQueue', 'aws.Invalidator'],
    'cdk',
    merging,
    inStack((stack, id, props) => {
      const made = makeMerging(stack, id, props);
      made.plan.explain();
    }),
  ),
  subject(
    'aws.CoalescingAlarms',
    ['aws.CoalescingAlarms'],
    'cdk',
    merging,
    inStack((stack, id, props) => {
      const { plan, stream, merger, asideQueue } = makeMerging(stack, 'Planned', props);
      new CoalescingAlarms(stack, id, { merger, asideQueue, stream, plan });
    }),
  ),
  subject(
    'aws.PartitionedStream',
    ['aws.PartitionedStream', 'aws.StreamKind', 'aws.StreamConsumer'],
    'cdk',
    streaming,
    inStack((stack, id, props) => {
      const made = makeStream(stack, id, props);
      if (made.stream) made.grantWrite(lambda(stack, 'Producer'));
      else made.producerTenant('devices');
      made.plan.explain();
    }),
  ),
  subject(
    'aws.StreamAlarms',
    ['aws.StreamAlarms'],
    'cdk',
    streaming,
    inStack((stack, id, props) => {
      const { plan, stream, failureQueue, errorQueue, rule } = makeStream(stack, 'Planned', {
        ...props,
        kafka: undefined,
      });
      new StreamAlarms(stack, id, { plan, stream, failureQueue, errorQueue, ruleName: rule?.ref });
    }),
  ),
  subject(
    'aws.RateLimitedSender',
    ['aws.RateLimitedSender'],
    'cdk',
    mailing,
    inStack((stack, id, props) => {
      const made = makeSender(stack, id, props);
      made.grantSend(lambda(stack));
      made.plan.explain();
    }),
  ),
  subject(
    'aws.SenderAlarms',
    ['aws.SenderAlarms'],
    'cdk',
    mailing,
    inStack((stack, id, props) => {
      const { plan } = makeSender(stack, 'Planned', props);
      const configurationSet = ConfigurationSet.fromConfigurationSetName(stack, 'Set', 'mails');
      new SenderAlarms(stack, id, { sender: lambda(stack), configurationSet, plan });
    }),
  ),
  subject(
    'aws.ArchiveBucket',
    ['aws.ArchiveBucket'],
    'cdk',
    archive,
    inStack((stack, id, { service, alarms, ...props }) => {
      const made = new ArchiveBucket(stack, id, { ...props, alarmTopic: topic(stack, alarms) });
      made.grantWrite(lambda(stack), service);
      made.partitionProjection([service]);
      made.plan.explain();
    }),
  ),
  subject(
    'aws.BoundedService',
    ['aws.BoundedService'],
    'cdk',
    boundeds,
    inStack((stack, id, props) => {
      makeBounded(stack, id, props).plan.explain();
    }),
    undefined,
    fewChanges,
  ),
  subject(
    'aws.LogShipping',
    ['aws.LogShipping', 'aws.LogShippingAlarms'],
    'cdk',
    shippings,
    inStack((stack, id, props) => {
      const { plan, deliveryStreamName, logGroup } = makeShipping(stack, id, props);
      new LogShippingAlarms(stack, `${id}Again`, { plan, deliveryStreamName, logGroup });
    }),
  ),
  subject(
    'aws.JvmService',
    ['aws.JvmService', 'aws.JvmAlarms'],
    'cdk',
    jvms,
    inStack((stack, id, props) => {
      const { plan, service } = makeJvm(stack, id, props);
      plan.explain();
      new JvmAlarms(stack, `${id}Again`, { metricService: 'again', service, plan });
    }),
  ),
  subject(
    'aws.MetricsSampling',
    ['aws.MetricsSampling'],
    'cdk',
    fc.record({
      ...METRICS,
      interval: optional(fc.integer({ min: 20, max: 130 }).map((seconds) => Duration.seconds(seconds))),
      retention: optional(fc.constantFrom(Duration.days(30), Duration.hours(30), Duration.days(2000))),
      alarms: fc.boolean(),
    }),
    inStack((stack, id, { alarms, ...props }) => {
      const made = new MetricsSampling(stack, id, { ...props, alarmTopic: topic(stack, alarms) });
      made.grantRemoteWrite(lambda(stack));
      made.plan.explain();
    }),
  ),
  subject(
    'aws.FairShare',
    ['aws.FairShare'],
    'cdk',
    fc.record({
      maxvCpus: fc.integer({ min: 8, max: 2000 }),
      tenants: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom('orders', 'clicks', 'audit', 'mail', 'two-words'),
          workload: fc
            .record({
              load: figures(0.1, 30),
              serviceSeconds: figures(10, 3000),
              serviceVariation: optional(fc.double({ min: 0, max: 2, noNaN: true })),
            })
            .map(({ load, ...rest }) => ({ ...rest, steadyPerSecond: load / rest.serviceSeconds })),
          jobCpu: fc.constantFrom(0.25, 0.5, 1, 2, 3),
          jobMemoryBytes: fc.constantFrom(2 * 1024 ** 3, 4 * 1024 ** 3),
          weight: optional(figures(0.01, 100)),
        }),
        { minLength: 1, maxLength: 4, selector: ({ name }) => name },
      ),
      objective: fc.record({
        latencySeconds: figures(5000, 1e5),
        latencyQuantile: optional(fc.double({ min: 0.5, max: 0.99, noNaN: true })),
      }),
      shareDecay: optional(fc.integer({ min: 0, max: 700_000 }).map((seconds) => Duration.seconds(seconds))),
      computeReservation: optional(fc.integer({ min: 0, max: 100 })),
      jobStart: optional(fc.integer({ min: 0, max: 600 }).map((seconds) => Duration.seconds(seconds))),
      jobAttempts: optional(fc.integer({ min: 0, max: 10 })),
      maxRunnable: optional(fc.integer({ min: 9, max: 60 }).map((minutes) => Duration.minutes(minutes))),
      snapshotInterval: optional(fc.integer({ min: 1, max: 61 }).map((minutes) => Duration.minutes(minutes))),
      schedulingPriority: optional(fc.integer({ min: -1, max: 9999 })),
      alarms: fc.boolean(),
    }),
    inStack((stack, id, { alarms, ...props }) => {
      const made = new FairShare(stack, id, {
        ...props,
        vpc: network(stack),
        image: ContainerImage.fromRegistry('rating'),
        alarmTopic: topic(stack, alarms),
      });
      made.grantSubmit(props.tenants[0].name, lambda(stack));
      made.forecastFlood(props.tenants[0].name, 10, Duration.hours(1));
      made.plan.explain();
    }),
  ),
  subject(
    'aws.CiConcurrency',
    ['aws.CiConcurrency'],
    'cdk',
    fc.record({
      workload: ciWorkload,
      objective: ciObjective,
      quota: fc.integer({ min: 0, max: 2000 }),
      projectName: fc.constantFrom('pool', 'a pool'),
      owner: fc.constant('example'),
      repository: fc.constantFrom('shop', 'a/b'),
      pipelines: optional(
        fc.constantFrom<CiPipeline[]>([{ name: 'a', jobs: [{ name: 'b', steps: [{ run: 'make' }] }] }], []),
      ),
      maxRunners: optional(fc.integer({ min: 0, max: 500 })),
      runnerStart: optional(fc.integer({ min: 1, max: 600 }).map((seconds) => Duration.seconds(seconds))),
      cancelOutdated: optional(fc.boolean()),
      filterPaths: optional(fc.boolean()),
    }),
    inStack((stack, id, props) => {
      new CiConcurrency(stack, id, props).plan.explain();
    }),
  ),
  subject(
    'aws.BackpressureChecks',
    ['aws.BackpressureChecks'],
    'cdk',
    fc.record({ severities: optional(fc.constantFrom({ 'BP-SQS-001': 'off' }, { 'BP-SQS-002': 'error' })) }),
    inStack((stack, id, props) => {
      new BackpressureChecks(props as never);
      new RedriveQueue(stack, id, PLANNED);
    }),
  ),
];

function secondsOf(duration: Duration): number {
  return duration.isUnresolved() ? 30 : Math.ceil(duration.toMilliseconds() / 1000);
}
