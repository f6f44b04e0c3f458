/** What a stack holds outlives a rename, a move, a change that replaces, and the stack itself. */
import { type CfnResource, Duration, RemovalPolicy, type Stack, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AttributeType } from 'aws-cdk-lib/aws-dynamodb';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { EmailIdentity } from 'aws-cdk-lib/aws-ses';
import type { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { CompactedTable } from '../../lib/aws/compaction/compacted-table';
import { ContinuousCompaction } from '../../lib/aws/compaction/continuous-compaction';
import { EtlSource } from '../../lib/aws/etl/etl-source';
import { StreamSink } from '../../lib/aws/etl/stream-sink';
import { StreamingEtl } from '../../lib/aws/etl/streaming-etl';
import type { StreamingEtlProps } from '../../lib/aws/etl/streaming-etl-props';
import { CoalescingQueue } from '../../lib/aws/merging/coalescing-queue';
import type { CoalescingQueueProps } from '../../lib/aws/merging/coalescing-queue-props';
import { Invalidator } from '../../lib/aws/merging/invalidator';
import { MetricsSampling } from '../../lib/aws/metrics/metrics-sampling';
import { WorkerCompute } from '../../lib/aws/queue/queue-worker';
import { RabbitMqBroker } from '../../lib/aws/queue/rabbit-mq-broker';
import { RabbitMqQueue } from '../../lib/aws/queue/rabbit-mq-queue';
import { RedriveQueue } from '../../lib/aws/queue/redrive-queue';
import type { RedriveQueueProps } from '../../lib/aws/queue/redrive-queue-props';
import { KafkaAuthentication } from '../../lib/aws/quotas/kafka-authentication';
import { KafkaQuotas, type KafkaQuotasProps } from '../../lib/aws/quotas/kafka-quotas';
import { RateLimitedSender } from '../../lib/aws/rates/rate-limited-sender';
import type { RateLimitedSenderProps } from '../../lib/aws/rates/rate-limited-sender-props';
import { TtlCollection } from '../../lib/aws/retention/ttl-collection';
import { TtlTable } from '../../lib/aws/retention/ttl-table';
import { SpreadSchedule } from '../../lib/aws/schedule/spread-schedule';
import type { SpreadScheduleProps } from '../../lib/aws/schedule/spread-schedule-props';
import { ArchiveBucket, type ArchiveBucketProps } from '../../lib/aws/storage/archive-bucket';
import { PartitionedStream } from '../../lib/aws/streams/partitioned-stream';
import type { PartitionedStreamProps } from '../../lib/aws/streams/partitioned-stream-props';
import { StreamConsumer } from '../../lib/aws/streams/stream-consumer';
import { StreamKind } from '../../lib/aws/streams/stream-kind';
import { WebhookBuffer, type WebhookBufferProps } from '../../lib/aws/webhooks/webhook-buffer';
import { WebhookScheme } from '../../lib/aws/webhooks/webhook-source';
import { PAGE_VIEWS, RAW_PAGE_VIEWS } from '../../lib/cases/case-03-batch-to-streaming';
import { EVENTS, EVENTS_TABLE } from '../../lib/cases/case-16-collection-swells';
import { SMALL_FILES } from '../../lib/cases/case-17-continuous-cleanup';
import { MetricKind } from '../../lib/flow/metrics/workload';
import { type Deployable, deployed, lost, NOTHING, STATEFUL } from '../support/deployed';
import { eventsInDocumentDb } from '../support/document-db';
import { shop, type Untyped } from '../support/stack';

const MIB = 2 ** 20;
const demand = {
  workload: { steadyPerSecond: 20, peakPerSecond: 80, peakSeconds: 600, serviceSeconds: 0.07 },
  objective: { latencySeconds: 60 },
};

function template(make: (stack: Stack) => void): Deployable {
  const stack = shop({ '@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy': true });
  make(stack);
  return Template.fromStack(stack).toJSON() as Deployable;
}

const queue = (id = 'Orders', props: Partial<RedriveQueueProps> = {}) =>
  template((stack) => void new RedriveQueue(stack, id, { ...demand, ...props }));

const buffer = (id = 'Webhooks', props: Partial<WebhookBufferProps> = {}) =>
  template(
    (stack) =>
      void new WebhookBuffer(stack, id, {
        ...demand,
        sources: [{ name: 'github', scheme: WebhookScheme.GITHUB }],
        ...props,
      }),
  );

const schedule = (id = 'Chores', props: Partial<SpreadScheduleProps> = {}) =>
  template(
    (stack) =>
      void new SpreadSchedule(stack, id, {
        jobs: [{ name: 'cleanup', periodSeconds: 3600, durationSeconds: 10 }],
        compute: WorkerCompute.lambda({
          function: new LambdaFunction(stack, 'Runner', {
            runtime: Runtime.NODEJS_24_X,
            handler: 'index.handler',
            code: Code.fromInline('exports.handler = 0'),
            timeout: Duration.minutes(1),
          }),
        }),
        ...props,
      }),
  );

const metrics = (id = 'Metrics', props: { removalPolicy?: RemovalPolicy } = {}) =>
  template(
    (stack) =>
      void new MetricsSampling(stack, id, {
        ...{
          workload: {
            sources: [{ name: 'api', targets: 10, families: [{ name: 'work_total', kind: MetricKind.COUNTER }] }],
          },
          objective: { activeSeries: 1000 },
        },
        ...props,
      }),
  );
const archive = (id = 'Archive', props: (stack: Stack) => Partial<ArchiveBucketProps> = () => ({})) =>
  template(
    (stack) =>
      void new ArchiveBucket(stack, id, { workload: { bytesPerDay: 640e9, objectBytes: MIB }, ...props(stack) }),
  );

const TOPICS = [
  { topicName: 'orders.placed', tenant: 'orders', partitions: 3 },
  { topicName: 'orders.paid', tenant: 'orders', partitions: 3, retention: Duration.days(7) },
];
const CLUSTER = 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/0c6e-7';
const rabbit = (id = 'Orders') =>
  template((stack) => {
    const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-1',
      availabilityZones: ['a', 'b'],
      privateSubnetIds: ['subnet-a', 'subnet-b'],
    });
    new RabbitMqQueue(stack, id, { ...demand, queueName: 'orders', broker: RabbitMqBroker.managed({ vpc }) });
  });

