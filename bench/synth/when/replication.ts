/** `ReplicaLagGuard` for two instances of RDS, and the same resources by hand. */
import { type App, Aws, Duration, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Column,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IAlarm,
  type IMetric,
  Metric,
  PeriodOverride,
  Row,
  Stats,
  TextWidget,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  ContainerImage,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  OperatingSystemFamily,
  Secret as TaskSecret,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnDBParameterGroup, DatabaseInstance, type IDatabaseInstance } from 'aws-cdk-lib/aws-rds';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { DatabaseServer } from '../../../lib/aws/replication/database-server';
import { ReplicaLagGuard } from '../../../lib/aws/replication/replica-lag-guard';
import { WRITE_PEAK } from '../../../lib/cases/case-08-replica-lag';
import { guardSettings } from '../../../lib/flow/replication/settings';
import type { Numbers } from '../numbers';
import { alarm, clusterIn, logsTo, numbersOf } from './parts';

interface Known {
  readonly numbers: Numbers;
  readonly source: Record<string, string>;
  readonly replica: Record<string, string>;
  readonly settings: string;
}

const IMAGE = 'shop/guard:1.4.2';
const PORT = 8080;

/** Both sides bring the same servers. */
function server(stack: Stack, name: string): IDatabaseInstance {
  return DatabaseInstance.fromDatabaseInstanceAttributes(stack, name, {
    instanceIdentifier: name,
    instanceEndpointAddress: `${name}.c9akciq32.eu-west-1.rds.amazonaws.com`,
    port: 3306,
    securityGroups: [SecurityGroup.fromSecurityGroupId(stack, `${name}Group`, `sg-${name}`)],
  });
}

function given(stack: Stack, number: number) {
  return {
    source: server(stack, `source${number}`),
    replica: server(stack, `replica${number}`),
    secret: Secret.fromSecretNameV2(stack, `User${number}`, 'user'),
    image: ContainerImage.fromRegistry(IMAGE),
    cluster: clusterIn(stack),
  };
}

function ours(stack: Stack, number: number): ReplicaLagGuard {
  const { source, replica, ...rest } = given(stack, number);
  return new ReplicaLagGuard(stack, `Orders${number}`, {
    ...WRITE_PEAK,
    ...rest,
    source: DatabaseServer.instance(source),
    replicas: [DatabaseServer.instance(replica)],
  });
}

function known(app: App): Known {
  const { plan } = ours(new Stack(app, 'Numbers'), 0);
  return {
    numbers: numbersOf(plan),
    source: plan.sourceParameters,
    replica: plan.replicaParameters,
    settings: JSON.stringify(guardSettings(plan)),
  };
}

function byHand(stack: Stack, number: number, known: Known): void {
  const { source, replica, secret, image, cluster } = given(stack, number);
  const scope = new Construct(stack, `Orders${number}`);
  const family = WRITE_PEAK.engine;
  for (const [of, parameters] of [
    ['Source', known.source],
    ['Replica', known.replica],
  ] as const)
    new CfnDBParameterGroup(scope, `${of}Parameters`, {
      family,
      description: `${of} of ${scope.node.path}`,
      parameters,
    }).ref;
  const table = new TableV2(scope, 'Table', {
    partitionKey: { name: 'guard', type: AttributeType.STRING },
    sortKey: { name: 'item', type: AttributeType.STRING },
    billing: Billing.onDemand(),
    encryption: TableEncryptionV2.awsManagedKey(),
    timeToLiveAttribute: 'expiresAt',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const name = `${Aws.STACK_NAME}-${Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' })}`;
  const securityGroup = new SecurityGroup(scope, 'SecurityGroup', {
    vpc: cluster.vpc,
    description: `Watches replicas for ${Names.nodeUniqueId(scope.node)}`,
    allowAllOutbound: false,
  });
  securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'Registry, secret, log and table');
  for (const one of [source, replica])
    securityGroup.connections.allowTo(one, Port.tcp(3306), 'Heartbeats and their reading');
  const environment = {
    GUARD: name,
    TABLE: table.tableName,
    SETTINGS: known.settings,
    SOURCE: addressOf(stack, source),
    REPLICAS: `[${addressOf(stack, replica)}]`,
    DB_SCHEMA: 'backpressure',
    DB_TRUST: 'rds',
  };
  const taskDefinition = makeTask(scope, image, secret, environment, known.numbers);
  for (const [action, partition] of [
    ['dynamodb:PutItem', name],
    ['dynamodb:Query', `${name}#writers`],
  ]) {
    taskDefinition.taskRole.addToPrincipalPolicy(
      new PolicyStatement({
        actions: [action],
        resources: [table.tableArn],
        conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [partition] } },
      }),
    );
  }
  new FargateService(scope, 'Service', {
    cluster,
    taskDefinition,
    securityGroups: [securityGroup],
    desiredCount: known.numbers('guards'),
    minHealthyPercent: 0,
    maxHealthyPercent: 100,
    circuitBreaker: { rollback: true },
  });
  const metric = (metricName: string, statistic: string = Stats.MAXIMUM) =>
    new Metric({
      namespace: 'Backpressure',
      metricName,
      dimensionsMap: { Guard: name },
      statistic,
      period: Duration.seconds(known.numbers('alarmSampleSeconds')),
    });
  makeDashboard(scope, name, makeAlarms(new Construct(scope, 'Alarms'), metric, known.numbers), metric);
}

