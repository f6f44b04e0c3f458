import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Stream, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EtlSource, MskBrokers, type MskTopicOptions } from '../../../lib/aws/etl/etl-source';
import { type StreamAggregateOptions, type StreamLandingOptions, StreamSink } from '../../../lib/aws/etl/stream-sink';
import { StreamingEtl } from '../../../lib/aws/etl/streaming-etl';
import type { StreamingEtlProps } from '../../../lib/aws/etl/streaming-etl-props';
import { PAGE_VIEWS, RAW_PAGE_VIEWS } from '../../../lib/cases/case-03-batch-to-streaming';
import { CapacityError } from '../../../lib/flow/errors';
import { nagFindings } from '../../support/nag';
import { ROOT } from '../../support/reference';
import { type Made as MadeStack, only, permissions, properties, shop, type Untyped } from '../../support/stack';

const CLUSTER_ARN = 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/0c6e-7';
const SCHEMA = JSON.stringify({
  type: 'object',
  properties: { page: { type: 'string' }, at: { type: 'string', format: 'date-time' } },
});

interface Made extends MadeStack {
  readonly etl: StreamingEtl;
}

interface Changes extends Partial<Omit<StreamingEtlProps, 'source' | 'sink'>> {
  readonly topic?: Partial<MskTopicOptions>;
  readonly aggregate?: Partial<StreamAggregateOptions>;
}

const topicOf = (options: Partial<MskTopicOptions> = {}) =>
  EtlSource.mskTopic({ clusterArn: CLUSTER_ARN, topicName: 'page.views', brokers: MskBrokers.STANDARD, ...options });

function aggregate({ topic, aggregate: choices, ...props }: Changes = {}, stack: Stack = shop()): Made {
  const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-1',
    availabilityZones: ['a', 'b'],
    privateSubnetIds: ['subnet-a', 'subnet-b'],
  });
  const etl = new StreamingEtl(stack, 'PageViews', {
    ...PAGE_VIEWS,
    queryName: 'page-views',
    source: topicOf(topic),
    sink: StreamSink.aggregate({
      vpc,
      clusterSecurityGroup: new SecurityGroup(stack, 'Brokers', { vpc, allowAllOutbound: false }),
      schema: 'page STRING, at TIMESTAMP',
      eventTime: 'at',
      keys: ['page'],
      jarBucket: Bucket.fromBucketName(stack, 'Jars', 'jars'),
      jarKeys: ['kafka.jar'],
      ...choices,
    }),
    ...props,
  });
  return { stack, etl, template: Template.fromStack(stack) };
}

function land(
  props: Partial<StreamingEtlProps> = {},
  options: Partial<StreamLandingOptions> = {},
  stack: Stack = shop(),
): Made {
  const etl = new StreamingEtl(stack, 'Raw', {
    workload: RAW_PAGE_VIEWS.workload,
    objective: RAW_PAGE_VIEWS.objective,
    queryName: 'raw-views',
    source: EtlSource.kinesisStream(),
    sink: StreamSink.landing({
      schema: SCHEMA,
      timeColumn: 'at',
      tableNamespace: 'telemetry',
      tableName: 'page_views',
      ...options,
    }),
    ...props,
  });
  return { stack, etl, template: Template.fromStack(stack) };
}

/** What a run is started with, with tokens as they are in the template. */
function requestOf({ etl, stack, template }: Made): string {
  const id = stack.getLogicalId(etl.job!.keeper.node.defaultChild as never);
  const run = template.toJSON().Resources[id].Properties.Environment.Variables.RUN;
  return (run['Fn::Join'][1] as Untyped[]).map((part) => (typeof part === 'string' ? part : '<>')).join('');
}

const usual = aggregate();
const request = JSON.parse(requestOf(usual));
const { entryPointArguments: args, sparkSubmitParameters: spark } = request.jobDriver.sparkSubmit;

