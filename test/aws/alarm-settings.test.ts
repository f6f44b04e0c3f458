/** Alarms by severity, with names, actions of any kind and reasons for silence: one shape for every construct. */
import { readFileSync } from 'node:fs';
import { Duration, type Stack, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { AttributeType } from 'aws-cdk-lib/aws-dynamodb';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { DatabaseInstance } from 'aws-cdk-lib/aws-rds';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { EmailIdentity } from 'aws-cdk-lib/aws-ses';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { AlarmSettings } from '../../lib/aws/alarm-settings';
import { CiConcurrency } from '../../lib/aws/ci/ci-concurrency';
import { CompactedTable } from '../../lib/aws/compaction/compacted-table';
import { ContinuousCompaction } from '../../lib/aws/compaction/continuous-compaction';
import { EtlSource } from '../../lib/aws/etl/etl-source';
import { StreamSink } from '../../lib/aws/etl/stream-sink';
import { StreamingEtl } from '../../lib/aws/etl/streaming-etl';
import { JVM_ALARMS } from '../../lib/aws/jvm/jvm-alarms';
import { JvmService } from '../../lib/aws/jvm/jvm-service';
import { ARCHIVE_ALARMS } from '../../lib/aws/logs/delivery';
import { LogShipping } from '../../lib/aws/logs/log-shipping';
import { SHIPPING_ALARMS } from '../../lib/aws/logs/log-shipping-alarms';
import { COALESCING_ALARMS } from '../../lib/aws/merging/coalescing-alarms';
import { CoalescingQueue } from '../../lib/aws/merging/coalescing-queue';
import { EventTransport } from '../../lib/aws/merging/coalescing-queue-props';
import { Invalidator } from '../../lib/aws/merging/invalidator';
import { MetricsSampling } from '../../lib/aws/metrics/metrics-sampling';
import { QUEUE_ALARMS } from '../../lib/aws/queue/queue-alarms';
import { WorkerCompute } from '../../lib/aws/queue/queue-worker';
import { RABBIT_MQ_ALARMS } from '../../lib/aws/queue/rabbit-mq-alarms';
import { RabbitMqBroker } from '../../lib/aws/queue/rabbit-mq-broker';
import { RabbitMqQueue } from '../../lib/aws/queue/rabbit-mq-queue';
import { RedriveQueue } from '../../lib/aws/queue/redrive-queue';
import { KafkaAuthentication } from '../../lib/aws/quotas/kafka-authentication';
import { KafkaQuotas } from '../../lib/aws/quotas/kafka-quotas';
import { RateLimitedSender } from '../../lib/aws/rates/rate-limited-sender';
import { SENDER_ALARMS } from '../../lib/aws/rates/sender-alarms';
import { DatabaseServer } from '../../lib/aws/replication/database-server';
import { REPLICA_ALARMS } from '../../lib/aws/replication/replica-alarms';
import { ReplicaLagGuard } from '../../lib/aws/replication/replica-lag-guard';
import { TtlCollection } from '../../lib/aws/retention/ttl-collection';
import { TTL_COLLECTION_ALARMS } from '../../lib/aws/retention/ttl-collection-rows';
import { TtlTable } from '../../lib/aws/retention/ttl-table';
import { TTL_TABLE_ALARMS } from '../../lib/aws/retention/ttl-table-rows';
import { SCHEDULE_ALARMS } from '../../lib/aws/schedule/schedule-alarms';
import { SpreadSchedule } from '../../lib/aws/schedule/spread-schedule';
import { BoundedService } from '../../lib/aws/services/bounded-service';
import { BOUNDED_ALARMS } from '../../lib/aws/services/service-alarms';
import { FairShare } from '../../lib/aws/shares/fair-share';
import { ArchiveBucket } from '../../lib/aws/storage/archive-bucket';
import { PartitionedStream } from '../../lib/aws/streams/partitioned-stream';
import { streamAlarms } from '../../lib/aws/streams/stream-alarms';
import { StreamConsumer } from '../../lib/aws/streams/stream-consumer';
import { StreamKind } from '../../lib/aws/streams/stream-kind';
import { refusedAlarms } from '../../lib/aws/webhooks/refused-alarms';
import { WEBHOOK_ALARMS } from '../../lib/aws/webhooks/webhook-alarms';
import { WebhookBuffer } from '../../lib/aws/webhooks/webhook-buffer';
import { WebhookScheme } from '../../lib/aws/webhooks/webhook-source';
import { TASK_LOGS } from '../../lib/cases/case-01-log-flood';
import { PAGE_VIEWS } from '../../lib/cases/case-03-batch-to-streaming';
import { WRITE_PEAK } from '../../lib/cases/case-08-replica-lag';
import { BUSY_JVM } from '../../lib/cases/case-10-allocation-outruns-gc';
import { OVERRUN_API } from '../../lib/cases/case-12-unbounded-thread-pool';
import { EVENTS, EVENTS_TABLE } from '../../lib/cases/case-16-collection-swells';
import { SMALL_FILES } from '../../lib/cases/case-17-continuous-cleanup';
import { InvalidInputError } from '../../lib/flow/errors';
import { MetricKind } from '../../lib/flow/metrics/workload';
import { ServiceAdmission } from '../../lib/flow/services/workload';
import { eventsInDocumentDb } from '../support/document-db';
import { ratingJobs } from '../support/rating';
import { refusalOf } from '../support/refused';
import { shop, type Untyped } from '../support/stack';

const DEMAND = { workload: { steadyPerSecond: 20, serviceSeconds: 0.07 }, objective: { latencySeconds: 60 } };

const functionIn = (stack: Stack, id = 'Function') =>
  new LambdaFunction(stack, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => ({})'),
    timeout: Duration.seconds(30),
  });

