import { Duration, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, Secret as EcsSecret, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { KafkaAuthentication } from '../../../lib/aws/quotas/kafka-authentication';
import { KafkaQuotas } from '../../../lib/aws/quotas/kafka-quotas';
import { PartitionedStream } from '../../../lib/aws/streams/partitioned-stream';
import type { PartitionedStreamProps } from '../../../lib/aws/streams/partitioned-stream-props';
import { StreamConsumer, type StreamTaskProps } from '../../../lib/aws/streams/stream-consumer';
import { type KafkaTopicOptions, StreamKind } from '../../../lib/aws/streams/stream-kind';
import { METRICS } from '../../../lib/cases/case-05-iot-metrics';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planStream } from '../../../lib/flow/streams/plan';
import { expectNoFindings } from '../../../lib/rules/expect-no-findings';
import { nagFindings } from '../../support/nag';
import { type Made, permissions, properties, shop, type Untyped, warningsOf } from '../../support/stack';

interface Streaming extends Made {
  readonly made: PartitionedStream;
}

const { workload, objective } = METRICS;
const CLUSTER = 'arn:aws:kafka:eu-west-1:123456789012:cluster/events/abcd-1';
const SQL = "SELECT * FROM 'devices/+/metrics'";

function handler(stack: Stack, more: { timeout?: Duration; reservedConcurrentExecutions?: number } = {}) {
  return new LambdaFunction(stack, 'Handler', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('//'),
    timeout: Duration.seconds(30),
    ...more,
  });
}

/** On Amazon Kinesis with AWS Lambda, unless said otherwise. */
function make(props: Partial<PartitionedStreamProps> = {}, stack = shop()): Streaming {
  const consumer = props.consumer ?? StreamConsumer.lambda({ function: handler(stack) });
  const made = new PartitionedStream(stack, 'Metrics', { workload, objective, ...props, consumer });
  return { stack, made, template: Template.fromStack(stack) };
}

const topic = (more: Partial<KafkaTopicOptions> = {}) =>
  StreamKind.msk({ clusterArn: CLUSTER, topicName: 'devices.metrics', ...more });

function tasks(stack: Stack, more: Partial<StreamTaskProps> = {}): StreamConsumer {
  const cluster = new Cluster(stack, 'Cluster', { vpc: new Vpc(stack, 'Vpc') });
  const image = more.taskDefinition === undefined ? ContainerImage.fromRegistry('shop/metrics:1') : undefined;
  return StreamConsumer.fargate({ cluster, image, ...more });
}

function onFargate(props: Partial<PartitionedStreamProps> = {}, more: Partial<StreamTaskProps> = {}, stack = shop()) {
  return make({ consumerGroup: 'device-metrics', consumer: tasks(stack, more), ...props }, stack);
}

function failures(props: () => unknown): readonly string[] {
  try {
    props();
  } catch (error) {
    if (error instanceof InvalidInputError) return error.failures;
    throw error;
  }
  throw new Error('it was made');
}

const user = (stack: Stack) => Secret.fromSecretNameV2(stack, 'User', 'AmazonMSK_metrics');
const kinesis = make({ iot: { sql: SQL } });
const msk = make({ consumerGroup: 'device-metrics', stream: topic() });
const read = onFargate();
const group = (() => {
  const stack = shop();
  const stream = topic({ bootstrapServers: ['b-1.events.example:9096'], scramSecret: user(stack) });
  return onFargate(
    { stream, iot: { sql: SQL, destinationArn: 'arn:aws:iot:eu-west-1:123456789012:ruledestination/vpc/1' } },
    {},
    stack,
  );
})();
const variables = ({ made, ...in_ }: Streaming): Record<string, string> =>
  Object.fromEntries(
    properties(in_, made.taskDefinition!).ContainerDefinitions[0].Environment.map(({ Name, Value }: Untyped) => [
      Name,
      Value,
    ]),
  );