describe('the traps of case 3 are absent', () => {
  test('trap: the first batch is the whole backlog: it has a limit, and so has every other', () => {
    expect(args).toContain(`--max-offsets-per-trigger=${usual.etl.plan.value('maxOffsetsPerTrigger')}`);
    expect(args).toContain('--trigger-seconds=150');
  });

  test('trap: append with a watermark of ten minutes is a quarter of an hour old: windows are merged', () => {
    expect(args).toContain('--output-mode=update');
    expect(() => aggregate({ aggregate: { outputMode: 'append' } })).toThrow(CapacityError);
  });

  test('trap: two runs on one checkpoint: the service takes one at a time, and the keeper ends it before the next', () => {
    const application = only(usual, 'AWS::EMRServerless::Application');
    expect(application.SchedulerConfiguration).toEqual({ MaxConcurrentRuns: 1 });
    usual.template.resourceCountIs('Custom::StreamingRun', 1);
  });

  test('trap: a checkpoint that expires: no rule of its bucket lets anything expire', () => {
    for (const bucket of [usual.etl.job!.checkpointBucket, usual.etl.job!.tableBucket]) {
      expect(properties(usual, bucket)).not.toHaveProperty('LifecycleConfiguration');
    }
  });

  test('trap: a run that is given up stays away: it is started again, and an alarm says so', () => {
    const [event] = Object.values(usual.template.findResources('AWS::Events::Rule'))
      .map((rule) => rule.Properties.EventPattern)
      .filter(Boolean);
    expect(event.detail.state).toEqual(['FAILED', 'SUCCESS']);
    expect(request.retryPolicy).toEqual({ maxFailedAttemptsPerHour: 10 });
    expect(usual.etl.restartedAlarm?.metric).toBeDefined();
  });
});

describe('the run', () => {
  test('has the numbers of the plan, and the jars of the release and of the user', () => {
    const value = (name: string) => usual.etl.plan.value(name);
    const settings = Object.fromEntries(
      (spark as string)
        .split('--conf ')
        .filter(Boolean)
        .map((one) => one.trim().split(/=(.*)/).slice(0, 2)),
    );
    expect(settings).toMatchObject({
      'spark.driver.cores': `${value('driverCores')}`,
      'spark.executor.cores': `${value('executorCores')}`,
      'spark.executor.memory': `${value('executorMemoryMib')}m`,
      'spark.executor.instances': `${value('executors')}`,
      'spark.dynamicAllocation.enabled': 'false',
      'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension',
      'spark.jars':
        '/usr/share/aws/delta/lib/delta-spark.jar,/usr/share/aws/delta/lib/delta-storage.jar,s3://jars/kafka.jar',
    });
  });

  test('signs in as its role, over TLS', () => {
    expect(args).toEqual(
      expect.arrayContaining([
        '--kafka-option=kafka.security.protocol=SASL_SSL',
        '--kafka-option=kafka.sasl.mechanism=AWS_MSK_IAM',
        '--group-prefix=page-views-spark',
      ]),
    );
    const [brokers] = Object.values(usual.template.findResources('Custom::KafkaBrokers'));
    expect(JSON.stringify(brokers.Properties.Update)).toContain('BootstrapBrokerStringSaslIam');
  });

  test('a change of it is an update of the resource: both have the same text', () => {
    const { Run } = only(usual, 'Custom::StreamingRun');
    expect(Run).toEqual(properties(usual, usual.etl.job!.keeper).Environment.Variables.RUN);
  });

  test('the function is changed before the run, and rules are deleted before it', () => {
    const resources = usual.template.toJSON().Resources as Record<string, Untyped>;
    const [run] = Object.keys(usual.template.findResources('Custom::StreamingRun'));
    const keeper = usual.stack.getLogicalId(usual.etl.job!.keeper.node.defaultChild as never);
    expect(resources[run].DependsOn).toEqual(expect.arrayContaining([keeper]));
    for (const rule of Object.keys(usual.template.findResources('AWS::Events::Rule'))) {
      expect(resources[rule].DependsOn).toContain(run);
    }
  });

  test('the application is replaced where it could not be changed, and only there', () => {
    const nameOf = (made: Made) => only(made, 'AWS::EMRServerless::Application').Name;
    expect(nameOf(aggregate({ aggregate: { executors: 3 } }))).toBe(nameOf(usual));
    expect(nameOf(aggregate({ aggregate: { releaseLabel: 'emr-7.9.0' } }))).not.toBe(nameOf(usual));
    expect(nameOf(usual)).toMatch(/^Shop-page-views-[0-9a-f]{8}$/);
  });

  test('what is too long for the settings of a function is refused with its length', () => {
    const jarKeys = Array.from({ length: 40 }, (_, index) => `libraries/of/the/streaming/job/number-${index}.jar`);
    expect(() => aggregate({ aggregate: { jarKeys } })).toThrow(
      /^PageViews: sink: what a run is started with takes \d+ of 4096 bytes; shorten schema, keys, sums or jarKeys/,
    );
  });

  test('programs of the user take the place of the shipped one, or go beside it', () => {
    const file = join(ROOT, 'lib/runtime/streaming-etl/job.py');
    expect(existsSync(file)).toBe(true);
    const own = aggregate({ aggregate: { transform: file, script: file } });
    expect(requestOf(own)).toContain('"--transform=<>"');
    expect(own.etl.job?.transform).toBeDefined();
  });
});

