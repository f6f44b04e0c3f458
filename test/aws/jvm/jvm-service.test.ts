import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration, Size } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  Cluster,
  ContainerImage,
  ContainerInsights,
  Secret as EcsSecret,
  FargateService,
  FargateTaskDefinition,
  LogDrivers,
} from 'aws-cdk-lib/aws-ecs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { JvmService } from '../../../lib/aws/jvm/jvm-service';
import type { JvmServiceProps } from '../../../lib/aws/jvm/jvm-service-props';
import { EXPORTER_IMAGE } from '../../../lib/aws/jvm/jvm-task';
import { BUSY_JVM } from '../../../lib/cases/case-10-allocation-outruns-gc';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { JvmCollector } from '../../../lib/flow/jvm/workload';
import { images } from '../../../lib/k8s/images.json';
import { only, shop, type Untyped } from '../../support/stack';
import { until } from '../../support/until';

const MIB = 2 ** 20;
const image = ContainerImage.fromRegistry('shop/api:1');

function network(stack = shop()) {
  const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-1',
    availabilityZones: ['a', 'b'],
    privateSubnetIds: ['subnet-a', 'subnet-b'],
  });
  const cluster = new Cluster(stack, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });
  return { stack, vpc, cluster };
}

function make(given: Partial<JvmServiceProps> = {}, place = network()) {
  const { stack, cluster } = place;
  const service = new JvmService(stack, 'Api', { ...BUSY_JVM, cluster, image, ...given });
  return { stack, service, template: Template.fromStack(stack) };
}

const made = make();
const value = (name: string) => made.service.plan.value(name);
const task = only(made, 'AWS::ECS::TaskDefinition');
const containersOf = ({ template }: Pick<typeof made, 'template'>): Untyped[] =>
  Object.values<Untyped>(template.findResources('AWS::ECS::TaskDefinition'))[0].Properties.ContainerDefinitions;
const [jvm, folders, exporter] = containersOf(made);
const variables = ({ Environment = [] }: Untyped): Record<string, Untyped> =>
  Object.fromEntries(Environment.map(({ Name, Value }: Untyped) => [Name, Value]));
const flags: string[] = variables(jvm).JDK_JAVA_OPTIONS.split(' ');

describe('the traps of case 10 are absent', () => {
  test('trap: a goal for pauses means nothing to ZGC', () => {
    expect(flags).toContain('-XX:+UseZGC');
    expect(flags.filter((flag) => /MaxGCPauseMillis/.test(flag))).toEqual([]);
  });

  test('trap: the memory of a task is not that of its container: the exporter has a share, and both fit', () => {
    expect(jvm.Memory + exporter.Memory).toBe(Number(task.Memory));
    expect(exporter.Memory * MIB).toBe(value('exporterMemoryBytes'));
    expect(jvm.Memory * MIB).toBeGreaterThanOrEqual(value('memoryBytes'));
  });

  test('trap: ZGC of Java 17 has no generations: no flag that stops the JVM', () => {
    const old = make({ jdk: 17 });
    expect(flags).toContain('-XX:+ZGenerational');
    expect(variables(containersOf(old)[0]).JDK_JAVA_OPTIONS).not.toContain('ZGenerational');
  });

  test('trap: a JVM in a small container takes Serial: the collector has a name, whatever the size', () => {
    const small = make({
      workload: { allocationBytesPerSecond: 1e6, liveBytes: 50e6 },
      objective: { pauseSeconds: 0.2 },
      cpu: 1,
    });
    expect(variables(containersOf(small)[0]).JDK_JAVA_OPTIONS).toContain('-XX:+UseG1GC');
    expect(only(small, 'AWS::ECS::TaskDefinition')).toMatchObject({ Cpu: '1024', Memory: '2048' });
  });
});

