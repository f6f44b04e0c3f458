/** What a caller from JavaScript or Python can give is refused by the name of the prop, never by a raw error. */
import { Duration, Token } from 'aws-cdk-lib';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { ArchiveBucket } from '../../lib/aws/archive-bucket';
import { KafkaAuthentication } from '../../lib/aws/kafka-authentication';
import { KafkaQuotas } from '../../lib/aws/kafka-quotas';
import { QueueWorker, WorkerCompute } from '../../lib/aws/queue-worker';
import { RedriveQueue } from '../../lib/aws/redrive-queue';
import { WebhookBuffer } from '../../lib/aws/webhook-buffer';
import { InvalidInputError } from '../../lib/flow/errors';
import { shop, type Untyped } from '../support/stack';

const MIB = 2 ** 20;
const CLUSTER = 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/0c6e-7';
const demand = { workload: { steadyPerSecond: 20, serviceSeconds: 0.07 }, objective: { latencySeconds: 60 } };

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
    const handler = { runtime: Runtime.NODEJS_22_X, handler: 'x', code: Code.fromInline('x') };
    const compute = WorkerCompute.lambda({ function: new LambdaFunction(stack, 'Function', handler), ...props });
    new QueueWorker(stack, 'It', { ...demand, queue: new Queue(stack, 'Queue'), compute });
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

test.each<[string, string, Untyped]>([
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
  ['WebhookBuffer', 'sources.identity', { source: { identity: 'ip' } }],
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
  ['KafkaQuotas', 'repairInterval', { repairInterval: Duration.millis(300_500) }],
  [
    'KafkaQuotas',
    'topics.retention',
    { topics: [{ topicName: 'a', tenant: 'orders', partitions: 1, retention: PART }] },
  ],
  ['KafkaQuotas', 'clusterArn', { clusterArn: 'telemetry' }],
  ['KafkaQuotas', 'clusterArn', { clusterArn: 'arn:aws:kafka:us-east-1:123456789012:cluster' }],
  ['KafkaQuotas', 'clusterArn', { clusterArn: '' }],
])('%s refuses its %s: %j', (construct, prop, props) => {
  expect(() => MAKERS[construct](props)).toThrow(InvalidInputError);
  expect(() => MAKERS[construct](props)).toThrow(new RegExp(`^It: (.*; )?${prop}.* must `));
});

test('a cluster that only the deployment knows is none of that', () => {
  MAKERS.KafkaQuotas({ clusterArn: Token.asString({ Ref: 'Cluster' }) });
  MAKERS.KafkaQuotas({ clusterArn: `arn:aws:kafka:eu-west-1:${Token.asString({ Ref: 'Account' })}:cluster/a/b-1` });
});