describe('the traps of case 5 are absent', () => {
  test('trap: shards and consumers that are counted apart: each platform has the numbers of one plan', () => {
    for (const [{ made }, platform] of [
      [kinesis, 'kinesis-lambda'],
      [msk, 'msk-lambda'],
    ] as const) {
      const { knobs } = planStream('Metrics', { workload, objective, platform });
      for (const { name, value } of knobs) expect([name, made.plan.value(name)]).toEqual([name, value]);
    }
    expect(properties(kinesis, kinesis.made.stream!)).toMatchObject({ ShardCount: 1, RetentionPeriodHours: 24 });
    expect(properties(kinesis, kinesis.made.mapping!)).toMatchObject({ ParallelizationFactor: 3, BatchSize: 11 });
    expect(properties(msk, { node: { defaultChild: msk.made.topic } })).toMatchObject({
      PartitionCount: 6,
      ReplicationFactor: 3,
    });
    expect(properties(read, read.made.stream!).ShardCount).toBe(3);
  });

  test('trap: a poison record blocks its shard: halved, retried a known number of times, and named before it is forgotten', () => {
    for (const one of [kinesis, msk]) {
      expect(properties(one, one.made.mapping!)).toMatchObject({
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 9,
        MaximumRecordAgeInSeconds: 43_200,
        DestinationConfig: { OnFailure: { Destination: one.stack.resolve(one.made.failureQueue!.queueArn) } },
      });
    }
    expect(properties(kinesis, kinesis.made.mapping!).FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
  });

  test('trap: LATEST skips what comes until a mapping has begun', () => {
    for (const one of [kinesis, msk]) expect(properties(one, one.made.mapping!).StartingPosition).toBe('TRIM_HORIZON');
  });

  test('trap: a deployment or a scaler changes the members of the group: as many tasks as planned, one replaced at a time', () => {
    expect(properties(group, group.made.service!)).toMatchObject({
      DesiredCount: 3,
      DeploymentConfiguration: {
        MaximumPercent: 100,
        MinimumHealthyPercent: 66,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
    });
    group.template.resourceCountIs('AWS::ApplicationAutoScaling::ScalableTarget', 0);
  });

  test('trap: pollers follow the lag four minutes later: they are provisioned where the promise is shorter', () => {
    expect(properties(msk, msk.made.mapping!).ProvisionedPollerConfig).toEqual({
      MinimumPollers: 1,
      MaximumPollers: 2,
    });
    const patient = make({
      objective: { latencySeconds: 7200 },
      consumerGroup: 'device-metrics',
      stream: topic(),
    });
    const mapping = properties(patient, patient.made.mapping!);
    expect(mapping.ProvisionedPollerConfig).toBeUndefined();
    // Lambda takes these with provisioned pollers only.
    expect(Object.keys(mapping)).not.toEqual(expect.arrayContaining(['MaximumRetryAttempts']));
  });

  test('trap: an IoT rule sends every record to one shard, or loses what it cannot deliver', () => {
    const { Actions, ErrorAction } = properties(kinesis, {
      node: { defaultChild: kinesis.made.rule },
    }).TopicRulePayload;
    expect(Actions[0].Kinesis.PartitionKey).toBe('$' + '{clientid()}');
    expect(ErrorAction.Sqs.QueueUrl).toEqual(kinesis.stack.resolve(kinesis.made.errorQueue!.queueUrl));
    expect(failures(() => make({ iot: { sql: SQL, key: 'metrics' } }))).toEqual([
      'iot.key must have a substitution template such as $' +
        "{clientid()}, or every record has the same key, got 'metrics'",
    ]);
  });

  test('records and queues outlive the stack, encrypted', () => {
    for (const type of ['AWS::Kinesis::Stream', 'AWS::SQS::Queue'])
      kinesis.template.allResources(type, { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    group.template.allResources('AWS::MSK::Topic', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(properties(kinesis, kinesis.made.stream!).StreamEncryption.EncryptionType).toBe('KMS');
  });

  test('no rule of ours finds anything, and cdk-nag nothing of ours', () => {
    for (const { template } of [kinesis, msk, read, group]) expectNoFindings(template.toJSON());
    expect(nagFindings(kinesis.stack).filter(({ path }) => !path.includes('Handler'))).toEqual([]);
  });
});

describe('rights', () => {
  test('the rule writes to its stream and its error queue', () => {
    expect(permissions(kinesis, kinesis.made.ruleRole)).toEqual({
      'kinesis:PutRecord': 'Metrics/Stream',
      'sqs:SendMessage sqs:GetQueueAttributes sqs:GetQueueUrl': 'Metrics/RuleErrors',
    });
    const [{ Principal, Condition }] = properties(kinesis, kinesis.made.ruleRole!).AssumeRolePolicyDocument.Statement;
    expect(Principal).toEqual({ Service: 'iot.amazonaws.com' });
    expect(Condition.StringEquals).toEqual({ 'aws:SourceAccount': { Ref: 'AWS::AccountId' } });
  });

  test('a function reads its topic as its group, and no other', () => {
    const allowed = permissions(
      msk,
      msk.made.mapping!.node.tryFindChild('Resource') && (msk.stack.node.findChild('Handler') as LambdaFunction).role,
    );
    expect(allowed['kafka-cluster:DescribeTopic kafka-cluster:ReadData']).toBe(
      '"arn:aws:kafka:eu-west-1:123456789012:topic/events/abcd-1/devices.metrics"',
    );
    expect(allowed['kafka-cluster:DescribeGroup kafka-cluster:AlterGroup']).toBe(
      '"arn:aws:kafka:eu-west-1:123456789012:group/events/abcd-1/device-metrics"',
    );
  });

  test('with a SCRAM user the mapping and the rule sign in by the secret, and tasks get it without a value in the template', () => {
    const stack = shop();
    const made = make({ consumerGroup: 'device-metrics', stream: topic({ scramSecret: user(stack) }) }, stack);
    expect(properties(made, made.made.mapping!).SourceAccessConfigurations[0].Type).toBe('SASL_SCRAM_512_AUTH');
    const { Secrets } = properties(group, group.made.taskDefinition!).ContainerDefinitions[0];
    expect(Secrets.map(({ Name }: Untyped) => Name)).toEqual(['KAFKA_USERNAME', 'KAFKA_PASSWORD']);
    const [{ Kafka }] = properties(group, { node: { defaultChild: group.made.rule } }).TopicRulePayload.Actions;
    expect(Kafka.ClientProperties).toMatchObject({
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': 'SCRAM-SHA-512',
    });
    expect(JSON.stringify(Kafka.ClientProperties['sasl.scram.password'])).toContain('get_secret(');
  });

  test('tasks of the Kinesis Client Library have their tables, and no other', () => {
    const tables = permissions(read, read.made.taskDefinition!.taskRole)['dynamodb:Query'];
    expect(tables).toContain(':table/device-metrics/index/LeaseOwnerToLeaseKeyIndex');
  });

  test('tasks that sign in by IAM read the topic, and write what is set aside', () => {
    const made = onFargate({ stream: topic({ bootstrapServers: ['b-1:9098'] }) });
    expect(permissions(made, made.made.taskDefinition!.taskRole)).toMatchObject({
      'kafka-cluster:DescribeTopic kafka-cluster:WriteData':
        '"arn:aws:kafka:eu-west-1:123456789012:topic/events/abcd-1/devices.metrics.dead"',
    });
  });

  test('tasks reach the brokers by the port of how they sign in', () => {
    for (const [scram, port] of [
      [true, 9096],
      [false, 9098],
    ] as const) {
      const stack = shop();
      const consumer = tasks(stack);
      const brokers = new SecurityGroup(stack, 'Brokers', { vpc: stack.node.findChild('Vpc') as Vpc });
      const stream = topic({
        bootstrapServers: ['b-1:1'],
        clusterSecurityGroup: brokers,
        ...(scram && { scramSecret: user(stack) }),
      });
      make({ consumerGroup: 'device-metrics', consumer, stream }, stack).template.hasResourceProperties(
        'AWS::EC2::SecurityGroupIngress',
        { FromPort: port, ToPort: port },
      );
    }
  });
});

describe('tasks', () => {
  test('are told batch, attempts and time of the plan', () => {
    expect(variables(group)).toEqual({
      BATCH_SIZE: '1',
      RETRY_ATTEMPTS: '5',
      ITEM_TIMEOUT_SECONDS: '30',
      BOOTSTRAP_SERVERS: 'b-1.events.example:9096',
      TOPIC: 'devices.metrics',
      CONSUMER_GROUP: 'device-metrics',
      DEAD_TOPIC: 'devices.metrics.dead',
      KAFKA_TLS: 'true',
    });
    expect(variables(read)).toMatchObject({ APPLICATION_NAME: 'device-metrics', BATCH_SIZE: '1' });
  });

  test('that are stopped finish their batch', () => {
    const [{ StopTimeout }] = properties(group, group.made.taskDefinition!).ContainerDefinitions;
    expect(StopTimeout).toBe(group.made.plan.value('stopTimeoutSeconds'));
  });

  test('have a price, and a ceiling holds', () => {
    expect(read.made.plan.predictions.monthlyCost).toBeGreaterThan(30);
    expect(() => onFargate({ objective: { ...objective, monthlyCost: 10 } })).toThrow(CapacityError);
  });
});

describe('bring your own', () => {
  test('a stream, with its shards', () => {
    const stack = shop();
    const stream = Stream.fromStreamArn(stack, 'Given', 'arn:aws:kinesis:eu-west-1:123456789012:stream/devices');
    const { template, made } = make({ stream: StreamKind.kinesis({ stream }), partitions: 2 }, stack);
    template.resourceCountIs('AWS::Kinesis::Stream', 0);
    expect(made.plan.value('parallelizationFactor')).toBe(2);
    expect(failures(() => make({ stream: StreamKind.kinesis({ stream }) }))).toEqual([
      'partitions must be given with a stream, whose number is not known here',
    ]);
  });

  test('a topic, with its partitions', () => {
    const { template, made } = make({
      consumerGroup: 'device-metrics',
      stream: topic({ existingTopic: true }),
      partitions: 12,
    });
    template.resourceCountIs('AWS::MSK::Topic', 0);
    expect([made.topic, made.plan.value('partitions')]).toEqual([undefined, 12]);
  });

  test('a key, a failure queue and an error queue', () => {
    const stack = shop();
    const encryptionKey = new Key(stack, 'Key');
    const failureQueue = new Queue(stack, 'Failed');
    const errorQueue = new Queue(stack, 'Errors');
    const { made, ...rest } = make({ encryptionKey, failureQueue, iot: { sql: SQL, errorQueue } }, stack);
    rest.template.resourceCountIs('AWS::SQS::Queue', 2);
    expect(made.failureQueue).toBe(failureQueue);
    expect(properties(rest, made.stream!).StreamEncryption.KeyId).toEqual(stack.resolve(encryptionKey.keyArn));
    // The rule writes to an encrypted stream with its key.
    expect(permissions(rest, made.ruleRole)['kms:GenerateDataKey']).toBe('Key');
  });

  test('a task definition, whose container is told and may finish', () => {
    const stack = shop();
    const taskDefinition = new FargateTaskDefinition(stack, 'Given', { cpu: 512, memoryLimitMiB: 1024 });
    const image = ContainerImage.fromRegistry('shop/metrics:1');
    taskDefinition.addContainer('App', { image, stopTimeout: Duration.seconds(60) });
    const made = onFargate({}, { taskDefinition }, stack);
    expect(variables(made)).toMatchObject({ APPLICATION_NAME: 'device-metrics' });
    expect(made.made.logGroup).toBeUndefined();
    const hasty = new FargateTaskDefinition(shop(), 'Given');
    hasty.addContainer('App', { image, stopTimeout: Duration.seconds(5) });
    expect(failures(() => onFargate({}, { taskDefinition: hasty }))).toEqual([
      'stopTimeout of the container App must be at least 30 s, so that a stopped task finishes its batch, got 5 s',
    ]);
  });

  test('the quota of the producers is a tenant of the cluster', () => {
    const stack = shop();
    const { made } = make({ consumerGroup: 'device-metrics', stream: topic() }, stack);
    const vpc = new Vpc(stack, 'Vpc');
    const quotas = new KafkaQuotas(stack, 'Quotas', {
      clusterArn: CLUSTER,
      capacity: { brokers: 3, brokerBytesPerSecond: 30e6 },
      tenants: [made.producerTenant('devices')],
      authentication: KafkaAuthentication.iam(),
      vpc,
      clusterSecurityGroup: new SecurityGroup(stack, 'Brokers', { vpc }),
    });
    // What arrives at the peak, on every broker, with room for one that is down.
    expect(quotas.plan.tenant('devices').producerByteRate).toBeGreaterThanOrEqual((444 * 256) / 3);
    expect(() => kinesis.made.producerTenant('devices')).toThrow('a shard of Amazon Kinesis is its own quota');
  });
});

describe('on demand', () => {
  test('the stream sets its shards, and batches are planned for the four that it begins with', () => {
    const { made, ...rest } = make({ stream: StreamKind.kinesis({ onDemand: true }) });
    expect(properties(rest, made.stream!)).toMatchObject({ StreamModeDetails: { StreamMode: 'ON_DEMAND' } });
    expect(properties(rest, made.stream!).ShardCount).toBeUndefined();
    expect(made.plan.value('partitions')).toBe(4);
    expect(properties(rest, made.mapping!).ParallelizationFactor).toBe(1);
    // Charged by what is written and read: more than one shard at this load.
    expect(made.plan.predictions.monthlyCost).toBeGreaterThan(kinesis.made.plan.predictions.monthlyCost!);
  });

  test('a load that it does not take at first is said', () => {
    const { stack } = make({
      workload: { ...workload, steadyPerSecond: 4000, peakPerSecond: 6000 },
      objective: { latencySeconds: 30 },
      stream: StreamKind.kinesis({ onDemand: true }),
    });
    expect(warningsOf(stack).filter((text) => text.includes('on demand'))).toEqual([
      expect.stringContaining('takes what 4 shards take'),
    ]);
  });

  test('not with tasks, and not with shards by hand', () => {
    expect(failures(() => onFargate({ stream: StreamKind.kinesis({ onDemand: true }) }))).toEqual([
      'onDemand must be left out for Amazon Kinesis with AWS Fargate',
    ]);
    expect(failures(() => make({ stream: StreamKind.kinesis({ onDemand: true }), partitions: 2 }))).toEqual([
      'partitions must be left out with onDemand: the stream sets the number of its shards, got 2',
    ]);
  });
});

describe('refused, all at once', () => {
  test('what contradicts', () => {
    expect(
      failures(() =>
        make({
          consumerGroup: 'a b',
          partitions: 0,
          outage: Duration.millis(500),
          iot: { sql: ' ', destinationArn: 'x' },
        }),
      ),
    ).toEqual([
      'outage in seconds must be a whole number, between 1 and 604800, got 0.5',
      'consumerGroup must be left out for AWS Lambda on Amazon Kinesis: its mapping keeps what was handled',
      "consumerGroup must be 3 to 200 letters, digits, dots, hyphens and underscores, got 'a b'",
      'iot.sql must be a statement of AWS IoT SQL, got an empty text',
      'iot.destinationArn is for Amazon MSK; leave it out with Amazon Kinesis',
      'partitions must be a whole number, between 1 and 1000000, got 0',
    ]);
  });

  test('a topic without what its consumers and its rule need', () => {
    const stack = shop();
    const stream = StreamKind.msk({ clusterArn: 'events', topicName: '.metrics', replicas: 2, minInsyncReplicas: 3 });
    expect(
      failures(() =>
        make({ consumer: tasks(stack), stream, iot: { sql: SQL }, failureQueue: new Queue(stack, 'Q') }, stack),
      ),
    ).toEqual([
      "stream.clusterArn must be arn:<partition>:kafka:<region>:<account>:cluster/<name>/<id>, got 'events'",
      "stream.topicName must be 2 to 244 letters, digits, dots, hyphens and underscores, with no dot first, got '.metrics'",
      'stream.minInsyncReplicas must be a whole number, between 1 and 2, got 3',
      'consumerGroup is missing: what was handled is kept under this name',
      'failureQueue must be left out for AWS Fargate on Amazon MSK: records go to the topic that ends in .dead',
      'stream.bootstrapServers must be given for AWS Fargate: its tasks do not find the brokers by themselves',
      'iot.destinationArn must be given on Amazon MSK: the rule reaches the brokers through it',
      'stream.scramSecret must be given with iot on Amazon MSK: the rule signs in to the brokers by itself',
      'stream.bootstrapServers must be given with iot on Amazon MSK: the rule signs in to the brokers by itself',
    ]);
  });

  test('a function that is ended half way, or throttled', () => {
    const stack = shop();
    const fn = handler(stack, { timeout: Duration.seconds(3), reservedConcurrentExecutions: 1 });
    expect(failures(() => make({ consumer: StreamConsumer.lambda({ function: fn }) }, stack))).toEqual([
      "the function's time-out must be at least that of a batch, 30 s, got 3 s: one that is ended half way is worked on again",
      'reservedConcurrentExecutions must be at least the 3 batches that are worked on at once, got 1: a batch that is throttled waits, and its shard with it',
    ]);
  });

  test('a task that is told twice', () => {
    expect(failures(() => onFargate({}, { environment: { BATCH_SIZE: '5' } }))).toEqual([
      'consumer.environment must not have BATCH_SIZE, which is set here from the plan',
    ]);
    const secret = EcsSecret.fromSsmParameter(StringParameter.fromStringParameterName(shop(), 'Name', '/name'));
    expect(failures(() => onFargate({}, { secrets: { BATCH_SIZE: secret } }))).toEqual([
      'consumer.secrets must not have BATCH_SIZE, which is set here from the plan',
    ]);
  });

  test('a most frequent key above one consumer, with ways out', () => {
    const error = (() => {
      try {
        make({ workload: { ...workload, hottestKeyRatio: 0.9 } });
      } catch (thrown) {
        return thrown as CapacityError;
      }
      throw new Error('it was made');
    })();
    expect(error).toBeInstanceOf(CapacityError);
    expect(error.message).toContain('the most frequent key has 90 %');
  });
});

describe('alarms', () => {
  test('go by the plan', () => {
    expect(properties(kinesis, kinesis.made.alarms.late)).toMatchObject({ Threshold: 24_000, EvaluationPeriods: 3 });
    expect(properties(group, group.made.alarms.lag!)).toMatchObject({
      Namespace: 'AWS/Kafka',
      MetricName: 'SumOffsetLag',
      Threshold: 4000,
    });
    expect(properties(group, group.made.alarms.late)).toMatchObject({
      MetricName: 'EstimatedMaxTimeLag',
      Threshold: 24,
    });
  });

  test('a group whose lag cannot be seen is an alarm by itself: its metrics vanish', () => {
    expect(properties(group, group.made.alarms.lagUnseen!)).toMatchObject({
      Statistic: 'SampleCount',
      ComparisonOperator: 'LessThanOrEqualToThreshold',
      TreatMissingData: 'breaching',
      EvaluationPeriods: 15,
    });
  });

  test('a stream that nobody reads has no age, and is an alarm by itself', () => {
    const [expression] = properties(kinesis, kinesis.made.alarms.idle!).Metrics;
    expect(expression.Expression).toBe('IF(FILL(reads, 0) == 0, FILL(incoming, 0), 0)');
    expect(JSON.stringify(properties(kinesis, kinesis.made.alarms.idle!).Metrics)).toContain('Invocations');
    expect(JSON.stringify(properties(read, read.made.alarms.idle!).Metrics)).toContain('GetRecords.Records');
  });

  test('records that tasks set aside in a topic are counted in their log, by the name of the stack', () => {
    const [filter] = Object.values(group.template.findResources('AWS::Logs::MetricFilter'));
    const [{ MetricNamespace, MetricName }] = filter.Properties.MetricTransformations;
    expect(filter.Properties.FilterPattern).toBe('{ $.setAside = "*" }');
    expect(properties(group, group.made.alarms.setAside!)).toMatchObject({ Namespace: MetricNamespace, MetricName });
    expect(MetricNamespace).toBe('Backpressure/Shop');
  });

  test('each has the platform that it is of', () => {
    const names = ({ made: { alarms } }: Streaming) => alarms.all.map(({ node }) => node.id);
    expect(names(kinesis)).toEqual([
      'Late',
      'Idle',
      'Refused',
      'SetAside',
      'ConsumerErrors',
      'Undelivered',
      'RuleFailures',
    ]);
    expect(names(msk)).toEqual(['Late', 'Lag', 'LagUnseen', 'SetAside', 'ConsumerErrors']);
    expect(names(read)).toEqual(['Late', 'Idle', 'Refused', 'SetAside']);
    expect(names(group)).toEqual(['Late', 'Lag', 'LagUnseen', 'SetAside', 'Undelivered', 'RuleFailures']);
  });
});

test('a dashboard shows what the alarms watch; it can be left out', () => {
  const text = JSON.stringify(kinesis.template.findResources('AWS::CloudWatch::Dashboard'));
  for (const metric of ['IncomingRecords', 'GetRecords.IteratorAgeMilliseconds', 'ConcurrentExecutions'])
    expect(text).toContain(metric);
  make({ dashboard: false }).template.resourceCountIs('AWS::CloudWatch::Dashboard', 0);
});
