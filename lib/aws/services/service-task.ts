/** The task of a bounded service: the program, and the agent of Target Optimizer in front of it. */
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import {
  type ContainerDefinition,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LogDrivers,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { ServicePlan } from '../../flow/services/workload';
import {
  AGENT_CONTROL_PORT,
  AGENT_DATA_PORT,
  type BoundedServiceProps,
  DEFAULT_CPU,
  DEFAULT_MEMORY_MIB,
} from './bounded-service-props';

const AGENT_IMAGE = 'public.ecr.aws/aws-elb/target-optimizer/target-control-agent:latest';

/** What was made. */
export interface ServiceTask {
  readonly taskDefinition: FargateTaskDefinition;
  readonly container: ContainerDefinition;
  readonly agent?: ContainerDefinition;
  readonly logGroup: LogGroup;
}

/** The task definition. */
export function createServiceTask(
  scope: Construct,
  props: BoundedServiceProps,
  plan: ServicePlan,
  bounds: Readonly<Record<string, string>>,
  optimized: boolean,
): ServiceTask {
  const { port = 8080 } = props;
  const logGroup = new LogGroup(scope, 'Logs', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const taskDefinition = new FargateTaskDefinition(scope, 'Task', {
    cpu: props.cpu ?? DEFAULT_CPU,
    memoryLimitMiB: props.memoryLimitMiB ?? DEFAULT_MEMORY_MIB,
    runtimePlatform: {
      cpuArchitecture: props.architecture ?? CpuArchitecture.ARM64,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
  });
  const stopTimeout = Duration.seconds(plan.value('stopTimeoutSeconds'));
  const container = taskDefinition.addContainer('Service', {
    image: props.image,
    command: props.command,
    environment: { ...bounds, ...props.environment },
    secrets: props.secrets,
    portMappings: [{ containerPort: port }],
    readonlyRootFilesystem: true,
    stopTimeout,
    logging: LogDrivers.awsLogs({ logGroup, streamPrefix: 'service' }),
  });
  if (Object.keys(props.environment ?? {}).length === 0) {
    Validations.of(taskDefinition).acknowledge({
      id: 'AwsSolutions-ECS2',
      reason: 'The variables are numbers of the plan and ports; secrets come through `secrets`.',
    });
  }
  if (!optimized) return { taskDefinition, container, logGroup };
  const agent = taskDefinition.addContainer('Agent', {
    image: props.agentImage ?? ContainerImage.fromRegistry(AGENT_IMAGE),
    environment: {
      TARGET_CONTROL_DATA_ADDRESS: `0.0.0.0:${AGENT_DATA_PORT}`,
      TARGET_CONTROL_CONTROL_ADDRESS: `0.0.0.0:${AGENT_CONTROL_PORT}`,
      TARGET_CONTROL_DESTINATION_ADDRESS: `127.0.0.1:${port}`,
      // Without it the agent passes one request at a time.
      TARGET_CONTROL_MAX_CONCURRENCY: String(plan.value('concurrencyLimit')),
    },
    portMappings: [{ containerPort: AGENT_DATA_PORT }, { containerPort: AGENT_CONTROL_PORT }],
    readonlyRootFilesystem: true,
    stopTimeout,
    logging: LogDrivers.awsLogs({ logGroup, streamPrefix: 'agent' }),
  });
  return { taskDefinition, container, agent, logGroup };
}