const quotas = (id = 'Quotas', props: Partial<KafkaQuotasProps> = {}) =>
  template((stack) => {
    const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-1',
      availabilityZones: ['a'],
      privateSubnetIds: ['subnet-a'],
    });
    new KafkaQuotas(stack, id, {
      clusterArn: CLUSTER,
      capacity: { brokers: 3, brokerBytesPerSecond: 60 * MIB },
      tenants: [{ name: 'orders', steadyBytesPerSecond: 4 * MIB }],
      topics: TOPICS,
      authentication: KafkaAuthentication.iam(),
      vpc,
      clusterSecurityGroup: SecurityGroup.fromSecurityGroupId(stack, 'Brokers', 'sg-1'),
      ...props,
    });
  });

const etl = (id = 'Views', props: Partial<StreamingEtlProps> = {}) =>
  template((stack) => {
    const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-1',
      availabilityZones: ['a'],
      privateSubnetIds: ['subnet-a'],
    });
    new StreamingEtl(stack, id, {
      ...PAGE_VIEWS,
      queryName: 'views',
      source: EtlSource.mskTopic({ clusterArn: CLUSTER, topicName: 'views' }),
      sink: StreamSink.aggregate({
        vpc,
        clusterSecurityGroup: SecurityGroup.fromSecurityGroupId(stack, 'Brokers', 'sg-1'),
        schema: 'page STRING, at TIMESTAMP',
        eventTime: 'at',
        keys: ['page'],
        jarBucket: Bucket.fromBucketName(stack, 'Jars', 'jars'),
        jarKeys: ['kafka.jar'],
      }),
      ...props,
    });
  });

const landing = (id = 'Raw', props: Partial<StreamingEtlProps> = {}) =>
  template(
    (stack) =>
      void new StreamingEtl(stack, id, {
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
        ...props,
      }),
  );

const mailing = (id = 'Mailing', props: Partial<RateLimitedSenderProps> = {}) =>
  template(
    (stack) =>
      void new RateLimitedSender(stack, id, {
        workload: { campaignMessages: 1000, callSeconds: 0.1 },
        limit: { perSecond: 14 },
        identity: EmailIdentity.fromEmailIdentityName(stack, 'Identity', 'example.com'),
        from: 'shop@example.com',
        ...props,
      }),
  );

const merging = (id = 'Merging', props: Partial<CoalescingQueueProps> = {}) =>
  template(
    (stack) =>
      void new CoalescingQueue(stack, id, {
        workload: { steadyPerSecond: 100, distinctKeys: 50, keySeconds: 0.01 },
        objective: { freshnessSeconds: 60 },
        invalidator: Invalidator.lambda({ function: LambdaFunction.fromFunctionName(stack, 'Rebuild', 'rebuild') }),
        ...props,
      }),
  );

