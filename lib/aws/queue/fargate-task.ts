/** The task and the service of a Fargate worker: made here, or given. */
import { Duration, RemovalPolicy, Token, Validations } from 'aws-cdk-lib';
import {
  CfnService,
  type ContainerDefinition,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  LogDrivers,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type Check, validate } from '../../flow/errors';
import type { QueuePlan } from '../../flow/queue/workload';
import { describeGroups } from '../security-groups';
import { type FargateWorkerProps, givenTask } from './fargate-props';
import { DEFAULT_CPU, DEFAULT_MEMORY_MIB } from './fargate-size';
import type { WorkerContext } from './worker-compute';

/** What runs the worker. */
export interface FargateParts {
  readonly service: FargateService;
  readonly taskDefinition: FargateTaskDefinition;
  readonly container: ContainerDefinition;
}

/** Seconds that ECS waits for a container to stop, unless it is told. Source: Amazon ECS, Task definition parameters. */
const DEFAULT_STOP_SECONDS = 30;

/** Makes what was not given, and tells the container its queue. */
export function createFargateParts(context: WorkerContext, props: FargateWorkerProps, plan: QueuePlan): FargateParts {
  const { scope, subject, queue } = context;
  const given = givenTask(props);
  if (given !== undefined) validate(subject, givenPartsChecks(given, props.service, plan));
  const taskDefinition = given ?? createTask(scope, props, plan);
  // A given one was checked to have it, and ours gets it.
  const container = taskDefinition.defaultContainer!;
  container.addEnvironment('QUEUE_URL', queue.queueUrl);
  container.addEnvironment('SLOTS', String(plan.value('slotsPerInstance')));
  queue.grantConsumeMessages(taskDefinition.taskRole);
  return { service: props.service ?? createService(scope, props, taskDefinition), taskDefinition, container };
}

/** What a given task and service must have, so that the plan is true of them. */
function givenPartsChecks(task: FargateTaskDefinition, service: FargateService | undefined, plan: QueuePlan): Check[] {
  const container = task.defaultContainer;
  const needed = plan.value('stopTimeoutSeconds');
  const stop = container?.renderContainerDefinition().stopTimeout ?? DEFAULT_STOP_SECONDS;
  const resource = service?.node.defaultChild;
  const desired = resource instanceof CfnService ? resource.desiredCount : undefined;
  return [
    {
      refused: container === undefined,
      message: `the task definition ${task.node.path} has no container; add the worker's container before it is given`,
    },
    {
      refused: !Token.isUnresolved(stop) && stop < needed,
      message: `stopTimeout of the container ${container?.containerName} must be at least ${needed} s, so that a stopped task finishes what it has, got ${stop} s`,
    },
    {
      refused: desired !== undefined,
      message: `desiredCount of the service ${service?.node.path} must be left out, got ${desired}: every deployment would set it, whatever the scaling has found`,
    },
  ];
}

function createTask(scope: Construct, props: FargateWorkerProps, plan: QueuePlan): FargateTaskDefinition {
  const task = new FargateTaskDefinition(scope, 'Task', {
    cpu: props.cpu ?? DEFAULT_CPU,
    memoryLimitMiB: props.memoryLimitMiB ?? DEFAULT_MEMORY_MIB,
    ephemeralStorageGiB: props.ephemeralStorageGiB,
    taskRole: props.taskRole,
    executionRole: props.executionRole,
    runtimePlatform: {
      cpuArchitecture: props.architecture ?? CpuArchitecture.ARM64,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
  });
  task.addContainer('Worker', {
    // Checked before: without a task definition there is an image.
    image: props.image!,
    command: props.command,
    entryPoint: props.entryPoint,
    environment: props.environment,
    secrets: props.secrets,
    healthCheck: props.healthCheck,
    readonlyRootFilesystem: props.readonlyRootFilesystem ?? true,
    stopTimeout: Duration.seconds(plan.value('stopTimeoutSeconds')),
    logging: props.logging ?? LogDrivers.awsLogs({ logGroup: createLogGroup(scope), streamPrefix: 'worker' }),
  });
  if (Object.keys(props.environment ?? {}).length === 0) {
    Validations.of(task).acknowledge({
      id: 'AwsSolutions-ECS2',
      reason: 'The two variables are the URL of the queue and a number; secrets come through `secrets`.',
    });
  }
  return task;
}

function createLogGroup(scope: Construct): LogGroup {
  return new LogGroup(scope, 'Logs', { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
}

function createService(
  scope: Construct,
  props: FargateWorkerProps,
  taskDefinition: FargateTaskDefinition,
): FargateService {
  const service = new FargateService(scope, 'Service', {
    // Checked before: without a service there is a cluster.
    cluster: props.cluster!,
    taskDefinition,
    securityGroups: props.securityGroups,
    vpcSubnets: props.vpcSubnets,
    assignPublicIp: props.assignPublicIp,
    capacityProviderStrategies: props.capacityProviderStrategies,
    enableExecuteCommand: props.enableExecuteCommand,
    minHealthyPercent: 100,
    circuitBreaker: { rollback: true },
  });
  if (props.securityGroups === undefined) describeGroups(service);
  return service;
}
