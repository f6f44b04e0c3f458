import { Duration, type Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { CoalescingQueue } from '../../../lib/aws/merging/coalescing-queue';
import { type CoalescingQueueProps, EventTransport } from '../../../lib/aws/merging/coalescing-queue-props';
import { Invalidator } from '../../../lib/aws/merging/invalidator';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import { STORM } from '../../../lib/cases/case-09-invalidation-storm';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planCoalescing } from '../../../lib/flow/merging/plan';
import { nagFindings } from '../../support/nag';
import { type Made, permissions, properties, shop, type Untyped } from '../../support/stack';

interface Merging extends Made {
  readonly queue: CoalescingQueue;
}

const rebuilder = (stack: Stack) =>
  LambdaFunction.fromFunctionAttributes(stack, 'Rebuilder', {
    functionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:rebuild',
    sameEnvironment: true,
  });

function make(props: Partial<CoalescingQueueProps> = {}, stack = shop()): Merging {
  const invalidator = props.invalidator ?? Invalidator.lambda({ function: rebuilder(stack) });
  const queue = new CoalescingQueue(stack, 'Invalidations', { ...STORM, ...props, invalidator });
  return { stack, queue, template: Template.fromStack(stack) };
}

function refused(props: Partial<CoalescingQueueProps>, stack = shop()): Error {
  try {
    make(props, stack);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was made');
}

const LOW = {
  workload: { steadyPerSecond: 1, peakPerSecond: 150, peakSeconds: 600, distinctKeys: 50, keySeconds: 0.02 },
  objective: { freshnessSeconds: 120 },
  transport: EventTransport.SQS,
};
const usual = make();
const low = make(LOW);
const environment = ({ queue, ...made }: Merging): Record<string, Untyped> =>
  properties(made, queue.merger).Environment.Variables;

describe('the traps of case 9 are absent', () => {
  test('trap: readers that share the keys of a shard: one a shard, and no more', () => {
    expect(properties(usual, usual.queue.mapping)).toMatchObject({
      ParallelizationFactor: 1,
      BatchSize: 10_000,
      MaximumBatchingWindowInSeconds: usual.queue.plan.value('windowSeconds'),
      StartingPosition: 'TRIM_HORIZON',
    });
    expect(properties(usual, usual.queue.stream!)).toMatchObject({ ShardCount: usual.queue.plan.value('shards') });
    expect(usual.queue.plan.value('readers')).toBe(usual.queue.plan.value('shards'));
  });

  test('trap: a failed batch blocks its shard, or is dropped: its age is bounded, and what is too old is named', () => {
    expect(properties(usual, usual.queue.mapping)).toMatchObject({
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumRecordAgeInSeconds: 43_200,
      DestinationConfig: { OnFailure: { Destination: usual.stack.resolve(usual.queue.asideQueue.queueArn) } },
    });
    // Long before the stream forgets the records.
    expect(properties(usual, usual.queue.stream!).RetentionPeriodHours).toBe(24);
  });

  test('trap: the merger is ended before a full batch of different keys is done', () => {
    const { plan } = usual.queue;
    expect(properties(usual, usual.queue.merger).Timeout).toBe(plan.value('flushTimeoutSeconds'));
    // A key that hangs at each of five attempts, one that hangs beside it, and the call that shows that others do not.
    expect(plan.value('flushTimeoutSeconds')).toBeGreaterThan(7 * plan.value('callTimeoutSeconds'));
    expect(environment(usual)).toMatchObject({
      KEYS_PER_CALL: '100',
      WORKERS: '1',
      ATTEMPTS: '5',
      CALL_TIMEOUT_SECONDS: '5',
      SPARE_SECONDS: '5',
      ASIDE_AFTER_SECONDS: '900',
    });
  });

  test('trap: more rights than it needs: reads its stream, invokes one function, writes what is set aside', () => {
    expect(permissions(usual, usual.queue.merger.role)).toMatchObject({
      'lambda:InvokeFunction': expect.stringContaining('function:rebuild'),
      'sqs:SendMessage sqs:GetQueueAttributes sqs:GetQueueUrl': 'Invalidations/Aside',
    });
    const actions = Object.keys(permissions(usual, usual.queue.merger.role)).join(' ');
    expect(actions).not.toContain('kinesis:Put');
    expect(actions).not.toContain('cloudfront');
  });

  test('the plan is that of the same question, and nothing is found by cdk-nag', () => {
    const { knobs } = planCoalescing('Invalidations', { ...STORM, transport: 'kinesis', invalidator: 'rebuild' });
    for (const { name, value } of knobs) expect([name, usual.queue.plan.value(name)]).toEqual([name, value]);
    expect(nagFindings(usual.stack)).toEqual([]);
  });

  test('events and what was set aside outlive the stack, and are encrypted', () => {
    usual.template.hasResource('AWS::Kinesis::Stream', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(properties(usual, usual.queue.stream!).StreamEncryption).toEqual({
      EncryptionType: 'KMS',
      KeyId: 'alias/aws/kinesis',
    });
    usual.template.allResources('AWS::SQS::Queue', { DeletionPolicy: 'Retain' });
  });
});

describe('CloudFront', () => {
  const stack = shop();
  const distribution = Distribution.fromDistributionAttributes(stack, 'Pages', {
    distributionId: 'E1',
    domainName: 'd1.cloudfront.net',
  });
  const made = make(
    {
      invalidator: Invalidator.cloudFront({ distribution }),
      workload: { ...STORM.workload, keySeconds: 1e-5 },
      objective: { freshnessSeconds: 120, invalidationCost: 100 },
    },
    stack,
  );

  test('a ceiling of 100 USD a storm is a window of 30 s; what takes effect a minute later is not seen by the alarm', () => {
    expect(made.queue.plan.value('windowSeconds')).toBe(30);
    expect(made.queue.plan.predictions.invalidationCost).toBeLessThanOrEqual(100);
    const { worstDelaySeconds } = made.queue.plan.predictions;
    expect(properties(made, made.queue.alarms.delayed).Threshold).toBeCloseTo((worstDelaySeconds + 120) / 2 - 60, 6);
  });

  test('the right to invalidate is on that distribution alone', () => {
    expect(permissions(made, made.queue.merger.role)['cloudfront:CreateInvalidation']).toContain(':distribution/E1');
    expect(JSON.stringify(environment(made).INVALIDATOR)).toContain('distributionId');
  });
});

describe('CloudFront, with a wildcard in place of too many paths', () => {
  const behind = (wildcardFallback?: string) => {
    const stack = shop();
    const distribution = Distribution.fromDistributionAttributes(stack, 'Pages', {
      distributionId: 'E1',
      domainName: 'd1.cloudfront.net',
    });
    return make(
      {
        invalidator: Invalidator.cloudFront({ distribution, wildcardFallback }),
        workload: { ...STORM.workload, keySeconds: 1e-5 },
        objective: { freshnessSeconds: 120 },
      },
      stack,
    );
  };

  test('the merger is told the wildcard, and the number of the plan above which it is used', () => {
    const made = behind('/products/*');
    expect(JSON.parse(environment(made).INVALIDATOR)).toEqual({ distributionId: 'E1', wildcard: '/products/*' });
    expect(environment(made).WILDCARD_ABOVE_KEYS).toBe(String(made.queue.plan.value('wildcardAboveKeys')));
  });

  test('without one nothing is evicted that did not change', () => {
    const made = behind();
    expect(environment(made)).not.toHaveProperty('WILDCARD_ABOVE_KEYS');
    expect(JSON.parse(environment(made).INVALIDATOR)).toEqual({ distributionId: 'E1' });
  });

  test.each(['products/*', '/products', '/a*/b*', '/a b*'])(
    '%s is no path with one wildcard at its end',
    (wildcard) => {
      expect(() => behind(wildcard)).toThrow(`invalidator.wildcardFallback must begin with / and have one *`);
    },
  );
});

test('a cache: the merger is in its VPC, is let in, and reads its one secret', () => {
  const stack = shop();
  const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
  const cache = new SecurityGroup(stack, 'Cache', { vpc });
  const secret = new Secret(stack, 'Password');
  const made = make(
    { invalidator: Invalidator.cache({ host: 'cache.internal', keyPrefix: 'page:', secret, vpc, connectTo: cache }) },
    stack,
  );
  expect(properties(made, made.queue.merger).VpcConfig.SubnetIds).toHaveLength(2);
  expect(JSON.stringify(environment(made).INVALIDATOR)).toContain('page:');
  expect(permissions(made, made.queue.merger.role)['secretsmanager:GetSecretValue']).toBe('Password');
  made.template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
    FromPort: 6379,
    GroupId: stack.resolve(cache.securityGroupId),
    SourceSecurityGroupId: stack.resolve(made.queue.securityGroup!.securityGroupId),
  });
  // Out of it: services of AWS, and the one cache.
  const { SecurityGroupEgress } = properties(made, made.queue.securityGroup!);
  expect(SecurityGroupEgress).toEqual([expect.objectContaining({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 })]);
  made.template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', {
    FromPort: 6379,
    GroupId: stack.resolve(made.queue.securityGroup!.securityGroupId),
    DestinationSecurityGroupId: stack.resolve(cache.securityGroupId),
  });
});