/** Every construct that has alarms, with all of them, and the names that they can have. */
const CONSTRUCTS: Record<string, [(stack: Stack, alarms?: AlarmSettings) => unknown, readonly string[]]> = {
  RedriveQueue: [(stack, alarms) => new RedriveQueue(stack, 'It', { ...DEMAND, alarms }), QUEUE_ALARMS],
  WebhookBuffer: [
    (stack, alarms) =>
      new WebhookBuffer(stack, 'It', {
        ...DEMAND,
        sources: [{ name: 'pay', scheme: WebhookScheme.STRIPE }],
        alarms,
      }).attach(functionIn(stack)),
    [...QUEUE_ALARMS, ...WEBHOOK_ALARMS, ...refusedAlarms(['pay'])],
  ],
  SpreadSchedule: [
    (stack, alarms) =>
      new SpreadSchedule(stack, 'It', {
        jobs: [{ name: 'cleanup', periodSeconds: 3600, durationSeconds: 1 }],
        compute: WorkerCompute.lambda({ function: functionIn(stack) }),
        alarms,
      }),
    [...QUEUE_ALARMS, ...SCHEDULE_ALARMS],
  ],
  BoundedService: [
    (stack, alarms) =>
      new BoundedService(stack, 'It', {
        ...OVERRUN_API,
        admission: ServiceAdmission.TARGET_OPTIMIZER,
        cluster: new Cluster(stack, 'Cluster', { vpc: new Vpc(stack, 'Network') }),
        image: ContainerImage.fromRegistry('shop/api:1'),
        alarms,
      }),
    BOUNDED_ALARMS,
  ],
  JvmService: [
    (stack, alarms) =>
      new JvmService(stack, 'It', {
        ...BUSY_JVM,
        cluster: new Cluster(stack, 'Cluster', { vpc: new Vpc(stack, 'Network') }),
        image: ContainerImage.fromRegistry('shop/api:1'),
        alarms,
      }),
    JVM_ALARMS,
  ],
  LogShipping: [
    (stack, alarms) => new LogShipping(stack, 'It', { ...TASK_LOGS, alarms }),
    [...SHIPPING_ALARMS, ...ARCHIVE_ALARMS],
  ],
  CoalescingQueue: [
    (stack, alarms) =>
      new CoalescingQueue(stack, 'It', {
        workload: { steadyPerSecond: 100, distinctKeys: 50, keySeconds: 0.01 },
        objective: { freshnessSeconds: 60 },
        invalidator: Invalidator.lambda({ function: functionIn(stack) }),
        alarms,
      }),
    COALESCING_ALARMS,
  ],
  'CoalescingQueue on SQS': [
    (stack, alarms) =>
      new CoalescingQueue(stack, 'It', {
        workload: { steadyPerSecond: 1, peakPerSecond: 150, peakSeconds: 600, distinctKeys: 50, keySeconds: 0.02 },
        objective: { freshnessSeconds: 120 },
        transport: EventTransport.SQS,
        invalidator: Invalidator.lambda({ function: functionIn(stack) }),
        alarms,
      }),
    // No stream is watched there.
    [...QUEUE_ALARMS, ...COALESCING_ALARMS.filter((name) => !['late', 'idle', 'writesThrottled'].includes(name))],
  ],
  PartitionedStream: [
    (stack, alarms) =>
      new PartitionedStream(stack, 'It', {
        workload: { steadyPerSecond: 100, recordSeconds: 0.01 },
        objective: { latencySeconds: 60 },
        consumer: StreamConsumer.lambda({ function: functionIn(stack) }),
        iot: { sql: "SELECT * FROM 'devices'" },
        alarms,
      }),
    streamAlarms({ isKinesis: true, isLambda: true, setsAside: true, hasRule: true }),
  ],
  'PartitionedStream on a topic': [
    (stack, alarms) =>
      new PartitionedStream(stack, 'It', {
        workload: { steadyPerSecond: 100, recordSeconds: 0.01 },
        objective: { latencySeconds: 60 },
        stream: StreamKind.msk({
          clusterArn: 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/abc-1',
          topicName: 'metrics',
        }),
        consumerGroup: 'metrics',
        consumer: StreamConsumer.lambda({ function: functionIn(stack) }),
        alarms,
      }),
    streamAlarms({ isKinesis: false, isLambda: true, setsAside: true, hasRule: false }),
  ],
  RateLimitedSender: [
    (stack, alarms) =>
      new RateLimitedSender(stack, 'It', {
        workload: { campaignMessages: 10_000, callSeconds: 0.1 },
        limit: { perSecond: 100 },
        identity: EmailIdentity.fromEmailIdentityName(stack, 'Identity', 'example.com'),
        from: 'shop@example.com',
        alarms,
      }),
    [...QUEUE_ALARMS, ...SENDER_ALARMS],
  ],
  ReplicaLagGuard: [
    (stack, alarms) => {
      const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
        vpcId: 'vpc-1',
        availabilityZones: ['a', 'b'],
        privateSubnetIds: ['subnet-a', 'subnet-b'],
      });
      const server = (id: string) =>
        DatabaseServer.instance(
          DatabaseInstance.fromDatabaseInstanceAttributes(stack, id, {
            instanceIdentifier: id,
            instanceEndpointAddress: `${id}.example.eu-west-1.rds.amazonaws.com`,
            port: 3306,
            securityGroups: [],
          }),
        );
      return new ReplicaLagGuard(stack, 'It', {
        ...WRITE_PEAK,
        source: server('orders'),
        replicas: [server('orders-replica')],
        secret: Secret.fromSecretNameV2(stack, 'User', 'user'),
        cluster: Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'shop', vpc }),
        image: ContainerImage.fromRegistry('guard'),
        alarms,
      });
    },
    REPLICA_ALARMS,
  ],
  RabbitMqQueue: [
    (stack, alarms) => {
      const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
        vpcId: 'vpc-1',
        availabilityZones: ['a', 'b'],
        privateSubnetIds: ['subnet-a', 'subnet-b'],
      });
      return new RabbitMqQueue(stack, 'It', {
        ...DEMAND,
        queueName: 'orders',
        broker: RabbitMqBroker.managed({ vpc }),
        alarms,
      });
    },
    RABBIT_MQ_ALARMS,
  ],
  KafkaQuotas: [
    (stack, alarms) => {
      const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
        vpcId: 'vpc-1',
        availabilityZones: ['a', 'b'],
        privateSubnetIds: ['subnet-a', 'subnet-b'],
      });
      return new KafkaQuotas(stack, 'It', {
        clusterArn: 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/abc-1',
        capacity: { brokers: 1, brokerBytesPerSecond: 6e7 },
        tenants: [{ name: 'orders', steadyBytesPerSecond: 1e6 }],
        authentication: KafkaAuthentication.iam(),
        clusterSecurityGroup: new SecurityGroup(stack, 'Brokers', { vpc, allowAllOutbound: false }),
        vpc,
        alarms,
      });
    },
    ['produceThrottled1', 'fetchThrottled1', 'drift', 'repairErrors'],
  ],
  StreamingEtl: [
    (stack, alarms) => {
      const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
        vpcId: 'vpc-1',
        availabilityZones: ['a', 'b'],
        privateSubnetIds: ['subnet-a', 'subnet-b'],
      });
      return new StreamingEtl(stack, 'It', {
        ...PAGE_VIEWS,
        queryName: 'views',
        source: EtlSource.mskTopic({
          clusterArn: 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/abc-1',
          topicName: 'views',
        }),
        sink: StreamSink.aggregate({
          vpc,
          clusterSecurityGroup: new SecurityGroup(stack, 'Brokers', { vpc, allowAllOutbound: false }),
          schema: 'page STRING, at TIMESTAMP',
          eventTime: 'at',
          keys: ['page'],
          jarBucket: Bucket.fromBucketName(stack, 'Jars', 'jars'),
          jarKeys: ['kafka.jar'],
        }),
        alarms,
      });
    },
    ['late', 'slow', 'behind', 'rejected', 'restarted', 'keeperErrors'],
  ],
  'ContinuousCompaction of Iceberg': [
    (stack, alarms) =>
      new ContinuousCompaction(stack, 'It', {
        ...SMALL_FILES,
        table: CompactedTable.iceberg({
          database: 'lake',
          tableName: 'events',
          bucket: lakeIn(stack),
          prefix: 'events',
        }),
        alarms,
      }),
    ['optimizersFailing', 'compactionLate', 'expiryLate', 'runTooLong'],
  ],
  'ContinuousCompaction of Delta': [
    (stack, alarms) =>
      new ContinuousCompaction(stack, 'It', {
        ...SMALL_FILES,
        table: CompactedTable.delta({ bucket: lakeIn(stack), prefix: 'events' }),
        alarms,
      }),
    [
      'smallFiles',
      'runTooLong',
      'rewritesTooMuch',
      'conflicts',
      'partitionsFailing',
      'runsMissing',
      'neverVacuums',
      'failedRuns',
      'undelivered',
    ],
  ],
  TtlCollection: [
    (stack, alarms) => new TtlCollection(stack, 'It', { ...EVENTS, ...eventsInDocumentDb(stack), alarms }),
    TTL_COLLECTION_ALARMS,
  ],
  TtlTable: [
    (stack, alarms) =>
      new TtlTable(stack, 'It', {
        ...EVENTS_TABLE,
        createdAttribute: 'createdAt',
        partitionKey: { name: 'job', type: AttributeType.STRING },
        alarms,
      }),
    TTL_TABLE_ALARMS,
  ],
  FairShare: [
    (stack, alarms) => new FairShare(stack, 'It', { ...ratingJobs(stack), alarms }),
    ['starved', 'blocked', 'undeclared', 'snapshotErrors'],
  ],
  CiConcurrency: [
    (stack, alarms) =>
      new CiConcurrency(stack, 'It', {
        workload: { pushesPerHourPeak: 10, runSeconds: 100 },
        objective: { waitSeconds: 180 },
        quota: 60,
        ...{ projectName: 'pool', owner: 'example', repository: 'shop' },
        alarms,
      }),
    ['jobsWait', 'slowStart', 'failedBuilds'],
  ],
  ArchiveBucket: [
    (stack, alarms) => new ArchiveBucket(stack, 'It', { workload: { bytesPerDay: 1e12, objectBytes: 1e8 }, alarms }),
    ['storedBytesAlarm', 'objectBytesAlarm'],
  ],
  MetricsSampling: [
    (stack, alarms) =>
      new MetricsSampling(stack, 'It', {
        ...{
          workload: {
            sources: [{ name: 'api', targets: 10, families: [{ name: 'work_total', kind: MetricKind.COUNTER }] }],
          },
          objective: { activeSeries: 1000 },
        },
        alarms,
      }),
    ['activeSeries', 'ingestionRate'],
  ],
};

