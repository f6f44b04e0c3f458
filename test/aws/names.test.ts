/** Construct ids in any script: what a service restricts is restricted, and what must differ differs. */
import { Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { AttributeType } from 'aws-cdk-lib/aws-dynamodb';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, ContainerInsights, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { DatabaseInstance } from 'aws-cdk-lib/aws-rds';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { EmailIdentity } from 'aws-cdk-lib/aws-ses';
import { CiConcurrency } from '../../lib/aws/ci/ci-concurrency';
import { CompactedTable } from '../../lib/aws/compaction/compacted-table';
import { ContinuousCompaction } from '../../lib/aws/compaction/continuous-compaction';
import { EtlSource } from '../../lib/aws/etl/etl-source';
import { StreamSink } from '../../lib/aws/etl/stream-sink';
import { StreamingEtl } from '../../lib/aws/etl/streaming-etl';
import { JvmService } from '../../lib/aws/jvm/jvm-service';
import { LogShipping } from '../../lib/aws/logs/log-shipping';
import { CoalescingQueue } from '../../lib/aws/merging/coalescing-queue';
import { Invalidator } from '../../lib/aws/merging/invalidator';
import { MetricsSampling } from '../../lib/aws/metrics/metrics-sampling';
import { QueuePlatform } from '../../lib/aws/queue/queue-platform';
import { QueueWorker, WorkerCompute } from '../../lib/aws/queue/queue-worker';
import { RabbitMqBroker } from '../../lib/aws/queue/rabbit-mq-broker';
import { RabbitMqQueue } from '../../lib/aws/queue/rabbit-mq-queue';
import { RedriveQueue } from '../../lib/aws/queue/redrive-queue';
import { KafkaAuthentication } from '../../lib/aws/quotas/kafka-authentication';
import { KafkaQuotas } from '../../lib/aws/quotas/kafka-quotas';
import { RateLimitedSender } from '../../lib/aws/rates/rate-limited-sender';
import { DatabaseServer } from '../../lib/aws/replication/database-server';
import { ReplicaLagGuard } from '../../lib/aws/replication/replica-lag-guard';
import { TtlCollection } from '../../lib/aws/retention/ttl-collection';
import { TtlTable } from '../../lib/aws/retention/ttl-table';
import { SpreadSchedule } from '../../lib/aws/schedule/spread-schedule';
import { BoundedService } from '../../lib/aws/services/bounded-service';
import { FairShare } from '../../lib/aws/shares/fair-share';
import { ArchiveBucket } from '../../lib/aws/storage/archive-bucket';
import { PartitionedStream } from '../../lib/aws/streams/partitioned-stream';
import { StreamConsumer } from '../../lib/aws/streams/stream-consumer';
import { StreamKind } from '../../lib/aws/streams/stream-kind';
import { WebhookBuffer } from '../../lib/aws/webhooks/webhook-buffer';
import { WebhookScheme } from '../../lib/aws/webhooks/webhook-source';
import { TASK_LOGS } from '../../lib/cases/case-01-log-flood';
import { PAGE_VIEWS, RAW_PAGE_VIEWS } from '../../lib/cases/case-03-batch-to-streaming';
import { WRITE_PEAK } from '../../lib/cases/case-08-replica-lag';
import { BUSY_JVM } from '../../lib/cases/case-10-allocation-outruns-gc';
import { OVERRUN_API } from '../../lib/cases/case-12-unbounded-thread-pool';
import { EVENTS, EVENTS_TABLE } from '../../lib/cases/case-16-collection-swells';
import { SMALL_FILES } from '../../lib/cases/case-17-continuous-cleanup';
import { MetricKind } from '../../lib/flow/metrics/workload';
import { eventsInDocumentDb } from '../support/document-db';
import { shop, type Untyped } from '../support/stack';

const MIB = 2 ** 20;
const CLUSTER_ARN = 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/0c6e-7';
const demand = {
  workload: { steadyPerSecond: 20, peakPerSecond: 80, peakSeconds: 600, serviceSeconds: 0.07 },
  objective: { latencySeconds: 3600 },
};

/** Everything that this library makes, under this id. */
function everything(stack: Stack, id: string): void {
  const vpc = Vpc.fromVpcAttributes(stack, `Vpc${id}`, {
    vpcId: 'vpc-1',
    availabilityZones: ['a', 'b'],
    privateSubnetIds: ['subnet-a', 'subnet-b'],
  });
  const scope = new Stack(stack, id);
  const queue = new RedriveQueue(scope, id, { ...demand, platform: QueuePlatform.FARGATE });
  new WebhookBuffer(scope, `${id}1`, { ...demand, sources: [{ name: 'github', scheme: WebhookScheme.GITHUB }] });
  new ArchiveBucket(scope, `${id}2`, { workload: { bytesPerDay: 640e9, objectBytes: MIB } });
  new MetricsSampling(scope, `${id}-metrics`, {
    workload: { sources: [{ name: 'api', targets: 10, families: [{ name: 'work_total', kind: MetricKind.COUNTER }] }] },
    objective: { activeSeries: 1000 },
  });
  new KafkaQuotas(scope, `${id}3`, {
    clusterArn: CLUSTER_ARN,
    capacity: { brokers: 3, brokerBytesPerSecond: 60 * MIB },
    tenants: [{ name: 'orders', steadyBytesPerSecond: 4 * MIB }],
    authentication: KafkaAuthentication.iam(),
    vpc,
    clusterSecurityGroup: new SecurityGroup(scope, 'Brokers', { vpc, description: 'brokers' }),
  });
  new RabbitMqQueue(scope, `${id}-mq`, { ...demand, queueName: 'orders', broker: RabbitMqBroker.managed({ vpc }) });
  new StreamingEtl(scope, `${id}-etl`, {
    ...PAGE_VIEWS,
    queryName: 'views',
    source: EtlSource.mskTopic({ clusterArn: CLUSTER_ARN, topicName: 'views' }),
    sink: StreamSink.aggregate({
      vpc,
      clusterSecurityGroup: new SecurityGroup(scope, 'EtlBrokers', { vpc, description: 'brokers' }),
      schema: 'page STRING, at TIMESTAMP',
      eventTime: 'at',
      keys: ['page'],
      jarBucket: Bucket.fromBucketName(scope, 'Jars', 'jars'),
      jarKeys: ['kafka.jar'],
    }),
  });
  new StreamingEtl(scope, `${id}-landing`, {
    workload: RAW_PAGE_VIEWS.workload,
    objective: RAW_PAGE_VIEWS.objective,
    queryName: 'raw',
    source: EtlSource.kinesisStream(),
    sink: StreamSink.landing({
      schema: '{"properties":{"at":{"format":"date-time"}}}',
      timeColumn: 'at',
      tableNamespace: 'reports',
      tableName: 'raw',
    }),
  });
  new FairShare(scope, `${id}-share`, {
    ...{ maxvCpus: 16, objective: { latencySeconds: 9000 }, vpc },
    tenants: [
      { name: 'a', workload: { steadyPerSecond: 0.001, serviceSeconds: 60 }, jobCpu: 1, jobMemoryBytes: 2048 * MIB },
    ],
    image: ContainerImage.fromRegistry('rating'),
  });
  new CiConcurrency(scope, `${id}-ci`, {
    workload: { pushesPerHourPeak: 10, runSeconds: 100 },
    objective: { waitSeconds: 180 },
    quota: 60,
    ...{ projectName: 'pool', owner: 'example', repository: 'shop' },
    pipelines: [{ name: 'a', jobs: [{ name: 'b', steps: [{ run: 'make' }] }] }],
  });
  new RateLimitedSender(scope, `${id}7`, {
    workload: { campaignMessages: 1000, callSeconds: 0.1 },
    limit: { perSecond: 14, perDay: 50_000 },
    identity: EmailIdentity.fromEmailIdentityName(scope, 'Identity', 'example.com'),
    from: 'shop@example.com',
  });
  const storm = {
    workload: { steadyPerSecond: 100, distinctKeys: 50, keySeconds: 0.01 },
    objective: { freshnessSeconds: 60 },
  };
  new CoalescingQueue(scope, `${id}8`, {
    ...storm,
    invalidator: Invalidator.cache({ host: 'cache.internal', vpc }),
  });
  const clusterArn = 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/0c6e-7';
  const streaming = { workload: { steadyPerSecond: 100, recordSeconds: 0.01 }, objective: { latencySeconds: 60 } };
  const container = { cluster: new Cluster(scope, 'Streams', { vpc }), image: ContainerImage.fromRegistry('worker') };
  new PartitionedStream(scope, `${id}-kinesis`, {
    ...streaming,
    consumer: StreamConsumer.fargate(container),
    consumerGroup: 'metrics',
    iot: { sql: "SELECT * FROM 'devices'" },
  });
  new PartitionedStream(scope, `${id}-msk`, {
    ...streaming,
    stream: StreamKind.msk({
      clusterArn,
      topicName: 'metrics',
      bootstrapServers: ['b-1:9096'],
      scramSecret: Secret.fromSecretNameV2(scope, 'KafkaUser', 'AmazonMSK_metrics'),
    }),
    consumer: StreamConsumer.fargate(container),
    consumerGroup: 'metrics',
  });
  const cluster = new Cluster(scope, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });
  const server = (name: string) =>
    DatabaseServer.instance(
      DatabaseInstance.fromDatabaseInstanceAttributes(scope, name, {
        instanceIdentifier: name,
        instanceEndpointAddress: `${name}.example.eu-west-1.rds.amazonaws.com`,
        port: 3306,
        securityGroups: [],
      }),
    );
  new ReplicaLagGuard(scope, `${id}-guard`, {
    ...WRITE_PEAK,
    source: server('orders'),
    replicas: [server('orders-replica')],
    secret: Secret.fromSecretNameV2(scope, 'User', 'user'),
    cluster,
    image: ContainerImage.fromRegistry('guard'),
  });
  new QueueWorker(scope, `${id}4`, {
    queue,
    compute: WorkerCompute.fargate({ cluster, image: ContainerImage.fromRegistry('worker') }),
  });
  new BoundedService(scope, `${id}-bounded`, { ...OVERRUN_API, cluster, image: ContainerImage.fromRegistry('api') });
  const logs = new LogShipping(scope, `${id}-logs`, { ...TASK_LOGS, cluster });
  const logged = new FargateTaskDefinition(scope, `${id}-logged`, { memoryLimitMiB: 1024 });
  logged.addContainer('web', { image: ContainerImage.fromRegistry('api'), logging: logs.logDriver });
  new JvmService(scope, `${id}-jvm`, { ...BUSY_JVM, cluster, image: ContainerImage.fromRegistry('api') });
  new TtlCollection(scope, `${id}-collection`, { ...EVENTS, ...eventsInDocumentDb(scope, `${id}-docdb`) });
  new TtlTable(scope, `${id}-table`, {
    ...EVENTS_TABLE,
    createdAttribute: 'createdAt',
    partitionKey: { name: 'job', type: AttributeType.STRING },
  });
  const lake = Bucket.fromBucketName(scope, 'Lake', 'lake');
  new ContinuousCompaction(scope, `${id}-delta`, {
    ...SMALL_FILES,
    table: CompactedTable.delta({ bucket: lake, prefix: 'events' }),
  });
  new ContinuousCompaction(scope, `${id}-tables`, {
    ...SMALL_FILES,
    objective: { ...SMALL_FILES.objective, writeAmplification: 10 },
    table: CompactedTable.s3Table({ namespace: 'lake', tableName: 'events' }),
  });
  new SpreadSchedule(scope, `${id}5`, {
    jobs: [{ name: 'cleanup', periodSeconds: 3600, durationSeconds: 10 }],
    compute: WorkerCompute.lambda({
      function: new LambdaFunction(scope, 'Runner', {
        runtime: Runtime.NODEJS_24_X,
        handler: 'index.handler',
        code: Code.fromInline('exports.handler = 0'),
        timeout: Duration.minutes(1),
      }),
    }),
  });
}