test('a cache that you let it into yourself: it may leave by the port of the cache', () => {
  const stack = shop();
  const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
  const made = make({ invalidator: Invalidator.cache({ host: 'cache.internal', port: 6380, vpc }) }, stack);
  const { SecurityGroupEgress } = properties(made, made.queue.securityGroup!);
  expect(SecurityGroupEgress.map(({ FromPort }: Untyped) => FromPort)).toEqual([443, 6380]);
});

test('a cache of several shards is connected to as a cluster', () => {
  const stack = shop();
  const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
  const invalidator = Invalidator.cache({ host: 'cache.internal', vpc, clusterMode: true });
  const made = make({ invalidator, dashboard: false }, stack);
  expect(JSON.parse(environment(made).INVALIDATOR).cache).toMatchObject({ isCluster: true });
});

describe('alarms', () => {
  test('events come in, and the merger is not invoked: a mapping that is disabled', () => {
    const { Metrics, TreatMissingData } = properties(usual, usual.queue.alarms.idle!);
    expect(Metrics.map(({ Expression, MetricStat }: Untyped) => Expression ?? MetricStat.Metric.MetricName)).toEqual([
      'IF(FILL(reads, 0) == 0, FILL(incoming, 0), 0)',
      'IncomingRecords',
      'Invocations',
    ]);
    expect(TreatMissingData).toBe('notBreaching');
  });

  test('a batch that fails again and again: the age that Lambda reports counts as well as that of the stream', () => {
    const { Metrics } = properties(usual, usual.queue.alarms.late!);
    expect(Metrics.map(({ Expression, MetricStat }: Untyped) => Expression ?? MetricStat.Metric.MetricName)).toEqual([
      'MAX([FILL(stream, 0), FILL(reader, 0)])',
      'GetRecords.IteratorAgeMilliseconds',
      'IteratorAge',
    ]);
  });
});