describe('the task', () => {
  test('has the processors that the JVM counts, and a size that Fargate has', () => {
    expect(task).toMatchObject({ Cpu: '4096', Memory: '8192', NetworkMode: 'awsvpc' });
    expect(flags).toContain('-XX:ActiveProcessorCount=4');
  });

  // Volumes of Fargate belong to root with 0755: an image with a user of its own would not start for want of a log.
  test('opens its folders before the JVM starts, and only there anything is written', () => {
    expect(jvm.DependsOn).toEqual([{ ContainerName: 'gc-folders', Condition: 'SUCCESS' }]);
    expect([folders.Essential, folders.User]).toEqual([false, '0']);
    expect(containersOf(made).map(({ ReadonlyRootFilesystem }) => ReadonlyRootFilesystem)).toEqual([true, true, true]);
    const mounts = (one: Untyped) =>
      one.MountPoints.map(({ ContainerPath, ReadOnly }: Untyped) => [ContainerPath, ReadOnly]);
    expect(mounts(jvm)).toEqual([
      ['/tmp', false],
      ['/var/log/gc', false],
    ]);
    expect(mounts(folders)).toEqual(mounts(jvm));
    expect(mounts(exporter)).toEqual([['/var/log/gc', true]]);
  });

  test('goes on without the exporter, which is started again', () => {
    expect([exporter.Essential, exporter.RestartPolicy.Enabled, exporter.User]).toEqual([false, true, '1000']);
    expect(jvm.Essential).toBe(true);
  });

  test('has its program inside, and a stock image of the version that charts run', () => {
    expect([exporter.Image, exporter.EntryPoint]).toEqual([EXPORTER_IMAGE, ['node']]);
    expect(images.node).toContain(EXPORTER_IMAGE.split('/').at(-1));
    // Amazon ECS: a task definition has 64 KiB at most.
    expect(JSON.stringify(task).length).toBeLessThan(16_384);
  });

  test('may write to its log group, and no more', () => {
    const statements = Object.values(made.template.findResources('AWS::IAM::Policy')).flatMap(
      ({ Properties }) => Properties.PolicyDocument.Statement,
    );
    expect(statements.map(({ Action }: Untyped) => Action)).toEqual([['logs:CreateLogStream', 'logs:PutLogEvents']]);
  });
});

describe('the programs in the task', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jvm-task-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('the first lets any user write where the JVM writes', async () => {
    const own = join(folder, 'opened');
    const command = folders.Command.map((one: string) => one.replace(/\[.*?\]/, `['${own}']`));
    writeFileSync(own, '');
    const [code] = await once(spawn(process.execPath, command, { stdio: 'inherit' }), 'exit');
    expect([code, (statSync(own).mode & 0o7777).toString(8)]).toEqual([0, '1777']);
  });

  test('the exporter writes the metrics that the alarms watch, in their dimension', async () => {
    const log = join(folder, 'gc.log');
    const env = { ...variables(exporter), SERVICE: 'shop-api', GC_LOG: log, METRIC_SECONDS: '0.2' };
    const child = spawn(process.execPath, exporter.Command, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    const lines = (): Untyped[] =>
      output
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line));
    await until('a line', () => lines().length > 0);
    const concurrent = [
      '[1.000s][info][gc,start    ] GC(0) Garbage Collection (Proactive)',
      '[1.100s][info][gc,heap     ] GC(0)      Live:         -                 8M (6%)            8M (6%)            8M (6%)            -                   -',
      '[1.200s][info][gc          ] GC(0) Garbage Collection (Proactive) 230M(85%)->234M(87%)',
      '[2.000s][info][gc,start    ] GC(1) Garbage Collection (Proactive)',
      '[2.200s][info][gc          ] GC(1) Garbage Collection (Proactive) 300M(85%)->234M(87%)',
    ];
    appendFileSync(log, `${concurrent.join('\n')}\n`);
    await until('a live set', () => lines().some(({ LiveBytes }) => LiveBytes !== undefined));
    child.kill('SIGTERM');
    await once(child, 'exit');
    const [{ Namespace, Dimensions }] = lines()[0]._aws.CloudWatchMetrics;
    expect([Namespace, Dimensions]).toEqual(['Backpressure/Jvm', [['Service']]]);
    const written = new Set(lines().flatMap((line) => Object.keys(line)));
    const watched = Object.values(made.template.findResources('AWS::CloudWatch::Alarm')).flatMap(({ Properties }) => [
      Properties,
      ...(Properties.Metrics ?? []).flatMap(({ MetricStat }: Untyped) => MetricStat?.Metric ?? []),
    ]);
    const names = watched.filter((one) => one.Namespace === Namespace).map(({ MetricName }) => MetricName);
    expect(names.length).toBe(7);
    expect(names.filter((name) => !written.has(name))).toEqual([]);
  });
});

