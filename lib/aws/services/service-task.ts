/** The task of a bounded service: the program, and the agent of Target Optimizer in front of it. */
import { Annotations, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import {
  type CfnTaskDefinition,
  type ContainerDefinition,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  OperatingSystemFamily,
  type TaskDefinition,
} from 'aws-cdk-lib/aws-ecs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { ServicePlan } from '../../flow/services/workload';
import { taskLogs } from '../task-logs';
import {
  AGENT_CONTROL_PORT,
  AGENT_DATA_PORT,
  type BoundedServiceProps,
  DEFAULT_CPU,
  DEFAULT_MEMORY_MIB,
} from './bounded-service-props';

/** The one tag that AWS names. Source: Elastic Load Balancing, Register targets, Target optimizer. */
const AGENT_IMAGE = 'public.ecr.aws/aws-elb/target-optimizer/target-control-agent:latest';

/** What was made, or is there already. */
export interface ServiceTask {
  readonly taskDefinition: TaskDefinition;
  readonly container: ContainerDefinition;
  readonly agent?: ContainerDefinition;
  /** Undefined where nothing is made that writes. */
  readonly logGroup?: LogGroup;
}

/** The task definition, made here or given. */
export function createServiceTask(
  scope: Construct,
  props: BoundedServiceProps,
  plan: ServicePlan,
  bounds: Readonly<Record<string, string>>,
  optimized: boolean,
): ServiceTask {
  const given = props.taskDefinition ?? props.service?.taskDefinition;
  const logGroup =
    given === undefined || optimized
      ? new LogGroup(scope, 'Logs', { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY })
      : undefined;
  const taskDefinition = given ?? createTaskDefinition(scope, props);
  const container =
    given === undefined
      ? addProgram(taskDefinition, props, plan, bounds, logGroup!)
      : adopt(given, given.defaultContainer!, plan, bounds);
  if (optimized && props.agentImage === undefined) {
    Annotations.of(scope).addWarningV2(
      'Backpressure::agent-image',
      `the agent of Target Optimizer is ${AGENT_IMAGE}, the only tag that AWS names: a task that is replaced may get another agent than those beside it. Give agentImage by its digest, best from a registry of your own, or acknowledge this warning`,
    );
  }
  const agent = optimized ? addAgent(taskDefinition, props, plan, logGroup!) : undefined;
  return { taskDefinition, container, agent, logGroup };
}

function createTaskDefinition(scope: Construct, props: BoundedServiceProps): FargateTaskDefinition {
  return new FargateTaskDefinition(scope, 'Task', {
    cpu: props.cpu ?? DEFAULT_CPU,
    memoryLimitMiB: props.memoryLimitMiB ?? DEFAULT_MEMORY_MIB,
    runtimePlatform: {
      cpuArchitecture: props.architecture ?? CpuArchitecture.ARM64,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
  });
}

function addProgram(
  taskDefinition: TaskDefinition,
  props: BoundedServiceProps,
  plan: ServicePlan,
  bounds: Readonly<Record<string, string>>,
  logGroup: LogGroup,
): ContainerDefinition {
  const { port = 8080 } = props;
  if (Object.keys(props.environment ?? {}).length === 0) {
    Validations.of(taskDefinition).acknowledge({
      id: 'AwsSolutions-ECS2',
      reason: 'The variables are numbers of the plan and ports; secrets come through `secrets`.',
    });
  }
  return taskDefinition.addContainer('Service', {
    image: props.image!,
    command: props.command,
    environment: { ...bounds, ...props.environment },
    secrets: props.secrets,
    portMappings: [{ containerPort: port }],
    readonlyRootFilesystem: true,
    stopTimeout: stopTimeout(plan),
    logging: taskLogs(logGroup, 'service'),
  });
}

/** Gives a program that is there already its bounds, and the time to answer what it has accepted. */
function adopt(
  taskDefinition: TaskDefinition,
  container: ContainerDefinition,
  plan: ServicePlan,
  bounds: Readonly<Record<string, string>>,
): ContainerDefinition {
  for (const [name, text] of Object.entries(bounds)) container.addEnvironment(name, text);
  // The L2 takes it only when a container is made. They are rendered in the order in which they were added.
  const containers = taskDefinition.node.children.filter((child) => 'essential' in child && 'containerName' in child);
  const index = containers.indexOf(container);
  const resource = taskDefinition.node.defaultChild as CfnTaskDefinition;
  resource.addPropertyOverride(`ContainerDefinitions.${index}.StopTimeout`, plan.value('stopTimeoutSeconds'));
  return container;
}

function addAgent(
  taskDefinition: TaskDefinition,
  { port = 8080, agentImage }: BoundedServiceProps,
  plan: ServicePlan,
  logGroup: LogGroup,
): ContainerDefinition {
  return taskDefinition.addContainer('Agent', {
    image: agentImage ?? ContainerImage.fromRegistry(AGENT_IMAGE),
    environment: {
      TARGET_CONTROL_DATA_ADDRESS: `0.0.0.0:${AGENT_DATA_PORT}`,
      TARGET_CONTROL_CONTROL_ADDRESS: `0.0.0.0:${AGENT_CONTROL_PORT}`,
      TARGET_CONTROL_DESTINATION_ADDRESS: `127.0.0.1:${port}`,
      // Without it the agent passes one request at a time.
      TARGET_CONTROL_MAX_CONCURRENCY: String(plan.value('concurrencyLimit')),
    },
    portMappings: [{ containerPort: AGENT_DATA_PORT }, { containerPort: AGENT_CONTROL_PORT }],
    readonlyRootFilesystem: true,
    stopTimeout: stopTimeout(plan),
    logging: taskLogs(logGroup, 'agent'),
  });
}

function stopTimeout(plan: ServicePlan): Duration {
  return Duration.seconds(plan.value('stopTimeoutSeconds'));
}