const lakeIn = (stack: Stack) => Bucket.fromBucketName(stack, 'Lake', 'lake');

/** The alarms that call the breaker of a sender. */
const PAUSING = ['bounces', 'complaints', 'closed'];

function made(name: string, alarms?: (stack: Stack) => AlarmSettings, stack: Stack = shop()) {
  CONSTRUCTS[name][0](stack, alarms?.(stack));
  const template = Template.fromStack(stack);
  const found = Object.values<Untyped>(template.findResources('AWS::CloudWatch::Alarm')).map((one) => one.Properties);
  return { stack, template, alarms: found };
}

const thrown = (make: () => unknown) => refusalOf(make, [InvalidInputError]);

/** Name of the alarm → topic, by a prefix that makes names visible. */
function routes(name: string): Record<string, string> {
  const { alarms } = made(name, (stack) => ({
    namePrefix: 'it',
    critical: { topic: new Topic(stack, 'Pager') },
    warning: { topic: new Topic(stack, 'Chat') },
  }));
  return Object.fromEntries(
    alarms.map(({ AlarmName, AlarmActions }) => {
      const topics = AlarmActions.filter((action: Untyped) => 'Ref' in action);
      expect(topics).toHaveLength(1);
      return [AlarmName.replace(/^it-/, ''), topics[0].Ref.replace(/[0-9A-F]{8}$/, '')];
    }),
  );
}

