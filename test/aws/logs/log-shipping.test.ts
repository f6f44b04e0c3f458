import { Duration, Size, Stack, Token } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import {
  AwsLogDriverMode,
  Cluster,
  ContainerImage,
  ContainerInsights,
  Ec2TaskDefinition,
  FargateTaskDefinition,
  FirelensLogRouterType,
  LogDrivers,
} from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { DeliveryStream, S3Bucket, type S3BucketProps } from 'aws-cdk-lib/aws-kinesisfirehose';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { LogShipping } from '../../../lib/aws/logs/log-shipping';
import type { LogShippingProps } from '../../../lib/aws/logs/log-shipping-props';
import { ROUTER_IMAGE } from '../../../lib/aws/logs/router-image';
import { NODE_LOGS, TASK_LOGS } from '../../../lib/cases/case-01-log-flood';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { permissions, shop, type Untyped } from '../../support/stack';

const image = ContainerImage.fromRegistry('shop/api:1');

/** The stream of a shipping named Logs, which has no L2. */
const TO_STREAM = '{"Fn::GetAtt":["LogsStream25DE3DFF","Arn"]}';

function make(given: Partial<LogShippingProps> = {}, { memoryLimitMiB = 1024, stack = shop() } = {}) {
  const logs = new LogShipping(stack, 'Logs', { ...TASK_LOGS, ...given });
  const task = new FargateTaskDefinition(stack, 'Task', { cpu: 256, memoryLimitMiB });
  task.addContainer('web', { image, logging: logs.logDriver });
  return { stack, logs, task, template: Template.fromStack(stack) };
}

const made = make();
const value = (name: string) => made.logs.plan.value(name);
const taskOf = ({ template }: { template: Template }): Untyped =>
  Object.values<Untyped>(template.findResources('AWS::ECS::TaskDefinition'))[0].Properties;
const containers = (one: { template: Template }): Record<string, Untyped> =>
  Object.fromEntries(taskOf(one).ContainerDefinitions.map((each: Untyped) => [each.Name, each]));
const { web, 'log-router': router } = containers(made);
const destination = ({ template }: { template: Template }): Untyped =>
  Object.values<Untyped>(template.findResources('AWS::KinesisFirehose::DeliveryStream'))[0].Properties
    .ExtendedS3DestinationConfiguration;

/** The configuration as Fluent Bit reads it: sections with their keys. */
function configOf(one: { template: Template }): Record<string, Record<string, string>> {
  const [{ Value }] = containers(one)['log-router'].Environment;
  const text: string =
    typeof Value === 'string'
      ? Value
      : Value['Fn::Join'][1]
          .map((part: Untyped) => (typeof part === 'string' ? part : Object.values(part)[0]))
          .join('');
  const sections: Record<string, Record<string, string>> = {};
  let name = '';
  for (const line of text.split('\n').filter(Boolean)) {
    const heading = /^\[(\w+)\]$/.exec(line)?.[1];
    if (heading !== undefined) {
      name = heading;
      sections[name] = {};
    } else {
      const [, key, rest] = /^ {4}(\S+) (.+)$/.exec(line)!;
      sections[name][key] = rest;
    }
  }
  return sections;
}

/**
 * The parameters of Fluent Bit 4.2.2 that are used, with the form of their values. Source: docs.fluentbit.io: Service, Buffering and
 * storage, Scheduling and retries, Forward, Amazon Kinesis Data Firehose.
 */