/** Its address as JSON; the port of an imported instance is a number. */
function addressOf(stack: Stack, { instanceIdentifier, instanceEndpoint }: IDatabaseInstance): string {
  const { hostname, port } = instanceEndpoint;
  return stack.toJsonString({ name: instanceIdentifier, host: hostname, port });
}

function makeTask(
  scope: Construct,
  image: ContainerImage,
  secret: ISecret,
  environment: Record<string, string>,
  numbers: Numbers,
): FargateTaskDefinition {
  const seconds = (name: string) => Duration.seconds(numbers(name));
  const text = (name: string) => String(numbers(name));
  const task = new FargateTaskDefinition(scope, 'Task', {
    cpu: 256,
    memoryLimitMiB: 512,
    runtimePlatform: { cpuArchitecture: CpuArchitecture.ARM64, operatingSystemFamily: OperatingSystemFamily.LINUX },
  });
  const logGroup = new LogGroup(scope, 'Logs', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  task.addContainer('Guard', {
    image,
    environment: {
      ...environment,
      HEARTBEAT_SECONDS: text('heartbeatSeconds'),
      TICK_SECONDS: text('tickSeconds'),
      READ_TIMEOUT_SECONDS: text('readTimeoutSeconds'),
      WRITER_FORGOTTEN_SECONDS: text('writerForgottenSeconds'),
      STALLED_SECONDS: text('stalledSeconds'),
      PORT: String(PORT),
    },
    secrets: {
      DB_USER: TaskSecret.fromSecretsManager(secret, 'username'),
      DB_PASSWORD: TaskSecret.fromSecretsManager(secret, 'password'),
    },
    readonlyRootFilesystem: true,
    stopTimeout: seconds('stopTimeoutSeconds'),
    healthCheck: {
      command: ['CMD-SHELL', `wget -qO- http://127.0.0.1:${PORT}/healthz || exit 1`],
      interval: seconds('probePeriodSeconds'),
      timeout: seconds('probeTimeoutSeconds'),
      retries: numbers('livenessProbeFailures'),
    },
    portMappings: [{ containerPort: PORT }],
    logging: logsTo(logGroup, 'guard'),
  });
  return task;
}

type Metrics = (name: string, statistic?: string) => Metric;

function makeAlarms(scope: Construct, metric: Metrics, numbers: Numbers): IAlarm[] {
  const sampled = (threshold: string, periods = 'alarmSamples') => ({
    threshold: numbers(threshold),
    evaluationPeriods: numbers(periods),
  });
  return [
    alarm(scope, 'ReplicaLag', metric('ReplicaLag'), sampled('alarmLagSeconds')),
    alarm(scope, 'ReplicaStopped', metric('ReplicasStopped'), sampled('alarmStopped')),
    alarm(scope, 'LagUnknown', metric('LagUnknown', Stats.MINIMUM), sampled('alarmUnknown')),
    alarm(scope, 'Heartbeat', metric('HeartbeatAge', Stats.MINIMUM), sampled('alarmHeartbeatSeconds')),
    alarm(
      scope,
      'WritersThrottled',
      metric('Throttled', Stats.MINIMUM),
      sampled('alarmUnknown', 'alarmThrottledSamples'),
    ),
    alarm(scope, 'GuardSilent', metric('LagUnknown', Stats.SAMPLE_COUNT), {
      ...sampled('alarmSilent', 'alarmSilentSamples'),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
    }),
  ];
}

function makeDashboard(scope: Construct, name: string, alarms: IAlarm[], metric: Metrics): void {
  const rows: [string, string, IMetric[]][] = [
    ['Lag', 'seconds', [metric('ReplicaLag'), metric('HeartbeatAge')]],
    ['Bulk writers', 'commits a second', [metric('BulkRate', Stats.MINIMUM)]],
    ['Throttled', 'share of the time', [metric('Throttled', Stats.AVERAGE)]],
    ['Who asks', 'writers', [metric('Writers')]],
  ];
  const widgets = rows.map(
    ([title, label, left]) =>
      new GraphWidget({ title, width: 6, height: 5, left, leftYAxis: { min: 0, label, showUnits: false } }),
  );
  new Dashboard(new Construct(scope, 'Dashboards'), 'Dashboard', {
    dashboardName: name,
    start: '-PT8H',
    periodOverride: PeriodOverride.INHERIT,
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 3 })],
      [
        new Column(
          new TextWidget({ markdown: `### Replicas of ${Stack.of(scope).stackName}`, width: 24, height: 1 }),
          new Row(...widgets),
        ),
      ],
    ],
  });
}

export const replication = { ours, byHand, known };
