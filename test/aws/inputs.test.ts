/** What a caller from JavaScript or Python can give is refused by the name of the prop, never by a raw error. */

import { Duration, Lazy, type Stack, Token } from 'aws-cdk-lib';
import type { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { EtlSource } from '../../lib/aws/etl/etl-source';
import { StreamSink } from '../../lib/aws/etl/stream-sink';
import { StreamingEtl } from '../../lib/aws/etl/streaming-etl';
import { QueueAlarms } from '../../lib/aws/queue/queue-alarms';
import { QueueWorker, WorkerCompute } from '../../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../../lib/aws/queue/redrive-queue';
import { KafkaAlarms } from '../../lib/aws/quotas/kafka-alarms';
import { KafkaAuthentication } from '../../lib/aws/quotas/kafka-authentication';
import { KafkaQuotas } from '../../lib/aws/quotas/kafka-quotas';
import { ArchiveBucket } from '../../lib/aws/storage/archive-bucket';
import { RefusedAlarms } from '../../lib/aws/webhooks/refused-alarms';
import { WebhookBuffer } from '../../lib/aws/webhooks/webhook-buffer';
import { PAGE_VIEWS } from '../../lib/cases/case-03-batch-to-streaming';
import { InvalidInputError } from '../../lib/flow/errors';
import { type Knob } from '../../lib/flow/plan';
import { planQueue } from '../../lib/flow/queue/plan';
import type { QueueQuestion } from '../../lib/flow/queue/question';
import { QueuePlan } from '../../lib/flow/queue/workload';
import { QuotasPlan } from '../../lib/flow/quotas/workload';
import { shop, type Untyped } from '../support/stack';

const MIB = 2 ** 20;
const CLUSTER = 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/0c6e-7';
const demand = { workload: { steadyPerSecond: 20, serviceSeconds: 0.07 }, objective: { latencySeconds: 60 } };

const knob = (name: string, value: number): Knob => ({
  name,
  value,
  unit: '',
  formula: 'given',
  inputs: {},
  source: 'by hand',
});
const functionOf = (stack: Stack) =>
  new LambdaFunction(stack, 'Function', { runtime: Runtime.NODEJS_22_X, handler: 'x', code: Code.fromInline('x') });

const MAKERS: Record<string, (props: Untyped) => void> = {
  RedriveQueue: (props) => new RedriveQueue(shop(), 'It', { ...demand, ...props }),
  WebhookBuffer: (props) =>
    new WebhookBuffer(shop(), 'It', {
      ...demand,
      ...props,
      sources: [{ name: 'a', scheme: 'github', ...props.source }],
    }),
  ArchiveBucket: (props) =>
    new ArchiveBucket(shop(), 'It', { workload: { bytesPerDay: 1e9, objectBytes: MIB }, ...props }),
  LambdaWorker: (props) => {
    const stack = shop();
    const compute = WorkerCompute.lambda({ function: functionOf(stack), ...props });
    new QueueWorker(stack, 'It', { ...demand, queue: new Queue(stack, 'Queue'), compute });
  },
  KafkaAlarms: (props) => {
    const stack = shop();
    new KafkaAlarms(stack, 'It', {
      clusterArn: CLUSTER,
      brokers: 3,
      plan: new QuotasPlan('It', [knob('alarmThrottledSeconds', 600)], [], []),
      repairer: functionOf(stack),
      repairInterval: Duration.hours(1),
      ...props,
    });
  },
  RefusedAlarms: (props) => {
    const stack = shop();
    const plan = new RedriveQueue(stack, 'Queue', demand).plan.withKnobs([knob('alarmRefusedPerHour.a', 7200)]);
    new RefusedAlarms(stack, 'It', { consumer: functionOf(stack), sourceNames: ['a'], plan, ...props });
  },
  StreamingEtl: ({ topic, sink, ...props }) => {
    const stack = shop();
    const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'v', availabilityZones: ['a'], privateSubnetIds: ['s'] });
    new StreamingEtl(stack, 'It', {
      ...PAGE_VIEWS,
      queryName: 'views',
      source: EtlSource.mskTopic({ clusterArn: CLUSTER, topicName: 'views', ...topic }),
      sink: StreamSink.aggregate({
        vpc,
        clusterSecurityGroup: SecurityGroup.fromSecurityGroupId(stack, 'Brokers', 'sg-1'),
        schema: 'page STRING, at TIMESTAMP',
        eventTime: 'at',
        keys: ['page'],
        jarBucket: Bucket.fromBucketName(stack, 'Jars', 'jars'),
        jarKeys: ['kafka.jar'],
        ...sink,
      }),
      ...props,
    });
  },
  KafkaQuotas: (props) => {
    const stack = shop();
    const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'v', availabilityZones: ['a'], privateSubnetIds: ['s'] });
    new KafkaQuotas(stack, 'It', {
      clusterArn: CLUSTER,
      capacity: { brokers: 3, brokerBytesPerSecond: 60 * MIB },
      tenants: [{ name: 'orders', steadyBytesPerSecond: MIB }],
      authentication: KafkaAuthentication.iam(),
      vpc,
      clusterSecurityGroup: SecurityGroup.fromSecurityGroupId(stack, 'Brokers', 'sg-1'),
      ...props,
    });
  },
};