const PARAMETERS: Record<string, Record<string, RegExp>> = {
  SERVICE: {
    flush: /^\d+$/,
    grace: /^\d+$/,
    log_level: /^(error|warn|info|debug|trace)$/,
    'scheduler.base': /^\d+$/,
    'scheduler.cap': /^\d+$/,
    'storage.path': /^\//,
    'storage.max_chunks_up': /^\d+$/,
    'storage.backlog.mem_limit': /^\d+[KMG]?$/,
    'storage.metrics': /^(on|off)$/,
    http_server: /^(on|off)$/,
    http_listen: /^[\d.]+$/,
    http_port: /^\d+$/,
  },
  INPUT: {
    name: /^forward$/,
    unix_path: /^\//,
    tag: /^\w+$/,
    'storage.type': /^(memory|filesystem)$/,
    'storage.pause_on_chunks_overlimit': /^(on|off)$/,
  },
  OUTPUT: {
    name: /^kinesis_firehose$/,
    match: /^\*$/,
    region: /^\S+$/,
    delivery_stream: /^\S+$/,
    time_key: /^\w+$/,
    time_key_format: /^[%\w:.-]+$/,
    log_key: /^\w+$/,
    simple_aggregation: /^(on|off)$/,
    retry_limit: /^(\d+|no_limits|no_retries|False)$/,
    'storage.total_limit_size': /^\d+[KMG]?$/,
  },
};

describe('the configuration of the router', () => {
  test.each<[string, Partial<LogShippingProps>]>([
    ['records', {}],
    ['lines', { lineOnly: true }],
  ])('%s: every parameter is one of Fluent Bit, and its value of that form', (_what, given) => {
    const config = configOf(make(given));
    expect(Object.keys(config)).toEqual(['SERVICE', 'INPUT', 'OUTPUT']);
    for (const [section, settings] of Object.entries(config)) {
      for (const [key, found] of Object.entries(settings)) {
        expect([section, key, PARAMETERS[section][key]?.test(found)]).toEqual([section, key, true]);
      }
    }
  });

  test('has the numbers of the plan', () => {
    const { SERVICE, OUTPUT } = configOf(made);
    const number = (text: string) => Number(text);
    expect(number(SERVICE.flush)).toBe(value('flushSeconds'));
    expect(number(SERVICE.grace)).toBe(value('graceSeconds'));
    expect(number(SERVICE['scheduler.base'])).toBe(value('retryBaseSeconds'));
    expect(number(SERVICE['scheduler.cap'])).toBe(value('retryCapSeconds'));
    expect(number(SERVICE['storage.max_chunks_up'])).toBe(value('maxChunksUp'));
    expect(number(SERVICE['storage.backlog.mem_limit'])).toBe(value('backlogMemoryBytes'));
    expect(number(OUTPUT['storage.total_limit_size'])).toBe(value('storageTotalLimitBytes'));
  });

  test('trap: the input that Amazon ECS generates keeps lines in memory; this one keeps them on the disk', () => {
    expect(configOf(made).INPUT).toMatchObject({ unix_path: '/var/run/fluent.sock', 'storage.type': 'filesystem' });
    expect(router.Command[0]).toContain('exec /fluent-bit/bin/fluent-bit -c /log-buffer/fluent-bit.conf');
    expect(router.FirelensConfiguration).toEqual({
      Type: 'fluentbit',
      Options: { 'enable-ecs-log-metadata': 'false' },
    });
  });

  test('trap: each tag has chunks of its own, and FireLens gives each container one; here all have the same', () => {
    expect(configOf(made).INPUT.tag).toBe('logs');
    expect(configOf(made).INPUT).not.toHaveProperty('tag_prefix');
  });

  test('trap: what storage.trim_files cuts off stays counted, until the limit is all of it', () => {
    expect(Object.keys(configOf(made).SERVICE)).not.toContain('storage.trim_files');
  });

  test('trap: a paused input loses lines, and a chunk is discarded after two tries', () => {
    expect(configOf(made).INPUT['storage.pause_on_chunks_overlimit']).toBe('off');
    expect(configOf(made).OUTPUT.retry_limit).toBe('no_limits');
  });

  test('trap: a record for each line costs twenty times as much, and two layers of gzip are unreadable', () => {
    expect(configOf(made).OUTPUT.simple_aggregation).toBe('on');
    expect(configOf(made).OUTPUT).not.toHaveProperty('compression');
  });

  test('sends whole records with a time, or the line alone', () => {
    expect(configOf(made).OUTPUT).toMatchObject({ time_key: 'time' });
    expect(configOf(make({ lineOnly: true })).OUTPUT).toMatchObject({ log_key: 'log' });
    expect(configOf(make({ lineOnly: true })).OUTPUT).not.toHaveProperty('time_key');
  });

  test('an empty configuration ends the task', () => {
    expect(router.Command[0]).toMatch(/^set -eu\n: "\$\{FLUENT_BIT_CONFIG:\?\}"\n/);
    expect(made.logs.routerConfig).toContain('[OUTPUT]');
  });
});