const streaming = (id = 'Streaming', props: Partial<PartitionedStreamProps> = {}) =>
  template(
    (stack) =>
      void new PartitionedStream(stack, id, {
        workload: { steadyPerSecond: 100, recordSeconds: 0.01 },
        objective: { latencySeconds: 60 },
        consumer: StreamConsumer.lambda({
          function: LambdaFunction.fromFunctionName(stack, 'Keep', 'keep'),
          functionTimeout: Duration.minutes(1),
        }),
        iot: { sql: "SELECT * FROM 'devices'" },
        ...props,
      }),
  );
const topic = (topicName: string): Partial<PartitionedStreamProps> => ({
  stream: StreamKind.msk({ clusterArn: CLUSTER, topicName }),
  consumerGroup: 'metrics',
  iot: undefined,
});
const compaction = (
  id = 'Compaction',
  table = (_: Stack) => CompactedTable.s3Table({ namespace: 'a', tableName: 'b' }),
) => template((stack) => void new ContinuousCompaction(stack, id, { ...SMALL_FILES, table: table(stack) }));
const deltaTable = (stack: Stack) =>
  CompactedTable.delta({ bucket: Bucket.fromBucketName(stack, 'Lake', 'lake'), prefix: 'events' });
const ttlCollection = (id = 'Events') =>
  template((stack) => void new TtlCollection(stack, id, { ...EVENTS, ...eventsInDocumentDb(stack) }));
const ttlTable = (id = 'Events') =>
  template(
    (stack) =>
      void new TtlTable(stack, id, {
        ...EVENTS_TABLE,
        createdAttribute: 'createdAt',
        partitionKey: { name: 'job', type: AttributeType.STRING },
      }),
  );
const S3_TABLES = ['Namespace', 'Table', 'TableBucket'].map((name) => `AWS::S3Tables::${name}`);

/** The types of stateful resources that the second template leaves behind. */
function leftBehind(before: Deployable, after: Deployable): string[] {
  return deployed(before, after)
    .filter(({ type, fate }) => type in STATEFUL && fate === 'retained')
    .map(({ type }) => type)
    .sort();
}

const moved = (stack: Stack) => void new RedriveQueue(new Construct(stack, 'Inner'), 'Orders', demand);
const QUEUES = ['AWS::SQS::Queue', 'AWS::SQS::Queue', 'AWS::SQS::Queue'];