/** The severities that docs/alarms.md tells, by name. */
function documented(): Record<string, string> {
  const page = readFileSync('docs/alarms.md', 'utf8');
  const rows = [...page.matchAll(/^\| `([^`]+)` \| (critical|warning) \|/gm)];
  return Object.fromEntries(rows.map(([, name, severity]) => [name, severity]));
}

describe.each(Object.keys(CONSTRUCTS))('%s', (name) => {
  const [, names] = CONSTRUCTS[name];
  const found = routes(name);

  test('its alarms have the names that settings may have, each once', () => {
    expect(Object.keys(found).sort()).toEqual([...names].sort());
  });

  test('each goes to the topic of its severity, and the page says which that is', () => {
    const severities = documented();
    for (const [alarm, topic] of Object.entries(found)) {
      const told = severities[alarm.replace('refused.pay', 'refused.<sender>').replace(/1$/, '<broker>')];
      expect([alarm, topic]).toEqual([alarm, { critical: 'Pager', warning: 'Chat' }[told]]);
    }
  });

  test('any one of them can be silent, with the reason in its text; the others are not', () => {
    for (const silent of names.filter((one) => name !== 'RateLimitedSender' || !PAUSING.includes(one))) {
      const silence = { [silent]: 'we know' };
      const { alarms } = made(name, () => ({ namePrefix: 'it', silence }));
      for (const { AlarmName, ActionsEnabled, AlarmDescription } of alarms) {
        const isSilent = AlarmName === `it-${silent}`;
        expect([AlarmName, ActionsEnabled, AlarmDescription.startsWith('Silent: we know. ')]).toEqual([
          AlarmName,
          isSilent ? false : undefined,
          isSilent,
        ]);
      }
      // One loop over the names of a queue is enough: they are the same code everywhere.
      if (name !== 'RedriveQueue' && QUEUE_ALARMS.includes(silent)) break;
    }
  });

  test('a name that there is not is refused, with the nearest', () => {
    const [first] = names;
    expect(thrown(() => made(name, () => ({ silence: { [`${first}x`]: 'we know' } })))).toContain(
      `alarms.silence has '${first}x', and there is no such alarm; did you mean ${first}? There are `,
    );
    expect(thrown(() => made(name, () => ({ silence: { [first]: ' ' } })))).toContain(
      `alarms.silence.${first} must be the reason, got an empty text`,
    );
  });

  test('without settings nothing of an alarm is set that was not before', () => {
    for (const alarm of made(name).alarms) {
      expect(alarm).not.toHaveProperty('AlarmName');
      expect(alarm).not.toHaveProperty('ActionsEnabled');
      expect(alarm).not.toHaveProperty('OKActions');
    }
  });
});

test('every alarm that the page names exists', () => {
  const all = new Set(Object.values(CONSTRUCTS).flatMap(([, names]) => names));
  const known = [...all].map((name) => name.replace('refused.pay', 'refused.<sender>').replace(/1$/, '<broker>'));
  expect(Object.keys(documented()).sort()).toEqual([...new Set(known)].sort());
});

describe('actions', () => {
  test('a topic is told when an alarm is over, and CloudWatch may publish to it', () => {
    const stack = shop();
    const [okTopic, topic] = [new Topic(stack, 'Over'), new Topic(stack, 'Pager')];
    new RedriveQueue(stack, 'Orders', { ...DEMAND, alarmTopic: topic, alarms: { critical: { okTopic } } });
    const template = Template.fromStack(stack);
    const alarms = Object.values<Untyped>(template.findResources('AWS::CloudWatch::Alarm'));
    const told = alarms.filter(({ Properties }) => Properties.OKActions !== undefined);
    expect(told).toHaveLength(6);
    // The topic of all alarms stays where a severity has no other.
    for (const { Properties } of alarms) expect(Properties.AlarmActions).toEqual([stack.resolve(topic.topicArn)]);
    for (const { Properties } of told) expect(Properties.OKActions).toEqual([stack.resolve(okTopic.topicArn)]);
    const policies = Object.values<Untyped>(template.findResources('AWS::SNS::TopicPolicy'));
    expect(policies.map(({ Properties }) => JSON.stringify(Properties.Topics)).join()).toContain('Over');
    expect(JSON.stringify(policies)).toContain('cloudwatch.amazonaws.com');
  });

  test('any action of aws-cdk-lib, and one of your own', () => {
    const stack = shop();
    const call = new LambdaAction(functionIn(stack), { useUniquePermissionId: true });
    const own = { bind: () => ({ alarmActionArn: 'arn:aws:ssm-incidents::123456789012:response-plan/orders' }) };
    new RedriveQueue(stack, 'Orders', {
      ...DEMAND,
      alarms: { critical: { actions: [call, own], okActions: [own] }, warning: { actions: [own] } },
    });
    const alarms = Object.values<Untyped>(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm'));
    const actions = alarms.map(({ Properties }) => [Properties.AlarmActions?.length, Properties.OKActions?.length]);
    expect(actions.filter(([fires, over]) => fires === 2 && over === 1)).toHaveLength(6);
    expect(actions.filter(([fires, over]) => fires === 1 && over === undefined)).toHaveLength(4);
  });

  test('an alarm that pauses a sender cannot be silent, unless nothing pauses', () => {
    for (const name of PAUSING) {
      const silence = { [name]: 'we know' };
      expect(thrown(() => made('RateLimitedSender', () => ({ silence })))).toContain(
        `alarms.silence must not have ${name}, because this alarm pauses sending; give alarms.critical a topic that wakes nobody, or set breaker to false`,
      );
    }
  });

  test('more than CloudWatch allows is refused', () => {
    const own = { bind: () => ({ alarmActionArn: 'arn:aws:ssm-incidents::123456789012:response-plan/orders' }) };
    expect(thrown(() => made('RedriveQueue', () => ({ warning: { okActions: [own, own, own, own] } })))).toContain(
      'alarms.warning.okActions must be at most 3, got 4',
    );
  });

  test('what is no topic and no action is named', () => {
    const alarms = { critical: { topic: 'arn', actions: ['arn'] }, silense: {} } as never;
    expect(thrown(() => new RedriveQueue(shop(), 'Orders', { ...DEMAND, alarms }))).toMatch(
      /silense is unknown; did you mean silence\?.*alarms.critical.topic is text.*alarms.critical.actions\[0\] is text, 'arn'; give an action/,
    );
  });
});

describe('names', () => {
  test('a prefix may be a token, and has no controls', () => {
    const { alarms } = made('RedriveQueue', () => ({ namePrefix: Token.asString({ Ref: 'Prefix' }) }));
    expect(alarms[0].AlarmName).toEqual({ 'Fn::Join': ['', [{ Ref: 'Prefix' }, '-backlog']] });
    for (const namePrefix of ['', 'a\nb', 'x'.repeat(201)]) {
      expect(thrown(() => made('RedriveQueue', () => ({ namePrefix })))).toContain(
        'alarms.namePrefix must be 1 to 200',
      );
    }
  });

  test('the alarms of a second consumer of webhooks have names of their own', () => {
    const stack = shop();
    const webhooks = new WebhookBuffer(stack, 'It', {
      ...DEMAND,
      sources: [{ name: 'pay', scheme: WebhookScheme.STRIPE }],
      alarms: { namePrefix: 'it' },
    });
    for (const id of ['First', 'Second']) webhooks.attach(functionIn(stack, id));
    const alarms = stack.node.findAll().filter((one): one is CfnAlarm => one instanceof CfnAlarm);
    const found = alarms.map(({ alarmName }) => alarmName);
    expect(new Set(found).size).toBe(found.length);
    expect(found).toContain('it-2-refused.pay');
  });
});

test('an alarm that a construct does not have, because there is no redriver, is not silenced unseen', () => {
  const alarms = { silence: { circuitOpen: 'we know' } };
  expect(thrown(() => new RedriveQueue(shop(), 'Orders', { ...DEMAND, maxRedrives: 0, alarms }))).toContain(
    'alarms.silence.circuitOpen is of an alarm of the redriver, and there is none with maxRedrives 0',
  );
});

test('the queue of another owner has alarms of its own: they are not named here', () => {
  const stack = shop();
  const queue = new Queue(stack, 'Own', { deadLetterQueue: { queue: new Queue(stack, 'Dead'), maxReceiveCount: 5 } });
  const jobs = [{ name: 'cleanup', periodSeconds: 3600, durationSeconds: 1 }];
  const compute = WorkerCompute.lambda({ function: functionIn(stack) });
  expect(
    thrown(
      () => new SpreadSchedule(stack, 'Chores', { jobs, compute, queue, alarms: { silence: { age: 'we know' } } }),
    ),
  ).toContain("alarms.silence has 'age', and there is no such alarm");
});