describe('the task', () => {
  test('has a disk for the buffer, which is all that the router writes to', () => {
    expect(taskOf(made).EphemeralStorage).toEqual({ SizeInGiB: 31 });
    expect(taskOf(made).Volumes).toEqual([{ Name: 'log-buffer' }]);
    expect(router.MountPoints).toEqual([{ ContainerPath: '/log-buffer', ReadOnly: false, SourceVolume: 'log-buffer' }]);
    expect(router.ReadonlyRootFilesystem).toBe(true);
  });

  test('starts the router first and stops it last, and ends with it', () => {
    expect(web.DependsOn).toEqual([{ ContainerName: 'log-router', Condition: 'START' }]);
    expect([router.Essential, router.StopTimeout, router.Memory]).toEqual([true, 120, 256]);
  });

  test('trap: the verdict of Fluent Bit on its deliveries would end the task that buffers them', () => {
    expect(router.HealthCheck.Command[1]).toContain('/api/v1/uptime');
    expect(router.HealthCheck.Command[1]).not.toContain('/api/v1/health');
  });

  test('trap: by default a container loses lines beyond 10 MiB; here it waits', () => {
    expect(web.LogConfiguration).toEqual({
      LogDriver: 'awsfirelens',
      Options: { mode: 'blocking', 'log-driver-buffer-limit': '80000' },
    });
    const free = containers(make({ mode: AwsLogDriverMode.NON_BLOCKING })).web;
    expect(free.LogConfiguration.Options).toMatchObject({ mode: 'non-blocking', 'max-buffer-size': '20000000' });
  });

  test('the log of the router does not go through the router', () => {
    expect(router.LogConfiguration).toMatchObject({ LogDriver: 'awslogs', Options: { mode: 'non-blocking' } });
  });

  test('a load balancer still finds the program, not the router', () => {
    expect(made.task.defaultContainer?.containerName).toBe('web');
  });

  test('may send to its stream, and no more', () => {
    const { stack, template, task } = made;
    expect(permissions({ stack, template }, task.taskRole as Role)).toEqual({
      'firehose:PutRecordBatch': TO_STREAM,
    });
  });

  test('an image that joins lines to records: 3.2.1 is the first', () => {
    expect(router.Image).toBe(ROUTER_IMAGE);
    expect(ROUTER_IMAGE).toMatch(/:3\.2\.2$/);
  });

  test('a quiet one keeps the buffer that the driver has by default', () => {
    const quiet = { steadyBytesPerSecond: 1000 };
    const { Options } = containers(make({ workload: quiet, mode: AwsLogDriverMode.NON_BLOCKING })).web.LogConfiguration;
    expect(Options).toMatchObject({ 'log-driver-buffer-limit': '83887', 'max-buffer-size': '10485760' });
  });

  test('several containers and several tasks share a shipping', () => {
    const stack = shop();
    const logs = new LogShipping(stack, 'Logs', { ...TASK_LOGS });
    const tasks = ['One', 'Two'].map((id) => new FargateTaskDefinition(stack, id, { memoryLimitMiB: 1024 }));
    for (const task of tasks) {
      task.addContainer('web', { image, logging: logs.logDriver });
      task.addContainer('side', { image, logging: logs.logDriver, essential: false });
      expect(logs.addTo(task)).toBe(logs.addTo(task));
    }
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::KinesisFirehose::DeliveryStream', 1);
    for (const { Properties } of Object.values<Untyped>(template.findResources('AWS::ECS::TaskDefinition'))) {
      const names = Properties.ContainerDefinitions.map(({ Name }: Untyped) => Name);
      expect(names.sort()).toEqual(['log-router', 'side', 'web']);
      for (const { Name, DependsOn } of Properties.ContainerDefinitions) {
        if (Name !== 'log-router') expect(DependsOn).toHaveLength(1);
      }
    }
  });
});