const PART = Duration.millis(1500);
const LATER = Lazy.number({ produce: () => 7 });

type Refusal = [construct: string, prop: string, props: Untyped];

test.each<Refusal>([
  ['RedriveQueue', 'functionTimeout', { functionTimeout: PART }],
  ['RedriveQueue', 'batchWindow', { batchWindow: PART }],
  ['RedriveQueue', 'queueName', { queueName: 'a b' }],
  ['RedriveQueue', 'queueName', { queueName: 'orders', fifo: true }],
  ['RedriveQueue', 'retention', { retention: Duration.millis(60_500) }],
  ['WebhookBuffer', 'functionTimeout', { functionTimeout: PART }],
  ['WebhookBuffer', 'idempotencyRetention', { idempotencyRetention: Duration.millis(86_400_500) }],
  ['WebhookBuffer', 'sources.tolerance', { source: { tolerance: PART } }],
  ['WebhookBuffer', 'sources.scheme', { source: { scheme: 'gitlab' } }],
  ['WebhookBuffer', 'sources.scheme', { source: { scheme: undefined } }],
  ['WebhookBuffer', 'sources.scheme', { source: { scheme: 'constructor' } }],
  ['WebhookBuffer', 'sources.deduplicateBy', { source: { deduplicateBy: 'ip' } }],
  ['ArchiveBucket', 'noncurrentVersionExpiration', { noncurrentVersionExpiration: PART }],
  ['ArchiveBucket', 'abortIncompleteMultipartUploadAfter', { abortIncompleteMultipartUploadAfter: PART }],
  [
    'ArchiveBucket',
    'transitions',
    { transitions: [{ storageClass: { value: 'COLD' }, transitionAfter: Duration.days(90) }] },
  ],
  ['ArchiveBucket', 'transitions', { transitions: [{ storageClass: 'GLACIER', transitionAfter: Duration.days(90) }] }],
  ['ArchiveBucket', 'transitions', { transitions: [{ transitionAfter: Duration.days(90) }] }],
  ['LambdaWorker', 'batchWindow', { batchWindow: PART }],
  ['StreamingEtl', 'triggerSeconds', { sink: { trigger: PART } }],
  ['StreamingEtl', 'sink.prefix', { sink: { prefix: '/views' } }],
  ['StreamingEtl', 'sink.schema', { sink: { schema: 'page STRING\n, at TIMESTAMP' } }],
  ['StreamingEtl', 'sink.jarKeys', { sink: { jarKeys: ['a b.jar'] } }],
  ['StreamingEtl', 'source.topicName', { topic: { topicName: '..' } }],
  ['StreamingEtl', 'source.brokers', { topic: { brokers: 'redpanda' } }],
  ['StreamingEtl', 'clusterArn', { topic: { clusterArn: 'telemetry' } }],
  ['KafkaQuotas', 'repairInterval', { repairInterval: Duration.millis(300_500) }],
  [
    'KafkaQuotas',
    'topics.retention',
    { topics: [{ topicName: 'a', tenant: 'orders', partitions: 1, retention: PART }] },
  ],
  ['KafkaQuotas', 'clusterArn', { clusterArn: 'telemetry' }],
  ['KafkaQuotas', 'clusterArn', { clusterArn: 'arn:aws:kafka:us-east-1:123456789012:cluster' }],
  ['KafkaQuotas', 'clusterArn', { clusterArn: '' }],
  ['KafkaQuotas', 'clusterArn', { clusterArn: `${CLUSTER} "} or 1` }],
  ...['RedriveQueue', 'WebhookBuffer', 'ArchiveBucket', 'KafkaQuotas', 'StreamingEtl'].flatMap((construct): Refusal[] =>
    // Nothing that these make can be kept as a snapshot.
    ['forever', '', 'snapshot'].map((removalPolicy) => [construct, 'removalPolicy', { removalPolicy }]),
  ),
  ['RedriveQueue', 'retention', { retention: Duration.days(LATER) }],
  ['ArchiveBucket', 'noncurrentVersionExpiration', { noncurrentVersionExpiration: Duration.hours(LATER) }],
  [
    'ArchiveBucket',
    'abortIncompleteMultipartUploadAfter',
    { abortIncompleteMultipartUploadAfter: Duration.hours(LATER) },
  ],
  [
    'ArchiveBucket',
    'abortIncompleteMultipartUploadAfter',
    { abortIncompleteMultipartUploadAfter: Duration.days(1e15) },
  ],
  ['KafkaAlarms', 'clusterArn', { clusterArn: 'telemetry' }],
  ['KafkaAlarms', 'repairInterval', { repairInterval: Duration.seconds(90) }],
  ['KafkaAlarms', 'repairInterval', { repairInterval: Duration.minutes(LATER) }],
  ['KafkaAlarms', 'brokers', { brokers: 1.5 }],
  ['KafkaAlarms', 'brokers', { brokers: 1e9 }],
  ['KafkaAlarms', 'brokers', { brokers: LATER }],
  ['RefusedAlarms', 'sourceNames', { sourceNames: [] }],
  ['RefusedAlarms', 'sourceNames', { sourceNames: ['a', 'a'] }],
  ['RefusedAlarms', 'sourceNames', { sourceNames: ['constructor'] }],
  ['RefusedAlarms', 'sourceNames', { sourceNames: ['a/b'] }],
])('%s refuses its %s: %j', (construct, prop, props) => {
  expect(() => MAKERS[construct](props)).toThrow(InvalidInputError);
  expect(() => MAKERS[construct](props)).toThrow(new RegExp(`^It: (.*; )?${prop}.* must `));
});