describe('the transport SQS', () => {
  test('two readers, which the plan and a warning say merge less', () => {
    expect(properties(low, low.queue.mapping)).toMatchObject({
      ScalingConfig: { MaximumConcurrency: 2 },
      MaximumBatchingWindowInSeconds: low.queue.plan.value('windowSeconds'),
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    Annotations.fromStack(low.stack).hasWarning(
      '/Shop/Invalidations',
      Match.stringLikeRegexp(
        'two readers of a queue merge [0-9.]+ events a key.*five batches at once.*Neither was measured on AWS',
      ),
    );
    low.template.resourceCountIs('AWS::Kinesis::Stream', 0);
  });

  test('a message stays hidden for six flushes and the window', () => {
    const { plan, redriveQueue } = low.queue;
    expect(redriveQueue!.plan.value('visibilityTimeoutSeconds')).toBeGreaterThanOrEqual(
      6 * plan.value('flushTimeoutSeconds') + plan.value('windowSeconds'),
    );
  });

  test('a queue of your own whose messages come back too early is refused', () => {
    const stack = shop();
    const queue = new RedriveQueue(stack, 'Mine', {
      workload: { steadyPerSecond: 1, serviceSeconds: 0.1 },
      objective: { latencySeconds: 60 },
    });
    expect(refused({ ...LOW, queue }, stack).message).toContain('queue must have a visibility timeout of at least');
  });

  test('so is any other queue of the app, which Lambda would refuse when it is deployed', () => {
    const stack = shop();
    expect(refused({ ...LOW, queue: new Queue(stack, 'Mine') }, stack).message).toContain(', got 30 s');
  });

  test('what an imported queue has is not known here: a warning says what it needs', () => {
    const stack = shop();
    const queue = Queue.fromQueueArn(stack, 'Mine', 'arn:aws:sqs:eu-west-1:123456789012:mine');
    const made = make({ ...LOW, queue }, stack);
    const { plan } = made.queue;
    const least = 6 * plan.value('flushTimeoutSeconds') + plan.value('windowSeconds');
    Annotations.fromStack(stack).hasWarning(
      '/Shop/Invalidations',
      Match.stringLikeRegexp(`visibility timeout of the queue is not known here; it has to be at least ${least} s`),
    );
  });

  test('an outage, in which every receive fails, uses up no receives, and no retention', () => {
    const days = make({ ...LOW, outage: Duration.days(3) });
    const { plan } = days.queue.redriveQueue!;
    const visible = plan.value('visibilityTimeoutSeconds');
    expect(plan.value('maxReceiveCount') * visible).toBeGreaterThan(3 * 86_400);
    expect(plan.value('retentionSeconds')).toBe(6 * 86_400);
    // 1,000 receives, of which ten are for failures of its own, of 315 s each.
    expect(refused({ ...LOW, outage: Duration.days(7) }).message).toContain('outageSeconds must be at most 311850');
    expect(low.queue.redriveQueue!.plan.value('maxReceiveCount')).toBeLessThan(plan.value('maxReceiveCount'));
  });

  test('any other queue is taken as it is, with its key', () => {
    const stack = shop();
    const key = new Key(stack, 'Key');
    const queue = new Queue(stack, 'Mine', { encryptionMasterKey: key, visibilityTimeout: Duration.hours(2) });
    const made = make({ ...LOW, queue, keyPointer: '/detail/path' }, stack);
    expect(environment(made).KEY_OF).toBe('/detail/path');
    expect(permissions(made, made.queue.merger.role)['kms:Decrypt']).toContain('Key');
    expect(made.queue.redriveQueue).toBeUndefined();
  });
});

test('a stream of your own: its shards have to be told', () => {
  const stack = shop();
  const stream = Stream.fromStreamArn(stack, 'Mine', 'arn:aws:kinesis:eu-west-1:123456789012:stream/changes');
  expect(refused({ stream }, stack).message).toContain('shards must be given with stream');
  const again = shop();
  const mine = Stream.fromStreamArn(again, 'Mine', 'arn:aws:kinesis:eu-west-1:123456789012:stream/changes');
  const { queue, template } = make({ stream: mine, shards: 4 }, again);
  expect(queue.plan.value('shards')).toBe(4);
  template.resourceCountIs('AWS::Kinesis::Stream', 0);
});

describe('refused', () => {
  test('a million keys of half a second: with ways out', () => {
    const error = refused({ workload: { ...STORM.workload, distinctKeys: 1_000_000, keySeconds: 0.5 } });
    expect(error).toBeInstanceOf(CapacityError);
    expect(error.message).toMatch(/^Invalidations: .* of work/);
  });

  test('every wrong prop at once', () => {
    const error = refused({
      transport: 'pigeon' as EventTransport,
      keyPointer: 'key',
      invalidator: Invalidator.lambda({} as never),
      dashboard: 'yes' as never,
    });
    expect(error).toBeInstanceOf(InvalidInputError);
    expect((error as InvalidInputError).failures.length).toBeGreaterThanOrEqual(4);
  });
});

test('grantSend lets a producer write, and nothing else', () => {
  const stack = shop();
  const producer = new LambdaFunction(stack, 'Producer', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = 0'),
  });
  const queue = new CoalescingQueue(stack, 'Invalidations', {
    ...STORM,
    invalidator: Invalidator.lambda({ function: rebuilder(stack) }),
    dashboard: false,
  });
  queue.grantSend(producer);
  const made = { stack, template: Template.fromStack(stack) };
  expect(Object.keys(permissions(made, producer.role))[0]).toContain('kinesis:PutRecord');
  expect(queue.dashboard).toBeUndefined();
});
