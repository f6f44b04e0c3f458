/** `JvmService` on Fargate, and the same resources by hand. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type App, Aws, Duration, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Column,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IAlarm,
  type IMetric,
  MathExpression,
  Metric,
  PeriodOverride,
  Row,
  Stats,
  TextWidget,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import {
  ContainerDependencyCondition,
  ContainerImage,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { JvmService } from '../../../lib/aws/jvm/jvm-service';
import { EXPORTER_IMAGE } from '../../../lib/aws/jvm/jvm-task';
import { BUSY_JVM } from '../../../lib/cases/case-10-allocation-outruns-gc';
import { packageRoot } from '../../../lib/package-root';
import type { Numbers } from '../numbers';
import { alarm, clusterIn, logsTo, numbersOf } from './parts';

interface Known {
  readonly numbers: Numbers;
  readonly flags: string;
  readonly collector: string;
  readonly program: string;
}

const MIB = 2 ** 20;
const IMAGE = 'shop/api:1.4.2';

function ours(stack: Stack, number: number): JvmService {
  const image = ContainerImage.fromRegistry(IMAGE);
  return new JvmService(stack, `Api${number}`, { ...BUSY_JVM, cluster: clusterIn(stack), image });
}

function known(app: App): Known {
  const { plan } = ours(new Stack(app, 'Numbers'), 0);
  const packed = gzipSync(readFileSync(join(packageRoot(), 'dist', 'runtime', 'gc-exporter', 'index.js')), {
    level: 9,
  });
  return {
    numbers: numbersOf(plan),
    flags: plan.flags.join(' '),
    collector: plan.collector,
    program: `eval(require('node:zlib').gunzipSync(Buffer.from('${packed.toString('base64')}','base64')).toString())`,
  };
}

function byHand(stack: Stack, number: number, known: Known): void {
  const cluster = clusterIn(stack);
  const scope = new Construct(stack, `Api${number}`);
  const name = `${Aws.STACK_NAME}-${Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' })}`;
  const service = new FargateService(scope, 'Service', {
    cluster,
    taskDefinition: makeTask(scope, name, known),
    desiredCount: known.numbers('replicas'),
    minHealthyPercent: 100,
    circuitBreaker: { rollback: true },
  });
  const metric = (metricName: string, statistic: string, seconds = 60) =>
    new Metric({
      namespace: 'Backpressure/Jvm',
      metricName,
      dimensionsMap: { Service: name },
      statistic,
      period: Duration.seconds(seconds),
    });
  const memory = new Metric({
    namespace: 'ECS/ContainerInsights',
    metricName: 'MemoryUtilized',
    dimensionsMap: { ClusterName: cluster.clusterName, ServiceName: service.serviceName },
    statistic: Stats.MAXIMUM,
    period: Duration.seconds(60),
  });
  const alarms = makeAlarms(new Construct(scope, 'Alarms'), metric, memory, service, known.numbers);
  makeDashboard(scope, name, alarms, metric, memory);
}

function makeTask(
  scope: Construct,
  name: string,
  { numbers, flags, collector, program }: Known,
): FargateTaskDefinition {
  const logGroup = new LogGroup(scope, 'Logs', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const task = new FargateTaskDefinition(scope, 'Task', {
    cpu: numbers('taskCpuUnits'),
    memoryLimitMiB: numbers('taskMemoryBytes') / MIB,
    runtimePlatform: { cpuArchitecture: CpuArchitecture.ARM64, operatingSystemFamily: OperatingSystemFamily.LINUX },
  });
  task.addVolume({ name: 'tmp' });
  task.addVolume({ name: 'gc-log' });
  const jvm = task.addContainer('Jvm', {
    image: ContainerImage.fromRegistry(IMAGE),
    portMappings: [{ containerPort: 8080 }],
    memoryLimitMiB: numbers('jvmMemoryBytes') / MIB,
    readonlyRootFilesystem: true,
    stopTimeout: Duration.seconds(numbers('stopTimeoutSeconds')),
    logging: logsTo(logGroup, 'jvm'),
    environment: { JDK_JAVA_OPTIONS: flags },
  });
  const temporary = { sourceVolume: 'tmp', containerPath: '/tmp', readOnly: false };
  const log = { sourceVolume: 'gc-log', containerPath: '/var/log/gc', readOnly: false };
  jvm.addMountPoints(temporary, log);
  const image = ContainerImage.fromRegistry(EXPORTER_IMAGE);
  const folders = task.addContainer('Folders', {
    containerName: 'gc-folders',
    image,
    entryPoint: ['node'],
    command: ['-e', "for (const path of ['/tmp','/var/log/gc']) require('node:fs').chmodSync(path, 0o1777)"],
    essential: false,
    user: '0',
    readonlyRootFilesystem: true,
    logging: logsTo(logGroup, 'gc-folders'),
  });
  folders.addMountPoints(temporary, log);
  jvm.addContainerDependencies({ container: folders, condition: ContainerDependencyCondition.SUCCESS });
  const exporter = task.addContainer('Exporter', {
    containerName: 'gc-exporter',
    image,
    entryPoint: ['node'],
    command: ['-e', program],
    environment: {
      GC_LOG: '/var/log/gc/gc.log',
      ALARM_PAUSE_SECONDS: String(numbers('alarmPauseSeconds')),
      COLLECTOR: collector,
      METRIC_SECONDS: String(numbers('metricSeconds')),
      SERVICE: name,
      NODE_OPTIONS: '--max-old-space-size=32',
    },
    essential: false,
    enableRestartPolicy: true,
    memoryLimitMiB: numbers('exporterMemoryBytes') / MIB,
    user: '1000',
    readonlyRootFilesystem: true,
    logging: logsTo(logGroup, 'gc-exporter'),
  });
  exporter.addMountPoints({ ...log, readOnly: true });
  return task;
}

type Metrics = (name: string, statistic: string, seconds?: number) => Metric;

function kills(scope: Construct, { cluster, serviceName }: FargateService, seconds: number): IMetric {
  const rule = new Rule(scope, 'KilledRule', {
    description: `Tasks of ${scope.node.path} with a container that was killed for its memory`,
    eventPattern: {
      source: ['aws.ecs'],
      detailType: ['ECS Task State Change'],
      detail: {
        clusterArn: [cluster.clusterArn],
        group: [`service:${serviceName}`],
        lastStatus: ['STOPPED'],
        containers: { reason: [{ prefix: 'OutOfMemory' }] },
      },
    },
  });
  return new Metric({
    namespace: 'AWS/Events',
    metricName: 'TriggeredRules',
    dimensionsMap: { RuleName: rule.ruleName },
    statistic: Stats.SUM,
    period: Duration.seconds(seconds),
  });
}

function makeAlarms(
  scope: Construct,
  metric: Metrics,
  memory: IMetric,
  service: FargateService,
  numbers: Numbers,
): IAlarm[] {
  const seconds = numbers('alarmPeriodSeconds');
  const evaluationPeriods = numbers('alarmHoldPeriods');
  const pauses = new MathExpression({
    expression: 'IF(pauses > 0, long / pauses, 0)',
    usingMetrics: { long: metric('LongPauses', Stats.SUM, seconds), pauses: metric('Pauses', Stats.SUM, seconds) },
    period: Duration.seconds(seconds),
  });
  return [
    alarm(scope, 'Stalls', metric('Stalls', Stats.SUM, numbers('alarmWindowSeconds')), {}),
    alarm(scope, 'LongPauses', pauses, { threshold: numbers('alarmPauseRatio') }),
    alarm(scope, 'SlowCollections', metric('CollectionSeconds', 'p90', seconds), {
      threshold: numbers('alarmCycleSeconds'),
    }),
    alarm(scope, 'Allocation', metric('AllocatedBytesPerSecond', 'p90', seconds), {
      threshold: numbers('alarmAllocationBytesPerSecond'),
    }),
    alarm(scope, 'LiveSet', metric('LiveBytes', Stats.MAXIMUM), {
      threshold: numbers('alarmLiveBytes'),
      evaluationPeriods,
    }),
    alarm(scope, 'LogMissing', metric('LogsRead', Stats.MINIMUM), {
      threshold: numbers('alarmLogs'),
      evaluationPeriods: numbers('alarmDownPeriods'),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
    }),
    alarm(scope, 'Memory', memory, { threshold: numbers('alarmTaskMebibytes'), evaluationPeriods }),
    alarm(scope, 'Killed', kills(scope, service, numbers('alarmWindowSeconds')), {}),
  ];
}

function makeDashboard(scope: Construct, name: string, alarms: IAlarm[], metric: Metrics, memory: IMetric): void {
  const rows: [string, string, IMetric[]][] = [
    ['Heap', 'bytes', [metric('HeapAfterBytes', Stats.MAXIMUM), metric('LiveBytes', Stats.MAXIMUM)]],
    ['Allocation of one JVM', 'bytes a second', [metric('AllocatedBytesPerSecond', Stats.MAXIMUM)]],
    [
      'Threads waited, program stopped',
      'seconds',
      [metric('StallSeconds', Stats.SUM), metric('PauseSeconds', Stats.SUM)],
    ],
    ['Collection', 'seconds', [metric('CollectionSeconds', 'p90'), metric('CollectionSeconds', Stats.MAXIMUM)]],
    ['Memory of the largest task', 'MiB', [memory]],
  ];
  const graph = (width: number) => (of: [string, string, IMetric[]]) =>
    new GraphWidget({
      title: of[0],
      width,
      height: 5,
      left: of[2],
      leftYAxis: { min: 0, label: of[1], showUnits: false },
    });
  new Dashboard(new Construct(scope, 'Dashboards'), 'Dashboard', {
    dashboardName: name,
    start: '-PT8H',
    periodOverride: PeriodOverride.INHERIT,
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 3 })],
      [
        new Column(
          new TextWidget({ markdown: `### ${scope.node.id}`, width: 24, height: 1 }),
          new Row(...rows.slice(0, 4).map(graph(6))),
          new Row(...rows.slice(4).map(graph(24))),
        ),
      ],
    ],
  });
}

export const jvm = { ours, byHand, known };