/** Literal text of a value: its strings, but for names of parameters and what functions look up. */
function literals(value: Untyped): string[] {
  if (value?.Ref || value?.['Fn::Select'] || value?.['Fn::GetAtt']) return [];
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(literals) : [];
}

const IAM = /^[\t\n\r\x20-\x7e\xa1-\xff]{0,1000}$/;
const EC2 = /^[A-Za-z0-9 ._\-:/()#,@[\]+=&;{}!$*]{0,255}$/;
const NAME = /^[A-Za-z0-9_.-]*$/;

/** Properties that a service refuses for a character: type, property, what it takes. */
const RESTRICTED: readonly [type: string, property: string, pattern: RegExp][] = [
  ['AWS::IAM::Role', 'Description', IAM],
  ['AWS::EC2::SecurityGroup', 'GroupDescription', EC2],
  ['AWS::EC2::SecurityGroupIngress', 'Description', EC2],
  ['AWS::EC2::SecurityGroupEgress', 'Description', EC2],
  ['AWS::SQS::Queue', 'QueueName', NAME],
  ['AWS::CloudWatch::Dashboard', 'DashboardName', NAME],
  ['AWS::CloudWatch::Alarm', 'AlarmName', NAME],
  ['AWS::Lambda::Function', 'FunctionName', NAME],
  ['AWS::Kinesis::Stream', 'Name', NAME],
  ['AWS::IoT::TopicRule', 'RuleName', /^\w*$/],
  ['AWS::Logs::MetricFilter', 'FilterName', NAME],
  ['AWS::Scheduler::ScheduleGroup', 'Name', NAME],
  ['AWS::Scheduler::Schedule', 'Name', NAME],
  // Amazon S3 User Guide, Table bucket naming rules.
  ['AWS::S3Tables::TableBucket', 'TableBucketName', /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/],
];

describe.each([['名前'], ['Ünïcödé'], ['emoji 🔥'], ['<script>\'"'], ['a'.repeat(90)]])('%s', (id) => {
  const stack = shop();
  // All constructs in one stack are more resources than CloudFormation takes; nothing is deployed.
  stack.node.setContext('@aws-cdk/core:stackResourceLimit', 0);
  everything(stack, id);
  const nested = stack.node.findChild(id) as Stack;
  const template = Template.fromStack(nested).toJSON();
  const resources = Object.values<Untyped>(template.Resources);

  test.each(RESTRICTED)('%s.%s has only characters that the service takes', (type, property, pattern) => {
    const wrong = resources
      .filter(({ Type }) => Type === type)
      .flatMap(({ Properties }) => literals(Properties[property]))
      .filter((text) => !pattern.test(text));
    expect(wrong).toEqual([]);
  });

  test('security group rules in the group as well', () => {
    const rules = resources
      .filter(({ Type }) => Type === 'AWS::EC2::SecurityGroup')
      .flatMap(({ Properties }) =>
        [Properties.SecurityGroupIngress ?? [], Properties.SecurityGroupEgress ?? []].flat(),
      );
    expect(rules.map(({ Description }) => Description).filter((text) => !EC2.test(text))).toEqual([]);
  });

  test('nothing is cut in the middle of a character, or longer than it may be', () => {
    const texts = resources.flatMap(({ Properties }) => literals(Properties?.Description));
    // encodeURIComponent refuses half a pair.
    for (const text of texts) expect(() => encodeURIComponent(text)).not.toThrow();
    const functions = resources.filter(({ Type }) => Type === 'AWS::Lambda::Function');
    for (const { Properties } of functions) expect((Properties.Description ?? '').length).toBeLessThanOrEqual(256);
  });

  test('the CDK has nothing to warn of', () => {
    const found = Annotations.fromStack(nested).findWarning('*', Match.anyValue());
    // Of all constructs together it is large.
    const others = found.map(({ entry }) => String(entry.data)).filter((text) => !text.startsWith('Template size'));
    expect(others).toEqual([]);
  });
});

test('two queues whose ids have no letter in common with a queue name have different names', () => {
  const stack = shop();
  for (const id of ['名前', '別名']) new RedriveQueue(stack, id, demand);
  const template = Template.fromStack(stack);
  for (const [type, name] of [
    ['AWS::SQS::Queue', 'QueueName'],
    ['AWS::CloudWatch::Dashboard', 'DashboardName'],
  ]) {
    const names = Object.values(template.findResources(type))
      .map(({ Properties }) => Properties[name])
      .filter((one) => one !== undefined)
      .map((one) => JSON.stringify(one));
    expect(names).toHaveLength(2);
    expect(new Set(names).size).toBe(2);
  }
});