describe('nothing is deleted that holds something', () => {
  test.each<[string, Deployable, Deployable, string[]]>([
    ['a queue that is renamed', queue(), queue('Purchases'), ['AWS::DynamoDB::Table', ...QUEUES]],
    ['a queue that moves into another construct', queue(), template(moved), ['AWS::DynamoDB::Table', ...QUEUES]],
    ['a table of S3 Tables whose compaction is renamed', compaction(), compaction('Other'), S3_TABLES],
    [
      'a Delta table whose compaction is renamed: failed starts',
      compaction('Compaction', deltaTable),
      compaction('Other', deltaTable),
      ['AWS::SQS::Queue'],
    ],
    [
      'the queue of undelivered starts of a collection that is renamed',
      ttlCollection(),
      ttlCollection('Clicks'),
      ['AWS::SQS::Queue'],
    ],
    [
      'a table with a time to live that is renamed, and its progress',
      ttlTable(),
      ttlTable('Clicks'),
      ['AWS::DynamoDB::Table', 'AWS::DynamoDB::Table'],
    ],
    ['a queue that becomes FIFO', queue(), queue('Orders', { fifo: true }), ['AWS::DynamoDB::Table', ...QUEUES]],
    ['a FIFO queue that becomes a standard one', queue('Orders', { fifo: true }), queue(), QUEUES],
    ['a queue that gives up its redriver', queue(), queue('Orders', { maxRedrives: 0 }), ['AWS::DynamoDB::Table']],
    ['a stack with a queue that is deleted', queue(), NOTHING, ['AWS::DynamoDB::Table', ...QUEUES]],
    [
      'a webhook buffer that is renamed: queues, keys and the generated secret',
      buffer(),
      buffer('Hooks'),
      ['AWS::DynamoDB::Table', 'AWS::DynamoDB::Table', ...QUEUES, 'AWS::SQS::Queue', 'AWS::SecretsManager::Secret'],
    ],
    [
      'a source that goes: its secret, which the sender still signs with',
      buffer(),
      buffer('Webhooks', { sources: [{ name: 'shop', scheme: WebhookScheme.STRIPE }] }),
      ['AWS::SecretsManager::Secret'],
    ],
    [
      'a sender that is renamed: queues, and the records without which it sends a mail twice',
      mailing(),
      mailing('Letters'),
      ['AWS::DynamoDB::GlobalTable', 'AWS::DynamoDB::Table', ...QUEUES],
    ],
    [
      'a merging queue that is renamed: events, and keys that were set aside',
      merging(),
      merging('Pages'),
      ['AWS::Kinesis::Stream', 'AWS::SQS::Queue'],
    ],
    [
      'a partitioned stream that is renamed: records, those set aside, and those not delivered',
      streaming(),
      streaming('Devices'),
      ['AWS::Kinesis::Stream', 'AWS::SQS::Queue', 'AWS::SQS::Queue'],
    ],
    [
      'a partitioned stream whose topic gets another name',
      streaming('Streaming', topic('metrics')),
      streaming('Streaming', topic('readings')),
      ['AWS::MSK::Topic'],
    ],
    [
      'a schedule that is renamed: queues, those not delivered, and the keys',
      schedule(),
      schedule('Nightly'),
      ['AWS::DynamoDB::Table', 'AWS::DynamoDB::Table', ...QUEUES, 'AWS::SQS::Queue'],
    ],
    [
      'a job that is renamed',
      schedule(),
      schedule('Chores', { jobs: [{ name: 'vacuum', periodSeconds: 3600, durationSeconds: 10 }] }),
      [],
    ],
    ['a workspace that is renamed', metrics(), metrics('Series'), ['AWS::APS::Workspace']],
    ['an archive that is renamed', archive(), archive('Cold'), ['AWS::S3::Bucket', 'AWS::S3::Bucket']],
    [
      'an archive that gets another log bucket',
      archive(),
      archive('Archive', (stack) => ({ serverAccessLogsBucket: new Bucket(stack, 'Logs') })),
      ['AWS::S3::Bucket'],
    ],
    [
      'a streaming job that is renamed: topic, checkpoint, table and their logs',
      etl(),
      etl('Pages'),
      ['AWS::MSK::Topic', 'AWS::S3::Bucket', 'AWS::S3::Bucket', 'AWS::S3::Bucket'],
    ],
    [
      'a landing that is renamed: stream, key, dead letters, their logs and the table',
      landing(),
      landing('Pages'),
      [
        'AWS::KMS::Key',
        'AWS::Kinesis::Stream',
        'AWS::S3::Bucket',
        'AWS::S3::Bucket',
        'AWS::S3Tables::Namespace',
        'AWS::S3Tables::TableBucket',
      ],
    ],
    [
      'a RabbitMQ queue that is renamed: the broker, its users and the objects on it',
      rabbit(),
      rabbit('Purchases'),
      [
        'AWS::AmazonMQ::Broker',
        'AWS::SecretsManager::Secret',
        'AWS::SecretsManager::Secret',
        'AWS::SecretsManager::Secret',
        'Custom::RabbitMqTopology',
      ],
    ],
    ['a topic that is no longer listed', quotas(), quotas('Quotas', { topics: [TOPICS[0]] }), ['AWS::MSK::Topic']],
    [
      'quotas that are renamed: the topics and the quotas themselves',
      quotas(),
      quotas('Shares'),
      ['AWS::MSK::Topic', 'AWS::MSK::Topic', 'Custom::KafkaQuotas'],
    ],
    [
      'quotas that go to another cluster',
      quotas(),
      quotas('Quotas', { clusterArn: CLUSTER.replace('telemetry', 'second') }),
      ['AWS::MSK::Topic', 'AWS::MSK::Topic', 'Custom::KafkaQuotas'],
    ],
  ])('%s', (_, before, after, left) => {
    expect(lost(before, after)).toEqual([]);
    expect(leftBehind(before, after)).toEqual(left);
  });

  test.each([
    ['a queue', queue(), 'AWS::SQS::QueuePolicy', 3],
    ['a webhook buffer', buffer(), 'AWS::SQS::QueuePolicy', 4],
    ['a schedule', schedule(), 'AWS::SQS::QueuePolicy', 4],
    ['an archive', archive(), 'AWS::S3::BucketPolicy', 2],
    ['a streaming job', etl(), 'AWS::S3::BucketPolicy', 3],
    ['a landing', landing(), 'AWS::S3::BucketPolicy', 2],
  ])('%s that stays keeps the policies that demand TLS', (_, before, policy, count) => {
    const policies = deployed(before, NOTHING).filter(({ type }) => type === policy);
    expect(policies.map(({ fate }) => fate)).toEqual(Array(count).fill('retained'));
  });

  test('a renamed queue that keeps its logical ids and its name is the same queue', () => {
    const name = (stack: Stack, { queue: { node } }: RedriveQueue) =>
      stack.resolve((node.defaultChild as CfnQueue).queueName);
    const holders = ({ queue: source, deadLetterQueue, quarantineQueue, node }: RedriveQueue) =>
      [source, deadLetterQueue, quarantineQueue, node.findChild('Circuit')].map(
        (one) => one.node.defaultChild as CfnResource,
      );
    const stack = shop();
    const orders = new RedriveQueue(stack, 'Orders', demand);
    const ids = holders(orders).map((one) => stack.getLogicalId(one));
    const renamed = template((other) => {
      const queueName = Token.asString(name(stack, orders));
      const purchases = new RedriveQueue(other, 'Purchases', { ...demand, queueName });
      for (const [index, one] of holders(purchases).entries()) one.overrideLogicalId(ids[index]);
    });
    const fates = deployed(Template.fromStack(stack).toJSON(), renamed).filter(({ type }) => type in STATEFUL);
    expect(fates.map(({ fate }) => fate)).toEqual(['kept', 'kept', 'kept', 'kept']);
  });

  test('a change of numbers keeps every resource where it is', () => {
    const more = { ...demand.workload, peakPerSecond: 800 };
    const fates = deployed(queue(), queue('Orders', { workload: more })).map(({ fate }) => fate);
    expect(new Set(fates)).toEqual(new Set(['kept']));
  });
});