describe('permissions', () => {
  test('the job reads its topic and its jars, and writes below its prefix', () => {
    const allowed = permissions(usual, usual.etl.job!.role);
    expect(allowed['kafka-cluster:DescribeTopic kafka-cluster:ReadData']).toBe(
      '"arn:aws:kafka:us-east-1:123456789012:topic/telemetry/0c6e-7/page.views"',
    );
    expect(Object.keys(allowed).join(' ')).not.toMatch(/WriteData|s3:\*|DeleteBucket/);
    const objects = allowed['s3:GetObject s3:PutObject s3:DeleteObject s3:AbortMultipartUpload'];
    expect(objects.match(/\/page-views[/_]\*/g)).toHaveLength(4);
  });

  test('the keeper starts and ends runs with its tag, and passes one role', () => {
    const statements = Object.values(usual.template.findResources('AWS::IAM::Policy')).flatMap(
      ({ Properties }) => Properties.PolicyDocument.Statement,
    );
    const ofEmr = statements.filter(({ Action }: Untyped) => [Action].flat().join().includes('emr-serverless'));
    expect(ofEmr).toHaveLength(3);
    for (const { Condition } of ofEmr) expect(JSON.stringify(Condition)).toContain('Shop-page-views');
    const [pass] = statements.filter(({ Action }: Untyped) => Action === 'iam:PassRole');
    expect(pass.Condition.StringEquals['iam:PassedToService']).toBe('emr-serverless.amazonaws.com');
    expect(only(usual, 'AWS::EMRServerless::Application').Tags).toEqual([
      { Key: 'backpressure:etl', Value: 'Shop-page-views' },
    ]);
  });

  test('workers may connect to brokers, to HTTPS and to each other', () => {
    const ways = Object.values(usual.template.findResources('AWS::EC2::SecurityGroupIngress')).map(({ Properties }) => [
      Properties.FromPort,
      Properties.ToPort,
    ]);
    expect(ways).toEqual(expect.arrayContaining([[9098, 9098]]));
    const group = properties(usual, usual.etl.job!.securityGroup);
    expect(group.SecurityGroupEgress.map((one: Untyped) => one.FromPort)).toEqual([443]);
  });

  test('a key of the user encrypts the buckets, and the job may use it', () => {
    const stack = shop();
    const made = aggregate({ encryptionKey: new Key(stack, 'Key') }, stack);
    expect(properties(made, made.etl.job!.tableBucket).BucketEncryption).toMatchObject({
      ServerSideEncryptionConfiguration: [{ BucketKeyEnabled: true }],
    });
    expect(permissions(made, made.etl.job!.role)['kms:Decrypt kms:GenerateDataKey kms:DescribeKey']).toBe('Key');
  });
});