describe('a task definition that there is already', () => {
  const task = (stack: Stack, props: Untyped = {}) =>
    new FargateTaskDefinition(stack, 'Task', { memoryLimitMiB: 1024, ...props });

  test('keeps a disk that is large enough', () => {
    const stack = shop();
    new LogShipping(stack, 'Logs', TASK_LOGS).addTo(task(stack, { ephemeralStorageGiB: 40 }));
    expect(taskOf({ template: Template.fromStack(stack) }).EphemeralStorage).toEqual({ SizeInGiB: 40 });
  });

  test('is refused with a disk that is not, or a router of its own', () => {
    const stack = shop();
    const logs = new LogShipping(stack, 'Logs', TASK_LOGS);
    expect(() => logs.addTo(task(stack, { ephemeralStorageGiB: 25 }))).toThrow(
      /ephemeralStorageGiB of the task definition must be at least 31.* got 25/,
    );
    const routed = new FargateTaskDefinition(stack, 'Routed');
    routed.addFirelensLogRouter('own', { image, firelensConfig: { type: FirelensLogRouterType.FLUENTBIT } });
    expect(() => logs.addTo(routed)).toThrow(InvalidInputError);
    expect(() => logs.addTo(routed)).toThrow(/has a log router already/);
  });

  test('is refused at synthesis when its containers and the router have more memory than it', () => {
    const stack = shop();
    const logs = new LogShipping(stack, 'Logs', TASK_LOGS);
    const small = task(stack, { memoryLimitMiB: 512 });
    small.addContainer('web', { image, memoryLimitMiB: 512, logging: logs.logDriver });
    expect(() => Template.fromStack(stack)).toThrow(/must be at least 768, .* got 512/);
  });

  test('of EC2 has its buffer in a folder of the host', () => {
    const stack = shop();
    const logs = new LogShipping(stack, 'Logs', { ...TASK_LOGS, hostFolder: '/var/lib/log-router/web' });
    const host = new Ec2TaskDefinition(stack, 'Task');
    host.addContainer('web', { image, memoryLimitMiB: 256, logging: logs.logDriver });
    const made = taskOf({ template: Template.fromStack(stack) });
    const SourcePath = `/var/lib/log-router/web/${host.family}`;
    expect(made.Volumes).toEqual([{ Name: 'log-buffer', Host: { SourcePath } }]);
    expect(made).not.toHaveProperty('EphemeralStorage');
    expect(logs.plan.knobs.map(({ name }) => name)).not.toContain('alarmEphemeralGib');
  });

  test('trap: two of one host would send each other’s chunks; each has a folder of its own', () => {
    const stack = shop();
    const logs = new LogShipping(stack, 'Logs', { ...TASK_LOGS, hostFolder: '/var/lib/log-router' });
    for (const family of ['web', 'worker']) {
      const host = new Ec2TaskDefinition(stack, family, { family });
      host.addContainer('main', { image, memoryLimitMiB: 256, logging: logs.logDriver });
    }
    const folders = Object.values<Untyped>(Template.fromStack(stack).findResources('AWS::ECS::TaskDefinition')).map(
      ({ Properties }) => Properties.Volumes[0].Host.SourcePath,
    );
    expect(folders.sort()).toEqual(['/var/lib/log-router/web', '/var/lib/log-router/worker']);
  });

  test('of the other kind is refused', () => {
    const stack = shop();
    const host = { ...TASK_LOGS, hostFolder: '/var/lib/log-router' };
    expect(() => new LogShipping(stack, 'A', TASK_LOGS).addTo(new Ec2TaskDefinition(stack, 'Ec2'))).toThrow(
      /hostFolder is missing/,
    );
    expect(() => new LogShipping(stack, 'B', host).addTo(new FargateTaskDefinition(stack, 'Fargate'))).toThrow(
      /hostFolder must be left out/,
    );
  });
});