test('a cluster that only the deployment knows is none of that', () => {
  MAKERS.KafkaQuotas({ clusterArn: Token.asString({ Ref: 'Cluster' }) });
  MAKERS.KafkaQuotas({ clusterArn: `arn:aws:kafka:eu-west-1:${Token.asString({ Ref: 'Account' })}:cluster/a/b-1` });
});

test('a value that only the deployment knows passes in the unit of its property', () => {
  MAKERS.RedriveQueue({ retention: Duration.seconds(LATER) });
  MAKERS.ArchiveBucket({ noncurrentVersionExpiration: Duration.days(LATER) });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('an alarm with the threshold %p is refused by name', (value) => {
  const stack = shop();
  const { plan, queue, deadLetterQueue } = new RedriveQueue(stack, 'Queue', demand);
  const broken = plan.withKnobs([knob('alarmBacklog', value)]);
  expect(() => new QueueAlarms(stack, 'It', { queue, deadLetterQueue, plan: broken })).toThrow(
    /^Shop\/It: threshold of alarm Backlog must be between /,
  );
});

describe('alarms on a queue of SQS need a plan for one', () => {
  const alarms = (plan: QueuePlan, redriver?: LambdaFunction) => {
    const stack = redriver?.stack ?? shop();
    const [queue, deadLetterQueue] = ['Queue', 'Dead'].map((id) => new Queue(stack, id));
    new QueueAlarms(stack, 'It', { queue, deadLetterQueue, redriver, plan });
  };
  const planned = (question: Partial<QueueQuestion>) => planQueue('Orders', { ...demand, ...question });

  test.each([
    ['rabbitmq', 'RabbitMQ'],
    ['kafka', 'Apache Kafka'],
    ['redis', 'Redis Streams'],
  ] as const)('%s publishes no age', (broker, title) => {
    expect(() => alarms(planned({ broker, platform: 'keda' }))).toThrow(
      `It: plan must be for a queue of Amazon SQS, got one for Kubernetes Deployment scaled by KEDA, from ${title}, without alarmAgeSeconds; give the plan of a RedriveQueue`,
    );
  });

  // Its threshold would be too high by what is in work: CloudWatch's depth is of visible messages only.
  test.each([
    ['pubsub', 'cloud-run'],
    ['sqs', 'keda'],
  ] as const)('the threshold for %s on %s counts items in work', (broker, platform) => {
    expect(() => alarms(planned({ broker, platform }))).toThrow(
      /^It: plan must have its alarmBacklog for messages that wait, which is what CloudWatch counts, got one for /,
    );
  });

  test('a plan made by hand lacks its thresholds', () => {
    const { subject, predictions } = planned({});
    expect(() => alarms(new QueuePlan(subject, [], predictions))).toThrow(
      'It: plan must be for a queue of Amazon SQS, got one made by hand, without alarmBacklog, alarmAgeSeconds;',
    );
  });

  test('a redriver needs a plan that redrives', () => {
    const plan = planned({ platform: 'lambda' });
    expect(() => alarms(plan, functionOf(shop()))).toThrow(
      'It: plan must have the numbers of the redriver, got one for AWS Lambda, from Amazon SQS, without redriveWindowSeconds, stuckHoldSeconds, alarmStuckLetters; give the plan of a RedriveQueue that redrives, or no redriver',
    );
    alarms(plan);
  });
});

test('an alarm on a scaler that reacts slower than a day looks back no longer than CloudWatch can', () => {
  const stack = shop();
  const { plan, queue, deadLetterQueue } = new RedriveQueue(stack, 'Queue', demand);
  // Made by hand, so that the number of windows follows from its predictions.
  const knobs = plan.knobs.filter(({ name }) => name !== 'alarmDrainWindows');
  const slow = new QueuePlan(plan.subject, knobs, { ...plan.predictions, reactionSeconds: 5 * 86_400 });
  const { timeToDrain } = new QueueAlarms(stack, 'It', { queue, deadLetterQueue, plan: slow });
  const { evaluationPeriods } = timeToDrain.node.defaultChild as CfnAlarm;
  expect(Number(evaluationPeriods) * 300).toBeLessThanOrEqual(86_400);
});

test.each(['tenant', 'knob'] as const)('a %s that a plan does not have is refused with those that it has', (kind) => {
  const plan = new QuotasPlan('It', [knob('alarmThrottledSeconds', 600)], [], []);
  expect(() => plan[kind]('constructor')).toThrow(InvalidInputError);
  const there = { tenant: 'none', knob: 'alarmThrottledSeconds' };
  expect(() => plan[kind]('constructor')).toThrow(`It: no ${kind} 'constructor'; there are ${there[kind]}`);
});