describe('removalPolicy is the way out, and holds for all of it', () => {
  const removalPolicy = RemovalPolicy.DESTROY;
  test.each<[string, Deployable, number]>([
    ['a queue', queue('Orders', { removalPolicy }), 4],
    ['a webhook buffer', buffer('Webhooks', { removalPolicy }), 7],
    ['a schedule', schedule('Chores', { removalPolicy }), 6],
    ['an archive', archive('Archive', () => ({ removalPolicy })), 2],
    ['a workspace', metrics('Metrics', { removalPolicy }), 1],
    ['a sender', mailing('Mailing', { removalPolicy }), 5],
    ['a merging queue', merging('Merging', { removalPolicy }), 2],
    ['quotas and topics', quotas('Quotas', { removalPolicy }), 3],
    ['a streaming job', etl('Views', { removalPolicy }), 4],
    ['a landing', landing('Raw', { removalPolicy }), 6],
  ])('%s', (_, before, count) => {
    expect(lost(before, NOTHING)).toHaveLength(count);
    expect(leftBehind(before, NOTHING)).toEqual([]);
  });

  test('RETAIN_ON_UPDATE_OR_DELETE leaves nothing behind of a creation that failed', () => {
    const { Resources } = queue('Orders', { removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE });
    const policies = Object.values<Untyped>(Resources)
      .filter(({ Type }) => Type in STATEFUL)
      .map(({ DeletionPolicy, UpdateReplacePolicy }) => [DeletionPolicy, UpdateReplacePolicy]);
    expect(policies).toEqual(Array(4).fill(['RetainExceptOnCreate', 'Retain']));
  });
});

describe('the deployment that these tests go by', () => {
  const one = (Type: string, Properties: object, more: object = {}) => ({
    Resources: { It: { Type, Properties, ...more } },
  });
  const fate = (before: Deployable, after: Deployable) => deployed(before, after)[0].fate;
  const kept = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };

  test.each<[string, Deployable, Deployable, string]>([
    ['a queue that is gone is deleted by default', one('AWS::SQS::Queue', {}), NOTHING, 'deleted'],
    ['one with a policy is retained', one('AWS::SQS::Queue', {}, kept), NOTHING, 'retained'],
    [
      'a replaced one goes by the other policy',
      one('AWS::SQS::Queue', {}, { DeletionPolicy: 'Retain' }),
      one('AWS::SQS::Queue', { FifoQueue: true }, { DeletionPolicy: 'Retain' }),
      'deleted',
    ],
    ['another type is another resource', one('AWS::SQS::Queue', {}), one('AWS::SNS::Topic', {}), 'deleted'],
    [
      'what can be updated is kept',
      one('AWS::SQS::Queue', { DelaySeconds: 1 }),
      one('AWS::SQS::Queue', { DelaySeconds: 2 }),
      'kept',
    ],
  ])('%s', (_, before, after, expected) => expect(fate(before, after)).toBe(expected));
});
