/** `BoundedService` on Fargate, and the same resources by hand. */
import { type App, Aws, Duration, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Column,
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
} from 'aws-cdk-lib/aws-cloudwatch';
import {
  ContainerImage,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  TargetGroupLoadBalancingAlgorithmType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { BoundedService } from '../../../lib/aws/services/bounded-service';
import { OVERRUN_API } from '../../../lib/cases/case-12-unbounded-thread-pool';
import { boundsOf } from '../../../lib/flow/services/bounds';
import type { Numbers } from '../numbers';
import { alarm, clusterIn, logsTo, numbersOf } from './parts';

interface Known {
  readonly numbers: Numbers;
  readonly bounds: Readonly<Record<string, string>>;
}

const IMAGE = 'shop/api:1.4.2';

function ours(stack: Stack, number: number): BoundedService {
  const image = ContainerImage.fromRegistry(IMAGE);
  return new BoundedService(stack, `Api${number}`, { ...OVERRUN_API, cluster: clusterIn(stack), image });
}

function known(app: App): Known {
  const { plan } = ours(new Stack(app, 'Numbers'), 0);
  return { numbers: numbersOf(plan), bounds: boundsOf(plan, '') };
}

function byHand(stack: Stack, number: number, { numbers, bounds }: Known): void {
  const cluster = clusterIn(stack);
  const scope = new Construct(stack, `Api${number}`);
  const seconds = (name: string) => Duration.seconds(numbers(name));
  const service = new FargateService(scope, 'Service', {
    cluster,
    taskDefinition: makeTask(scope, { ...bounds, SERVICE: scope.node.id }, numbers),
    minHealthyPercent: 100,
    circuitBreaker: { rollback: true },
    healthCheckGracePeriod: seconds('healthGraceSeconds'),
  });
  const group = new ApplicationTargetGroup(scope, 'Targets', {
    vpc: cluster.vpc,
    port: 8080,
    protocol: ApplicationProtocol.HTTP,
    targets: [service.loadBalancerTarget({ containerName: 'Service', containerPort: 8080 })],
    deregistrationDelay: seconds('deregistrationDelaySeconds'),
    loadBalancingAlgorithmType: TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
    healthCheck: {
      path: '/healthz',
      interval: seconds('healthPeriodSeconds'),
      timeout: seconds('healthTimeoutSeconds'),
      healthyThresholdCount: numbers('healthyChecks'),
      unhealthyThresholdCount: numbers('unhealthyChecks'),
    },
  });
  const balancer = new ApplicationLoadBalancer(scope, 'LoadBalancer', {
    vpc: cluster.vpc,
    idleTimeout: seconds('idleTimeoutSeconds'),
    dropInvalidHeaderFields: true,
  });
  const listener = balancer.addListener('Listener', { protocol: ApplicationProtocol.HTTP, open: false });
  listener.addTargetGroups(`${scope.node.id}Targets`, { targetGroups: [group] });
  const scaling = service.autoScaleTaskCount({
    minCapacity: numbers('minInstances'),
    maxCapacity: numbers('maxInstances'),
  });
  scaling.scaleOnRequestCount('Requests', {
    targetGroup: group,
    requestsPerTarget: numbers('requestsPerTarget'),
    scaleOutCooldown: seconds('scaleOutCooldownSeconds'),
    scaleInCooldown: seconds('scaleInCooldownSeconds'),
  });
  const period = seconds('alarmPeriodSeconds');
  const metric = (metricName: string, statistic: string, ofTargets = true) =>
    new Metric({
      namespace: 'AWS/ApplicationELB',
      metricName,
      dimensionsMap: {
        LoadBalancer: group.firstLoadBalancerFullName,
        ...(ofTargets && { TargetGroup: group.targetGroupFullName }),
      },
      statistic,
      period,
    });
  const refused = () =>
    new MathExpression({
      expression: '(FILL(tasks, 0) + FILL(balancer, 0)) / (FILL(served, 0) + FILL(balancer, 0))',
      usingMetrics: {
        tasks: metric('HTTPCode_Target_5XX_Count', Stats.SUM),
        balancer: metric('HTTPCode_ELB_5XX_Count', Stats.SUM, false),
        served: metric('RequestCount', Stats.SUM),
      },
      label: 'Refused',
      period,
    });
  const evaluationPeriods = numbers('alarmHoldPeriods');
  const alarms = [
    alarm(scope, 'Refused', refused(), {
      threshold: numbers('alarmShedRatio'),
      evaluationPeriods: numbers('alarmShedPeriods'),
    }),
    alarm(scope, 'Slow', metric('TargetResponseTime', 'p99'), {
      threshold: numbers('alarmLatencySeconds'),
      evaluationPeriods,
    }),
    alarm(scope, 'Unhealthy', metric('UnHealthyHostCount', Stats.MINIMUM), { evaluationPeriods }),
    alarm(scope, 'RejectedConnections', metric('RejectedConnectionCount', Stats.SUM, false), {}),
  ];
  makeDashboard(scope, alarms, [
    ['Requests', 'a minute', [metric('RequestCount', Stats.SUM)]],
    ['Refused', 'share', [refused()]],
    ['Latency', 'seconds', [metric('TargetResponseTime', 'p50'), metric('TargetResponseTime', 'p99')]],
    ['Tasks', 'tasks', [metric('HealthyHostCount', Stats.MINIMUM)]],
  ]);
}

function makeTask(scope: Construct, environment: Record<string, string>, numbers: Numbers): FargateTaskDefinition {
  const logGroup = new LogGroup(scope, 'Logs', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const task = new FargateTaskDefinition(scope, 'Task', {
    cpu: 512,
    memoryLimitMiB: 1024,
    runtimePlatform: { cpuArchitecture: CpuArchitecture.ARM64, operatingSystemFamily: OperatingSystemFamily.LINUX },
  });
  task.addContainer('Service', {
    image: ContainerImage.fromRegistry(IMAGE),
    environment,
    portMappings: [{ containerPort: 8080 }],
    readonlyRootFilesystem: true,
    stopTimeout: Duration.seconds(numbers('stopTimeoutSeconds')),
    logging: logsTo(logGroup, 'service'),
  });
  return task;
}

function makeDashboard(scope: Construct, alarms: IAlarm[], graphs: [string, string, IMetric[]][]): void {
  const widgets = graphs.map(
    ([title, label, left]) =>
      new GraphWidget({ title, width: 6, height: 5, left, leftYAxis: { min: 0, label, showUnits: false } }),
  );
  new Dashboard(new Construct(scope, 'Dashboards'), 'Dashboard', {
    dashboardName: `${Aws.STACK_NAME}-${Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' })}`,
    start: '-PT8H',
    periodOverride: PeriodOverride.INHERIT,
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 3 })],
      [new Column(new TextWidget({ markdown: `### ${scope.node.id}`, width: 24, height: 1 }), new Row(...widgets))],
    ],
  });
}

export const services = { ours, byHand, known };