describe('a landing', () => {
  const kinesis = land();
  const channel = only(kinesis, 'AWS::Kinesis::Channel');

  test('of a stream: on demand, with a key of its own, and a retention in which a failed record can be read again', () => {
    const stream = only(kinesis, 'AWS::Kinesis::Stream');
    expect(stream.StreamModeDetails).toEqual({ StreamMode: 'ON_DEMAND' });
    expect(stream.StreamEncryption.KeyId).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/StreamKey/), 'Arn'] });
    expect(stream.RetentionPeriodHours).toBe(kinesis.etl.plan.value('retentionMilliseconds') / 3_600_000);
    expect(channel.S3TablesDestinationConfiguration.DataFreshnessInSeconds).toBe(900);
    expect(channel.S3TablesDestinationConfiguration.S3TablesConfigurationList[0]).toMatchObject({
      Namespace: 'telemetry',
      TableName: 'page_views',
      PartitionSpec: { PartitionFields: [{ SourceName: 'at', Transform: 'TIME_HOUR' }] },
    });
    expect(kinesis.etl.job).toBeUndefined();
  });

  test('of a topic: only of Express brokers, appended, with no schema evolution', () => {
    const workload = { ...RAW_PAGE_VIEWS.workload, steadyPerSecond: 3000, peakPerSecond: 6000 };
    const objective = { freshnessSeconds: 300 };
    const express = land({ workload, objective, source: topicOf({ brokers: MskBrokers.EXPRESS }) });
    const { IcebergDestinationConfiguration: table, TopicConfigurationList: topics } = only(
      express,
      'AWS::MSK::Channel',
    );
    expect(table).toMatchObject({
      AppendOnly: true,
      SchemaEvolution: { EnableSchemaEvolution: false },
      TableCreation: { EnableTableCreation: true },
      DataFreshnessInSeconds: 300,
    });
    expect(topics[0].TopicArn).toBe('arn:aws:kafka:us-east-1:123456789012:topic/telemetry/0c6e-7/page.views');
    // Express brokers set the in-sync replicas themselves.
    expect(Buffer.from(only(express, 'AWS::MSK::Topic').Configs, 'base64').toString()).toBe('retention.ms=259200000');
    expect(() => land({ workload, objective, source: topicOf() })).toThrow(
      /Standard brokers of Amazon MSK has no managed delivery/,
    );
  });

  test('fresher than a delivery can be is refused, with the job as the way out', () => {
    expect(() => land({ objective: { freshnessSeconds: 300 } })).toThrow(CapacityError);
  });

  test('its role is for this account alone, and writes to its table and its dead letters', () => {
    const role = properties(kinesis, kinesis.etl.landing!.role as never);
    expect(role.AssumeRolePolicyDocument.Statement[0]).toMatchObject({
      Principal: { Service: 'kinesis.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
    expect(permissions(kinesis, kinesis.etl.landing!.role)['s3:PutObject']).toContain('dead-letters/*');
  });

  test('it is watched by its own metrics, with all dimensions that they have', () => {
    const alarm = properties(kinesis, kinesis.etl.lateAlarm);
    expect(alarm).toMatchObject({ Namespace: 'AWS/Kinesis', MetricName: 'DeliveryToIceberg.DataFreshness' });
    expect(alarm.Dimensions.map(({ Name }: Untyped) => Name)).toEqual(['ChannelId', 'ChannelName', 'StreamName']);
    expect(alarm.Threshold).toBe(kinesis.etl.plan.value('alarmFreshnessSeconds'));
  });

  test('with a key of the user the compaction of the table may use it', () => {
    const stack = shop();
    const made = land({ encryptionKey: new Key(stack, 'Key') }, {}, stack);
    expect(only(made, 'AWS::KMS::Key').KeyPolicy.Statement.at(-1)).toMatchObject({
      Principal: { Service: 'maintenance.s3tables.amazonaws.com' },
      Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
    });
    expect(only(made, 'AWS::Kinesis::Channel').EncryptionConfiguration.EncryptionType).toBe('KMS');
  });
});

describe('what is there already', () => {
  test('a topic that is made elsewhere is not made again, and buckets of the user are used', () => {
    const stack = shop();
    const [tableBucket, checkpointBucket] = ['lake', 'checkpoints'].map((name) =>
      Bucket.fromBucketName(stack, name, name),
    );
    const made = aggregate({ topic: { existingTopic: true }, aggregate: { tableBucket, checkpointBucket } }, stack);
    made.template.resourceCountIs('AWS::MSK::Topic', 0);
    made.template.resourceCountIs('AWS::S3::Bucket', 0);
    expect(made.etl.job?.table).toBe('s3://lake/page-views');
    expect(made.etl.job?.checkpoint).toBe('s3://checkpoints/page-views');
    expect([made.etl.topic, made.etl.logBucket]).toEqual([undefined, undefined]);
  });

  test('a stream, a schema, a table bucket and a bucket for dead letters of the user are used', () => {
    const stack = shop();
    const stream = new Stream(stack, 'Stream', { streamMode: StreamMode.ON_DEMAND });
    const made = land(
      { source: EtlSource.kinesisStream({ stream }) },
      {
        schema: undefined,
        schemaArn: 'arn:aws:glue:us-east-1:123456789012:schema/events/views',
        tableBucketArn: 'arn:aws:s3tables:us-east-1:123456789012:bucket/lake',
        deadLetterBucket: Bucket.fromBucketName(stack, 'Dead', 'dead'),
      },
      stack,
    );
    for (const type of ['AWS::S3Tables::TableBucket', 'AWS::Glue::Schema', 'AWS::S3::Bucket', 'AWS::KMS::Key']) {
      made.template.resourceCountIs(type, 0);
    }
    expect(made.etl.stream).toBe(stream);
    expect(permissions(made, made.etl.landing!.role)['glue:GetSchemaVersion']).toBe(
      '"arn:aws:glue:us-east-1:123456789012:schema/events/views" "arn:aws:glue:us-east-1:123456789012:registry/events"',
    );
  });
});

describe('alarms', () => {
  test('a driver that reports nothing is late, and the metrics come from its log', () => {
    const late = properties(usual, usual.etl.lateAlarm);
    expect(late).toMatchObject({
      Namespace: 'Backpressure/StreamingEtl/Shop-page-views',
      MetricName: 'FreshnessSeconds',
      Threshold: 300,
      Period: 60,
      TreatMissingData: 'breaching',
    });
    const filters = Object.values(usual.template.findResources('AWS::Logs::MetricFilter')).map((one) => one.Properties);
    expect(filters).toHaveLength(6);
    for (const { MetricTransformations, FilterPattern } of filters) {
      expect(FilterPattern).toContain('$.backpressure = "streaming-etl" && $.query = "page-views"');
      expect(MetricTransformations[0].MetricNamespace).toBe(late.Namespace);
    }
  });

  test('they go to the topic', () => {
    const stack = shop();
    const made = aggregate({ alarmTopic: new Topic(stack, 'Alarms') }, stack);
    const alarms = Object.values(made.template.findResources('AWS::CloudWatch::Alarm'));
    expect(alarms).toHaveLength(6);
    for (const { Properties } of alarms) expect(Properties.AlarmActions).toHaveLength(1);
  });
});

describe('what is refused', () => {
  const message = (make: () => unknown): string => {
    try {
      make();
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };

  test('a job cannot read a stream of Kinesis', () => {
    expect(
      message(
        () =>
          new StreamingEtl(shop(), 'It', {
            ...PAGE_VIEWS,
            queryName: 'a',
            source: EtlSource.kinesisStream(),
            sink: StreamSink.aggregate({} as never),
          }),
      ),
    ).toContain(
      'source: the Spark job reads Kafka; give EtlSource.mskTopic(), or StreamSink.landing() for a stream of Kinesis',
    );
  });

  test.each<[string, () => unknown, string]>([
    [
      'a name with capitals',
      () => aggregate({ queryName: 'Views' }),
      "queryName must be 1 to 50 lower-case letters, digits and hyphens, got 'Views'",
    ],
    [
      'a column that is none',
      () => aggregate({ aggregate: { keys: ['a b'] } }),
      "sink.keys must be a column: letters, digits and '_', got 'a b'",
    ],
    ['no key', () => aggregate({ aggregate: { keys: [] } }), 'sink.keys must be at least one column, got none'],
    ['no jar', () => aggregate({ aggregate: { jarKeys: [] } }), 'sink.jarKeys must be at least one jar, got none'],
    [
      'an old release',
      () => aggregate({ aggregate: { releaseLabel: 'emr-7.1.0' } }),
      "sink.releaseLabel must be emr-7.9.0 or a later one of emr-7, got 'emr-7.1.0'",
    ],
    [
      'a file that is not there',
      () => aggregate({ aggregate: { transform: '/no/such.py' } }),
      "sink.transform: there is no file '/no/such.py'",
    ],
    [
      'two copies on Express brokers',
      () => aggregate({ topic: { brokers: MskBrokers.EXPRESS, replicationFactor: 2 } }),
      'source.replicationFactor of Express brokers is 3, got 2',
    ],
    ['no ARN', () => aggregate({ topic: { clusterArn: 'telemetry' } }), 'clusterArn must be arn:<partition>:kafka:'],
    [
      'a time column without a format',
      () => land({}, { timeColumn: 'page' }),
      "sink.schema must be a JSON schema whose property 'page' has the format date-time, got undefined",
    ],
    [
      'a schema that is no JSON',
      () => land({}, { schema: 'page STRING' }),
      "has the format date-time, got 'page STRING'",
    ],
    [
      'two schemas',
      () => land({}, { schemaArn: 'arn:aws:glue:us-east-1:123456789012:schema/a/b' }),
      'sink.schema or sink.schemaArn must be given, one of them',
    ],
    [
      'a table name with a hyphen',
      () => land({}, { tableName: 'page-views' }),
      "sink.tableName must be 1 to 255 lower-case letters, digits and underscores, got 'page-views'",
    ],
    ['a snapshot of what has none', () => land({ removalPolicy: RemovalPolicy.SNAPSHOT }), 'removalPolicy'],
  ])('%s', (_, make, expected) => {
    expect(message(make)).toContain(expected);
  });

  test('everything at once, in one message', () => {
    const text = message(() => aggregate({ queryName: 'Views', aggregate: { keys: [], executors: 0 } }));
    for (const part of ['queryName must', 'sink.keys must', 'executors must']) expect(text).toContain(part);
  });
});

test('cdk-nag finds nothing that is not acknowledged in the two forms', () => {
  for (const made of [aggregate(), land()]) expect(nagFindings(made.stack)).toEqual([]);
});