describe('stream and archive', () => {
  test('objects are as large as planned, compressed once, by service and day', () => {
    expect(destination(made)).toMatchObject({
      BufferingHints: { IntervalInSeconds: 60, SizeInMBs: 5 },
      CompressionFormat: 'GZIP',
      Prefix: 'service=Logs/date=!{timestamp:yyyy-MM-dd}/',
      ErrorOutputPrefix: 'undelivered/!{firehose:error-output-type}/service=Logs/date=!{timestamp:yyyy-MM-dd}/',
      CloudWatchLoggingOptions: { Enabled: true },
    });
  });

  test('Firehose writes below its prefixes, and deletes nothing', () => {
    const writer = Object.values<Untyped>(made.template.findResources('AWS::IAM::Role')).find(
      ({ Properties }) =>
        Properties.AssumeRolePolicyDocument.Statement[0].Principal.Service === 'firehose.amazonaws.com',
    );
    const { Statement } = Object.values<Untyped>(made.template.findResources('AWS::IAM::Policy')).find(
      ({ Properties }) => /LogsWriter/.test(Properties.PolicyName),
    ).Properties.PolicyDocument;
    const actions: string[] = Statement.flatMap(({ Action }: Untyped) => Action);
    expect(actions).toContain('s3:PutObject');
    expect(actions.filter((action) => /Delete|\*/.test(action))).toEqual([]);
    const { Condition } = writer.Properties.AssumeRolePolicyDocument.Statement[0];
    expect(Condition).toEqual({ StringEquals: { 'sts:ExternalId': { Ref: 'AWS::AccountId' } } });
  });

  test('the archive plans what the delivery asks, and both are retained', () => {
    const { archive, plan } = made.logs;
    expect(archive!.plan.value('expirationInDays')).toBe(plan.value('retentionDays'));
    expect(archive!.plan.knob('storedBytesLimit').inputs.bytesPerDay).toBe(plan.predictions.storedBytesPerDay);
    for (const type of ['AWS::KinesisFirehose::DeliveryStream', 'AWS::S3::Bucket']) {
      for (const { DeletionPolicy } of Object.values(made.template.findResources(type))) {
        expect([type, DeletionPolicy]).toEqual([type, 'Retain']);
      }
    }
  });

  test('a bucket that was given gets the objects, with its key', () => {
    const stack = shop();
    const key = new Key(stack, 'Key');
    const bucket = new Bucket(stack, 'Own', { encryptionKey: key });
    const { logs, template } = make({ bucket, service: 'orders' }, { stack });
    expect([logs.bucket, logs.archive]).toEqual([bucket, undefined]);
    expect(destination({ template }).Prefix).toMatch(/^service=orders\//);
    expect(JSON.stringify(template.findResources('AWS::IAM::Policy'))).toContain('kms:GenerateDataKey*');
  });

  test('a stream that was given takes the lines; nothing is made beside it', () => {
    const stack = shop();
    const deliveryStream = new DeliveryStream(stack, 'Own', { destination: new S3Bucket(new Bucket(stack, 'Lake')) });
    const { logs, template } = make({ deliveryStream }, { stack });
    expect([logs.deliveryStream, logs.bucket, logs.archive]).toEqual([undefined, undefined, undefined]);
    expect(logs.deliveryStreamName).toBe(deliveryStream.deliveryStreamName);
    template.resourceCountIs('AWS::KinesisFirehose::DeliveryStream', 1);
    template.resourceCountIs('AWS::S3::Bucket', 1);
  });

  const own = (given: S3BucketProps, props: Partial<LogShippingProps> = {}) => {
    const stack = shop();
    const destination = new S3Bucket(new Bucket(stack, 'Lake'), given);
    return new LogShipping(stack, 'Logs', {
      ...TASK_LOGS,
      ...props,
      deliveryStream: new DeliveryStream(stack, 'Own', { destination }),
    });
  };
  const planned = ({ plan }: LogShipping) =>
    ['bufferingSeconds', 'bufferingMebibytes', 'alarmFreshnessSeconds'].map((name) => plan.value(name));

  test('trap: a stream that was given collects as it does, not as one would be planned: the alarm on late delivery waits for it', () => {
    const { deliveryLate } = own({ bufferingInterval: Duration.minutes(15), bufferingSize: Size.mebibytes(64) }).alarms;
    expect(
      Template.fromStack(Stack.of(deliveryLate)).findResources('AWS::CloudWatch::Alarm', {
        Properties: { MetricName: 'DeliveryToS3.DataFreshness', Threshold: 1800 },
      }),
    ).not.toEqual({});
    expect(planned(own({ bufferingInterval: Duration.minutes(15), bufferingSize: Size.mebibytes(64) }))).toEqual([
      900, 64, 1800,
    ]);
    expect(planned(own({}))).toEqual([300, 5, 600]);
  });

  test('of an imported stream it has to be said, or it is what Firehose gives', () => {
    const imported = (props: Partial<LogShippingProps> = {}) =>
      new LogShipping(shop(), 'Logs', { ...TASK_LOGS, deliveryStream: stream(), ...props });
    expect(planned(imported())).toEqual([300, 5, 600]);
    const told = { bufferingInterval: Duration.minutes(10), bufferingSize: Size.mebibytes(32) };
    expect(planned(imported(told))).toEqual([600, 32, 1200]);
  });

  test('a log group that was given is used', () => {
    const stack = shop();
    const logGroup = new LogGroup(stack, 'Own');
    expect(make({ logGroup }, { stack }).logs.logGroup).toBe(logGroup);
  });

  test('a router of one’s own may send as well', () => {
    const stack = shop();
    const logs = new LogShipping(stack, 'Logs', TASK_LOGS);
    const role = new Role(stack, 'Own', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
    logs.grantSend(role);
    expect(permissions({ stack, template: Template.fromStack(stack) }, role)).toEqual({
      'firehose:PutRecordBatch': TO_STREAM,
    });
  });
});

describe('the quota', () => {
  const inRegion = (region: string) =>
    new LogShipping(new Stack(shop().node.root as never, 'There', { env: { region } }), 'Logs', {
      ...NODE_LOGS,
      tasks: 1,
    });

  test('is that of the region, where it is known', () => {
    expect(inRegion('eu-west-1').plan.value('streamBytesPerSecond')).toBe(5 * 1024 ** 2);
    expect(() => inRegion('eu-central-1')).toThrow(CapacityError);
    expect(() => new LogShipping(shop(), 'Logs', { ...NODE_LOGS, tasks: 1 })).toThrow(/the stream takes 1,048,576/);
  });

  test('of a stream that was given is that of its own region', () => {
    const arn = (region: string) => `arn:aws:firehose:${region}:123456789012:deliverystream/own`;
    const to = (region: string) => {
      const stack = new Stack(shop().node.root as never, 'There', { env: { region: 'eu-central-1' } });
      const deliveryStream = DeliveryStream.fromDeliveryStreamArn(stack, 'Own', arn(region));
      return new LogShipping(stack, 'Logs', { ...NODE_LOGS, tasks: 1, deliveryStream });
    };
    expect(to('eu-west-1').plan.value('streamBytesPerSecond')).toBe(5 * 1024 ** 2);
    expect(to('eu-west-1').routerConfig).toContain('region eu-west-1');
    expect(() => to('eu-central-1')).toThrow(/the stream takes 1,048,576/);
  });
});

describe('the alarms', () => {
  test('six, and one on the disk of each task where the cluster is known', () => {
    const stack = shop();
    const cluster = new Cluster(stack, 'Cluster', { containerInsightsV2: ContainerInsights.ENABLED });
    const { logs, task, template } = make({ cluster }, { stack });
    expect(logs.alarms.all).toHaveLength(6);
    expect(logs.addTo(task).diskAlarm).toBeDefined();
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'ECS/ContainerInsights',
      MetricName: 'EphemeralStorageUtilized',
      Threshold: 23,
    });
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('Container Insights'));
    expect(made.logs.addTo(made.task).diskAlarm).toBeUndefined();
  });

  test('trap: a task definition with a larger disk than planned has more for its program before the alarm fires', () => {
    const stack = shop();
    const cluster = new Cluster(stack, 'Cluster', { containerInsightsV2: ContainerInsights.ENABLED });
    const logs = new LogShipping(stack, 'Logs', { ...TASK_LOGS, cluster });
    logs.addTo(new FargateTaskDefinition(stack, 'Large', { memoryLimitMiB: 1024, ephemeralStorageGiB: 100 }));
    Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'EphemeralStorageUtilized',
      Threshold: 92,
    });
  });

  test('lines of the router by which chunks are lost or wait, as Fluent Bit writes them', () => {
    const patterns = Object.values(made.template.findResources('AWS::Logs::MetricFilter')).map(
      ({ Properties }) => Properties.FilterPattern,
    );
    expect(patterns).toEqual([
      '?"cannot be retried" ?"to place the incoming data" ?"would exceed total limit size" ?"no available chunk"',
      '"failed to flush chunk"',
    ]);
  });

  test('two installations count their chunks apart', () => {
    const stack = shop();
    for (const id of ['One', 'Two']) new LogShipping(stack, id, TASK_LOGS);
    const names = Object.values(Template.fromStack(stack).findResources('AWS::Logs::MetricFilter')).map(
      ({ Properties }) => Properties.MetricTransformations[0].MetricName,
    );
    expect(new Set(names).size).toBe(4);
  });
});

