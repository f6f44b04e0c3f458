import { Annotations, Duration, RemovalPolicy, Token, Validations } from 'aws-cdk-lib';
import { CfnScalableTarget, CfnScalingPolicy } from 'aws-cdk-lib/aws-applicationautoscaling';
import { ComparisonOperator, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnSecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  CfnCluster,
  type ContainerImage,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  type ICluster,
  LogDrivers,
  OperatingSystemFamily,
  type Secret,
} from 'aws-cdk-lib/aws-ecs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { fargateHourCost } from '../../flow/compute-cost';
import { type Check, validate } from '../../flow/errors';
import { FLAG, having, type Kinds, mapOf, NUMBER, needed, sound, TEXT } from '../../flow/kinds';
import { PLATFORM_FACTS } from '../../flow/queue/platforms/facts';
import { LONGEST_STOP_SECONDS } from '../../flow/queue/platforms/fargate';
import type { QueueQuestion } from '../../flow/queue/question';
import type { QueuePlan } from '../../flow/queue/workload';
import { groupDescription } from '../descriptions';
import { CLUSTER } from '../kinds';
import { createAlarms } from '../watch';
import { QueuePlatform } from './queue-platform';
import {
  planWorker,
  soundCompute,
  visibilityTimeoutSeconds,
  type WorkerBinding,
  type WorkerContext,
  type WorkerHost,
} from './worker-compute';

/** SQS and Container Insights publish once a minute. */
const METRIC_PERIOD_SECONDS = PLATFORM_FACTS.fargate.pollSeconds;

/**
 * Fargate tasks that poll the queue themselves.
 */
export interface FargateWorkerProps {
  /**
   * Where the tasks run. Container Insights must be on: the number of running tasks comes from there.
   */
  readonly cluster: ICluster;

  /**
   * The image. It reads the queue's URL from `QUEUE_URL` and works on `SLOTS` messages at a time. On SIGTERM it stops
   * receiving and finishes the messages that it has.
   */
  readonly image: ContainerImage;

  /**
   * CPU units of one task, 1,024 a vCPU. 256 to 16,384.
   *
   * @default 256
   */
  readonly cpu?: number;

  /**
   * Memory of one task in MiB. 512 to 122,880.
   *
   * @default 512
   */
  readonly memoryLimitMiB?: number;

  /**
   * Environment of the container, beside `QUEUE_URL` and `SLOTS`. No secrets here.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: string };

  /**
   * Secrets of the container, by the name of the variable.
   *
   * @default - none
   */
  readonly secrets?: { [name: string]: Secret };

  /**
   * Whether the last task stops when the queue is empty. Waking up takes the plan's `wakeUpSeconds`, which must fit
   * the latency; after six idle hours SQS may take up to 15 minutes more to publish its first metric.
   *
   * @default - as the redrive queue is planned; otherwise false
   */
  readonly scaleToZero?: boolean;
}

const KINDS: Kinds<FargateWorkerProps> = {
  cluster: needed(CLUSTER),
  image: needed(having(['bind'], "a ContainerImage: ContainerImage.fromRegistry('shop/worker:1')")),
  cpu: NUMBER,
  memoryLimitMiB: NUMBER,
  environment: mapOf(TEXT),
  secrets: mapOf(having(['grantRead'], 'a Secret of ECS: Secret.fromSecretsManager()')),
  scaleToZero: FLAG,
};

/** What a queue is told of tasks, and which props cannot be used. */
export function fargateHost(given: FargateWorkerProps): WorkerHost {
  const { props, checks } = sound(given, KINDS, 'compute');
  return { queueProps: { platform: QueuePlatform.FARGATE, scaleToZero: props.scaleToZero }, checks };
}