describe('the alarms', () => {
  const alarms: Untyped[] = Object.values(made.template.findResources('AWS::CloudWatch::Alarm')).map(
    ({ Properties }) => Properties,
  );
  const on = (metric: string) => alarms.find(({ MetricName }) => MetricName === metric);

  test('the first stall fires, whatever the pauses are', () => {
    expect(on('Stalls')).toMatchObject({ Threshold: 0, Statistic: 'Sum', ComparisonOperator: 'GreaterThanThreshold' });
  });

  test('memory counts the exporter, which is in the same number', () => {
    expect(on('MemoryUtilized').Threshold).toBe((value('memoryBytes') + value('exporterMemoryBytes')) / MIB - 32);
    expect(on('MemoryUtilized').Threshold).toBeLessThan(jvm.Memory);
  });

  test('a container that the kernel kills is an alarm: the JVM itself says nothing of it', () => {
    expect(on('TriggeredRules')).toMatchObject({ Threshold: 0, ComparisonOperator: 'GreaterThanThreshold' });
    made.template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.ecs'],
        'detail-type': ['ECS Task State Change'],
        detail: {
          clusterArn: [Match.anyValue()],
          group: [{ 'Fn::Join': ['', ['service:', Match.anyValue()]] }],
          lastStatus: ['STOPPED'],
          containers: { reason: [{ prefix: 'OutOfMemory' }] },
        },
      },
    });
  });

  test('a log that nobody reads is an alarm, because no other would fire', () => {
    expect(on('LogsRead')).toMatchObject({ TreatMissingData: 'breaching', ComparisonOperator: 'LessThanThreshold' });
  });

  test('two services have metrics of their own', () => {
    const stack = shop();
    const place = network(stack);
    const one = new JvmService(stack, 'One', { ...BUSY_JVM, cluster: place.cluster, image });
    const two = new JvmService(stack, 'Two', { ...BUSY_JVM, cluster: place.cluster, image });
    expect(stack.resolve(one.metricService)).not.toEqual(stack.resolve(two.metricService));
    expect(stack.resolve(one.metricService)['Fn::Join'][1][0]).toEqual({ Ref: 'AWS::StackName' });
  });
});

describe('what is there already', () => {
  const given = (cpu = 4096, memoryLimitMiB = 8192, container = {}) => {
    const place = network();
    const taskDefinition = new FargateTaskDefinition(place.stack, 'Own', { cpu, memoryLimitMiB });
    taskDefinition.addContainer('web', {
      image,
      logging: LogDrivers.awsLogs({ streamPrefix: 'web' }),
      ...container,
    });
    return { place, taskDefinition };
  };

  test('a task definition keeps its container, and gets flags, log and exporter', () => {
    const { place, taskDefinition } = given();
    const own = make({ taskDefinition, image: undefined, cpu: undefined }, place);
    const [web, opened, reader] = containersOf(own);
    expect([web.Name, opened.Name, reader.Name]).toEqual(['web', 'gc-folders', 'gc-exporter']);
    expect(variables(web).JDK_JAVA_OPTIONS).toBe(flags.join(' '));
    expect(web.MountPoints.map(({ ContainerPath }: Untyped) => ContainerPath)).toEqual(['/var/log/gc']);
    expect(opened.Command[1]).not.toContain('/tmp');
    const { formula, value: bytes } = own.service.plan.knob('taskMemoryBytes');
    expect([formula, bytes]).toEqual(['given', 8192 * MIB]);
  });

  test('a service keeps all of its own', () => {
    const { place, taskDefinition } = given();
    const service = new FargateService(place.stack, 'Web', { cluster: place.cluster, taskDefinition });
    const own = make({ service, image: undefined, cluster: undefined, cpu: undefined }, place);
    own.template.resourceCountIs('AWS::ECS::Service', 1);
    expect(own.service.service).toBe(service);
    expect(own.service.plan.knobs.some(({ name }) => name === 'replicas')).toBe(false);
  });

  test('a VPC gets a cluster whose metrics have the memory of tasks', () => {
    const { stack, vpc } = network();
    const own = new JvmService(stack, 'Api', { ...BUSY_JVM, vpc, image });
    const settings = Template.fromStack(stack).findResources('AWS::ECS::Cluster', {
      Properties: { ClusterSettings: [{ Name: 'containerInsights', Value: 'enabled' }] },
    });
    expect(Object.keys(settings)).toContain(stack.getLogicalId(own.cluster.node.defaultChild as never));
  });

  test('a log group is used', () => {
    const place = network();
    const logGroup = new LogGroup(place.stack, 'Own');
    make({ logGroup }, place).template.resourceCountIs('AWS::Logs::LogGroup', 1);
  });

  test('a cluster without Container Insights is warned of: memory comes from there', () => {
    const place = network();
    const cluster = new Cluster(place.stack, 'Blind', { vpc: place.vpc });
    make({ cluster }, place);
    Annotations.fromStack(place.stack).hasWarning(
      '*',
      Match.stringLikeRegexp('from which the memory of the tasks comes'),
    );
  });

  test('scaling of the service takes the number of tasks over, unless it was given', () => {
    const place = network();
    const { service } = new JvmService(place.stack, 'Api', { ...BUSY_JVM, cluster: place.cluster, image });
    service.autoScaleTaskCount({ maxCapacity: 8, minCapacity: 2 }).scaleOnCpuUtilization('Cpu', {
      targetUtilizationPercent: 60,
    });
    expect(
      only({ stack: place.stack, template: Template.fromStack(place.stack) }, 'AWS::ECS::Service').DesiredCount,
    ).toBe(undefined);
    expect(only(made, 'AWS::ECS::Service').DesiredCount).toBe(2);
    expect(only(make({ replicas: 3 }), 'AWS::ECS::Service').DesiredCount).toBe(3);
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      'a task that is too small, with what would be enough',
      () => {
        const { place, taskDefinition } = given(2048, 4096);
        const workload = { allocationBytesPerSecond: 100e6, liveBytes: 3e9 };
        return make(
          { taskDefinition, image: undefined, cpu: undefined, workload, objective: { pauseSeconds: 0.005 } },
          place,
        );
      },
      /the container has to be .*, the task has 4 GB for it and its exporter; .*taskMemoryBytes of \d+/,
    ],
    [
      'a container that is too small',
      () => {
        const { place, taskDefinition } = given(4096, 8192, { memoryLimitMiB: 1024 });
        return make({ taskDefinition, image: undefined, cpu: undefined }, place);
      },
      /memoryLimitMiB of the container web must be at least 2304, got 1024/,
    ],
    [
      'half a processor',
      () => {
        const { place, taskDefinition } = given(512, 4096);
        return make({ taskDefinition, image: undefined, cpu: undefined }, place);
      },
      /cpu must be .*whole number.* got 0.5/,
    ],
    [
      'flags from elsewhere',
      () => {
        const { place, taskDefinition } = given(4096, 8192, { environment: { JAVA_TOOL_OPTIONS: '-Xmx1g' } });
        return make({ taskDefinition, image: undefined, cpu: undefined }, place);
      },
      /JAVA_TOOL_OPTIONS must not be set/,
    ],
    [
      'a command with a heap of its own',
      () => {
        const { place, taskDefinition } = given(4096, 8192, {
          entryPoint: ['java'],
          command: ['-Xmx1g', '-jar', 'web.jar'],
        });
        return make({ taskDefinition, image: undefined, cpu: undefined }, place);
      },
      /the command has -Xmx1g, which would replace what the plan sets/,
    ],
    [
      'the same without a task',
      () => make({ command: ['java', '-XX:+UseZGC', '-jar', 'web.jar'] }),
      /the command has -XX:\+UseZGC/,
    ],
    [
      'flags from a secret',
      () => make({ secrets: { JAVA_TOOL_OPTIONS: EcsSecret.fromSsmParameter({ parameterArn: 'arn' } as never) } }),
      /JAVA_TOOL_OPTIONS must not be set/,
    ],
    [
      'a second JVM on one task definition',
      () => {
        const { place, taskDefinition } = given();
        new JvmService(place.stack, 'First', { ...BUSY_JVM, cpu: undefined, cluster: place.cluster, taskDefinition });
        return make({ taskDefinition, image: undefined, cpu: undefined }, place);
      },
      /the container web has a volume at \/var\/log\/gc already.*JDK_JAVA_OPTIONS must not be set/s,
    ],
  ])('%s is refused', (_name, attempt, message) => {
    expect(attempt).toThrow(message);
  });
});