describe('refused', () => {
  test.each<[RegExp, Partial<LogShippingProps>]>([
    [/retention belongs to the bucket that is given/, { bucket: bucket(), retention: Duration.days(30) }],
    [/service belongs to the stream that is given/, { deliveryStream: stream(), service: 'orders' }],
    [
      /bufferingInterval belongs to the stream that is given/,
      { deliveryStream: streamOfApp(), bufferingInterval: Duration.minutes(1) },
    ],
    [/service must be 1 to 128 letters/, { service: 'a/b' }],
    [/hostFolder must be absolute/, { hostFolder: '/etc' }],
    [/hostFolder must be absolute/, { hostFolder: '/var/../etc/x' }],
    [/mode must be one of/, { mode: 'sometimes' as AwsLogDriverMode }],
    [/routerMemory must be whole MiB/, { routerMemory: Size.kibibytes(70_000) }],
    [/bufferingSize must be known at synthesis/, { bufferingSize: Size.mebibytes(Token.asNumber({ Ref: 'Size' })) }],
    [/tasks is missing/, { tasks: undefined }],
    [/image is .*give a ContainerImage/, { image: 'fluent-bit' as never }],
    [/alarms.silence has 'late'/, { alarms: { silence: { late: 'x' } } }],
    [/bufferingMebibytes must be a whole number/, { bufferingSize: Size.kibibytes(1500) }],
  ])('%p', (message, given) => {
    const make = () => new LogShipping(shop(), 'Logs', { ...TASK_LOGS, ...given });
    expect(make).toThrow(InvalidInputError);
    expect(make).toThrow(message);
  });

  test('an outage that the disk does not hold', () => {
    const objective = { ...TASK_LOGS.objective, diskBudgetBytes: 1e9 };
    expect(() => new LogShipping(shop(), 'Logs', { ...TASK_LOGS, objective })).toThrow(CapacityError);
  });
});

test('a container that logs elsewhere does not wait for the router', () => {
  const stack = shop();
  const logs = new LogShipping(stack, 'Logs', TASK_LOGS);
  const task = new FargateTaskDefinition(stack, 'Task', { memoryLimitMiB: 1024 });
  task.addContainer('web', { image, logging: logs.logDriver });
  task.addContainer('side', { image, logging: LogDrivers.awsLogs({ streamPrefix: 'side' }) });
  const { side } = containers({ template: Template.fromStack(stack) });
  expect(side.DependsOn).toBeUndefined();
});

function bucket() {
  return Bucket.fromBucketName(shop(), 'Own', 'own');
}

function streamOfApp() {
  const stack = shop();
  return new DeliveryStream(stack, 'Own', { destination: new S3Bucket(new Bucket(stack, 'Lake')) });
}

function stream() {
  return DeliveryStream.fromDeliveryStreamName(shop(), 'Own', 'own');
}

test('an id in any script becomes the name of a service', () => {
  const stack = shop();
  new LogShipping(stack, 'ログ 1', TASK_LOGS);
  expect(destination({ template: Template.fromStack(stack) }).Prefix).toMatch(/^service=[\w.-]+\/date=/);
});