/** Runs tasks and scales them on the backlog per task: (visible + in flight) ÷ running tasks. */
export function bindFargate(context: WorkerContext, given: FargateWorkerProps): WorkerBinding {
  const props = soundCompute(context, given, KINDS);
  const { scope, subject, queue } = context;
  const cpu = props.cpu ?? 256;
  const memoryLimitMiB = props.memoryLimitMiB ?? 512;
  const question = fargateQuestion(context, props, fargateHourCost(cpu, memoryLimitMiB));
  const plan = planWorker(context, question, [...sizeChecks(cpu, memoryLimitMiB), ...contradictions(context, props)]);
  const itemTimeout = plan.value('itemTimeoutSeconds');
  const visibility = visibilityTimeoutSeconds(queue);
  validate(subject, [
    {
      refused: visibility !== undefined && visibility < itemTimeout,
      message: `the queue's visibility timeout must be at least the time of one item, ${itemTimeout} s at its P99.9, got ${visibility} s`,
    },
  ]);
  if (itemTimeout > LONGEST_STOP_SECONDS) {
    Annotations.of(scope).addWarningV2(
      'Backpressure::BP-ECS-002',
      `one item may take ${itemTimeout} s and a stopped task gets ${LONGEST_STOP_SECONDS} s: set task scale-in protection while working, or use AWS Batch`,
    );
  }
  warnWithoutInsights(context, props);

  const logGroup = new LogGroup(scope, 'Logs', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const task = new FargateTaskDefinition(scope, 'Task', {
    cpu,
    memoryLimitMiB,
    runtimePlatform: { cpuArchitecture: CpuArchitecture.ARM64, operatingSystemFamily: OperatingSystemFamily.LINUX },
  });
  task.addContainer('Worker', {
    image: props.image,
    environment: { ...props.environment, QUEUE_URL: queue.queueUrl, SLOTS: String(plan.value('slotsPerInstance')) },
    secrets: props.secrets,
    readonlyRootFilesystem: true,
    stopTimeout: Duration.seconds(plan.value('stopTimeoutSeconds')),
    logging: LogDrivers.awsLogs({ logGroup, streamPrefix: 'worker' }),
  });
  if (Object.keys(props.environment ?? {}).length === 0) {
    Validations.of(task).acknowledge({
      id: 'AwsSolutions-ECS2',
      reason: 'The two variables are the URL of the queue and a number; secrets come through `secrets`.',
    });
  }
  queue.grantConsumeMessages(task.taskRole);
  const service = new FargateService(scope, 'Service', {
    cluster: props.cluster,
    taskDefinition: task,
    minHealthyPercent: 100,
    circuitBreaker: { rollback: true },
  });
  describeGroups(service);
  const running = scaleOnBacklog(context, props, service, plan);
  return { plan, graphs: [{ title: 'Running tasks', metrics: [running] }] };
}

/** The L2 puts the construct path in the group's description. EC2 refuses it when an id is not in Latin script. */
function describeGroups({ connections }: FargateService): void {
  for (const group of connections.securityGroups) {
    const resource = group.node.defaultChild;
    if (resource instanceof CfnSecurityGroup) resource.groupDescription = groupDescription(resource.groupDescription);
  }
}

/** The queue's question where it has one; the task adds only its price. */
function fargateQuestion(
  { question, planned }: WorkerContext,
  props: FargateWorkerProps,
  hourCost: number,
): QueueQuestion {
  const { consumer } = question;
  const priced = { ...question, consumer: { ...consumer, instanceHourCost: consumer?.instanceHourCost ?? hourCost } };
  return planned !== undefined ? priced : { ...priced, platform: 'fargate', scaleToZero: props.scaleToZero };
}

function contradictions({ question, planned }: WorkerContext, { scaleToZero }: FargateWorkerProps): Check[] {
  return [
    {
      refused: planned !== undefined && question.platform !== 'fargate',
      message: `compute must be the platform of the queue's plan, ${question.platform}, got Fargate; give the queue platform QueuePlatform.FARGATE`,
    },
    {
      refused: planned !== undefined && scaleToZero !== undefined && scaleToZero !== (question.scaleToZero ?? false),
      message: `scaleToZero must be that of the queue's plan, ${question.scaleToZero ?? false}, got ${scaleToZero}; give it to the queue`,
    },
  ];
}

/** Fargate developer guide, Task CPU and memory: MiB for each number of CPU units. */
const FARGATE_MEMORY: Readonly<Record<number, { from: number; to: number; step: number; also?: number }>> = {
  256: { from: 1024, to: 2048, step: 1024, also: 512 },
  512: { from: 1024, to: 4096, step: 1024 },
  1024: { from: 2048, to: 8192, step: 1024 },
  2048: { from: 4096, to: 16_384, step: 1024 },
  4096: { from: 8192, to: 30_720, step: 1024 },
  8192: { from: 16_384, to: 61_440, step: 4096 },
  16384: { from: 32_768, to: 122_880, step: 8192 },
};

/** A wrong pair would fail only at deployment, and its price would be that of a size that does not exist. */
function sizeChecks(cpu: number, memoryMiB: number): Check[] {
  const show = (value: number) => (Token.isUnresolved(value) ? 'a token' : String(value));
  const sizes = FARGATE_MEMORY[cpu];
  const known = sizes && !Token.isUnresolved(memoryMiB);
  const fits =
    known &&
    (memoryMiB === sizes.also ||
      (memoryMiB >= sizes.from && memoryMiB <= sizes.to && (memoryMiB - sizes.from) % sizes.step === 0));
  const range =
    sizes && `${sizes.also ? `${sizes.also} or ` : ''}${sizes.from} to ${sizes.to} in steps of ${sizes.step}`;
  return [
    {
      refused: sizes === undefined,
      message: `cpu must be one of ${Object.keys(FARGATE_MEMORY).join(', ')}, got ${show(cpu)}`,
    },
    {
      refused: sizes !== undefined && !fits,
      message: `memoryLimitMiB must be ${range} with cpu ${cpu}, got ${show(memoryMiB)}`,
    },
  ];
}

/** Without the number of running tasks the policy would count the whole backlog as that of one task. */
function warnWithoutInsights({ scope }: WorkerContext, { cluster }: FargateWorkerProps): void {
  const resource = cluster.node.defaultChild;
  if (!(resource instanceof CfnCluster) || Token.isUnresolved(resource.clusterSettings)) return;
  const settings = (resource.clusterSettings ?? []) as CfnCluster.ClusterSettingsProperty[];
  const insights = settings.find((setting) => setting.name === 'containerInsights')?.value ?? 'disabled';
  if (insights !== 'disabled') return;
  Annotations.of(scope).addWarningV2(
    'Backpressure::container-insights',
    `${cluster.node.path} has no Container Insights, from which the number of running tasks comes; give the cluster containerInsightsV2 ENABLED`,
  );
}

/** By L1: the L2 refuses metric math in target tracking (aws-cdk issue 20659). */
function scaleOnBacklog(
  { scope, queue }: WorkerContext,
  props: FargateWorkerProps,
  service: FargateService,
  plan: QueuePlan,
): Metric {
  const period = Duration.seconds(METRIC_PERIOD_SECONDS);
  const visible = queue.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Average' });
  const inFlight = queue.metricApproximateNumberOfMessagesNotVisible({ period, statistic: 'Average' });
  const running = new Metric({
    namespace: 'ECS/ContainerInsights',
    metricName: 'RunningTaskCount',
    dimensionsMap: { ClusterName: props.cluster.clusterName, ServiceName: service.serviceName },
    period,
    statistic: 'Average',
  });
  const target = new CfnScalableTarget(scope, 'ScalableTarget', {
    serviceNamespace: 'ecs',
    scalableDimension: 'ecs:service:DesiredCount',
    resourceId: `service/${props.cluster.clusterName}/${service.serviceName}`,
    minCapacity: plan.value('minInstances'),
    maxCapacity: plan.value('maxInstances'),
  });
  const policy = { serviceNamespace: 'ecs', scalingTargetId: target.ref };
  new CfnScalingPolicy(scope, 'BacklogPerTask', {
    policyName: 'backlog-per-task',
    policyType: 'TargetTrackingScaling',
    ...policy,
    targetTrackingScalingPolicyConfiguration: {
      targetValue: plan.value('backlogPerInstance'),
      scaleOutCooldown: plan.value('scaleOutCooldownSeconds'),
      scaleInCooldown: plan.value('scaleInCooldownSeconds'),
      customizedMetricSpecification: {
        metrics: [
          metricData('visible', visible),
          metricData('inFlight', inFlight),
          metricData('running', running),
          {
            id: 'backlogPerTask',
            label: 'Backlog per task',
            // In-flight messages count, or the scaler stops tasks that are working (keda issue 1663).
            expression: '(visible + inFlight) / FILL(running, 1)',
            returnData: true,
          },
        ],
      },
    },
  });
  if (plan.value('minInstances') > 0) return running;
  const wakeUp = new CfnScalingPolicy(scope, 'WakeUp', {
    policyName: 'wake-up',
    policyType: 'StepScaling',
    ...policy,
    stepScalingPolicyConfiguration: {
      // Not ExactCapacity: the alarm outlasts the start, and would remove tasks that target tracking added meanwhile.
      adjustmentType: 'ChangeInCapacity',
      cooldown: plan.value('wakeUpSeconds'),
      metricAggregationType: 'Maximum',
      stepAdjustments: [{ metricIntervalLowerBound: 0, scalingAdjustment: 1 }],
    },
  });
  const { WorkWhileAsleep: asleep } = createAlarms(scope, {
    plan,
    rows: [
      {
        id: 'WorkWhileAsleep',
        metric: (period) =>
          new MathExpression({
            expression: 'IF(visible > 0 AND FILL(running, 0) < 1, 1, 0)',
            usingMetrics: { visible, running },
            period,
          }),
        threshold: 'alarmAsleep',
        seconds: 'metricPeriodSeconds',
        comparison: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        text: 'Messages wait and no task runs. This alarm starts the first task; no action is needed.',
      },
    ],
  });
  asleep.addAlarmAction({ bind: () => ({ alarmActionArn: wakeUp.ref }) });
  return running;
}

function metricData(id: string, metric: Metric): CfnScalingPolicy.TargetTrackingMetricDataQueryProperty {
  const { namespace, metricName, dimensions, statistic } = metric;
  const pairs = Object.entries(dimensions ?? {}).map(([name, value]) => ({ name, value: String(value) }));
  return {
    id,
    metricStat: { metric: { namespace, metricName, dimensions: pairs }, stat: statistic },
    returnData: false,
  };
}
