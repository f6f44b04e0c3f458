/** The guard as a service of one task on Fargate. */
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  ContainerImage,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  OperatingSystemFamily,
  Secret as TaskSecret,
} from 'aws-cdk-lib/aws-ecs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { guardSettings } from '../../flow/replication/settings';
import type { ReplicationPlan } from '../../flow/replication/workload';
import { writersOf } from '../../runtime/replica-guard/items';
import { bundleFolder } from '../runtime-function';
import { taskLogs } from '../task-logs';
import { grantItems } from './item-grants';
import { DEFAULT_SCHEMA, type ReplicaLagGuardProps } from './replica-lag-guard-props';

/** Port on which the guard answers writers. */
export const PORT = 8080;
const BUNDLE = 'replica-guard-dynamodb';
/** The smallest task: two queries a second and a heartbeat need a hundredth of it. */
const CPU = 256;
const MEMORY_MIB = 512;

/** What the service is made of, beside the props. */
export interface GuardParts {
  readonly plan: ReplicationPlan;
  readonly table: ITable;
  readonly guardName: string;
  readonly securityGroup: SecurityGroup;
}

/** Makes task and service. */
export function createGuardService(scope: Construct, props: ReplicaLagGuardProps, parts: GuardParts) {
  const taskDefinition = createTask(scope, props, parts);
  const { table, guardName } = parts;
  grantItems(table, taskDefinition.taskRole, ['dynamodb:PutItem'], guardName);
  grantItems(table, taskDefinition.taskRole, ['dynamodb:Query'], writersOf(guardName));
  table.encryptionKey?.grantEncryptDecrypt(taskDefinition.taskRole);
  const service = new FargateService(scope, 'Service', {
    cluster: props.cluster,
    taskDefinition,
    securityGroups: [parts.securityGroup],
    vpcSubnets: props.vpcSubnets,
    desiredCount: parts.plan.value('guards'),
    // Two guards at once would both cut: the old one ends before the new one begins.
    minHealthyPercent: 0,
    maxHealthyPercent: 100,
    circuitBreaker: { rollback: true },
  });
  return { taskDefinition, service, logGroup: scope.node.findChild('Logs') as LogGroup };
}

function createTask(scope: Construct, props: ReplicaLagGuardProps, parts: GuardParts): FargateTaskDefinition {
  const task = new FargateTaskDefinition(scope, 'Task', {
    cpu: CPU,
    memoryLimitMiB: MEMORY_MIB,
    runtimePlatform: {
      cpuArchitecture: CpuArchitecture.ARM64,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
  });
  const logGroup = new LogGroup(scope, 'Logs', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const seconds = (knob: string) => Duration.seconds(parts.plan.value(knob));
  task.addContainer('Guard', {
    image: props.image ?? shippedImage(),
    environment: environmentOf(scope, props, parts),
    secrets: {
      DB_USER: TaskSecret.fromSecretsManager(props.secret, 'username'),
      DB_PASSWORD: TaskSecret.fromSecretsManager(props.secret, 'password'),
    },
    readonlyRootFilesystem: true,
    stopTimeout: seconds('stopTimeoutSeconds'),
    healthCheck: {
      command: ['CMD-SHELL', `wget -qO- http://127.0.0.1:${PORT}/healthz || exit 1`],
      interval: seconds('probePeriodSeconds'),
      timeout: seconds('probeTimeoutSeconds'),
      retries: parts.plan.value('livenessProbeFailures'),
    },
    portMappings: [{ containerPort: PORT }],
    logging: taskLogs(logGroup, 'guard'),
  });
  Validations.of(task).acknowledge({
    id: 'AwsSolutions-ECS2',
    reason: 'The variables are numbers and addresses; user and password come from Secrets Manager.',
  });
  return task;
}

/** One file on a Node image. The bundle beside the compressed one is not in the package. */
function shippedImage(): ContainerImage {
  return ContainerImage.fromAsset(bundleFolder(BUNDLE), { platform: Platform.LINUX_ARM64, exclude: ['index.js'] });
}

/** What the program reads: `lib/runtime/replica-guard/environment.ts`. */
function environmentOf(
  scope: Construct,
  props: ReplicaLagGuardProps,
  { plan, table, guardName }: GuardParts,
): Record<string, string> {
  const value = (knob: string) => String(plan.value(knob));
  const json = (data: unknown) => Stack.of(scope).toJsonString(data);
  const address = ({ _binding: { name, host, port } }: ReplicaLagGuardProps['source']) => ({ name, host, port });
  return {
    GUARD: guardName,
    TABLE: table.tableName,
    SETTINGS: JSON.stringify(guardSettings(plan)),
    SOURCE: json(address(props.source)),
    REPLICAS: json(props.replicas.map(address)),
    DB_SCHEMA: props.schema ?? DEFAULT_SCHEMA,
    DB_TRUST: 'rds',
    ...(props.verifyIdentity === false && { DB_VERIFY_IDENTITY: 'false' }),
    HEARTBEAT_SECONDS: value('heartbeatSeconds'),
    TICK_SECONDS: value('tickSeconds'),
    READ_TIMEOUT_SECONDS: value('readTimeoutSeconds'),
    WRITER_FORGOTTEN_SECONDS: value('writerForgottenSeconds'),
    STALLED_SECONDS: value('stalledSeconds'),
    PORT: String(PORT),
  };
}