describe('what cannot be used is refused, all of it at once', () => {
  test('by name, with what to do', () => {
    const attempt = () =>
      new JvmService(network().stack, 'Api', {
        ...BUSY_JVM,
        cpu: 3,
        port: 70_000,
        replicas: 0,
        environment: { _JAVA_OPTIONS: '-Xmx1g' },
        alarms: { silence: { stall: 'known' } },
      });
    expect(attempt).toThrow(InvalidInputError);
    for (const message of [
      'image is missing',
      'cluster is missing; or give vpc, in which one is made',
      'cpu must be 1, 2, 4, 8 or 16 on Fargate, got 3',
      'port must be',
      'replicas must be',
      '_JAVA_OPTIONS must not be set',
      "alarms.silence has 'stall'",
    ]) {
      expect(attempt).toThrow(message);
    }
  });

  test('a heap by hand that stalls, and a collector that cannot keep the pause', () => {
    expect(() => make({ heap: Size.mebibytes(900) })).toThrow(CapacityError);
    expect(() => make({ collector: JvmCollector.G1 })).toThrow(/G1 stops the program/);
  });

  test('choices reach the plan', () => {
    const { plan } = make({
      heap: Size.gibibytes(2),
      metaspace: Size.mebibytes(256),
      codeCache: Size.mebibytes(96),
      cycle: Duration.millis(200),
      spikeTolerance: 1.5,
      flightRecorder: false,
    }).service;
    expect([plan.value('heapBytes'), plan.value('metaspaceBytes')]).toEqual([2048 * MIB, 256 * MIB]);
    expect([plan.value('codeCacheBytes'), plan.value('cycleSeconds')]).toEqual([96 * MIB, 0.2]);
    expect(plan.value('spikeTolerance')).toBe(1.5);
    expect(plan.flags.some((flag) => /FlightRecord/.test(flag))).toBe(false);
  });
});
