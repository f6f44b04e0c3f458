/** A task of Fargate that works on something: one container without a port, with time to finish when it is stopped. */
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import {
  type ContainerDefinition,
  type ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  type HealthCheck,
  type LogDriver,
  OperatingSystemFamily,
  type Secret,
} from 'aws-cdk-lib/aws-ecs';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { DEFAULT_CPU, DEFAULT_MEMORY_MIB } from './fargate-size';
import { taskLogs } from './task-logs';

/** Settings of a task that is made. */
export interface TaskSettings {
  readonly image: ContainerImage;
  readonly cpu?: number;
  readonly memoryLimitMiB?: number;
  readonly ephemeralStorageGiB?: number;
  readonly architecture?: CpuArchitecture;
  readonly command?: string[];
  readonly entryPoint?: string[];
  readonly environment?: { [name: string]: string };
  readonly secrets?: { [name: string]: Secret };
  readonly healthCheck?: HealthCheck;
  readonly readonlyRootFilesystem?: boolean;
  readonly logging?: LogDriver;
  readonly taskRole?: IRole;
  readonly executionRole?: IRole;
}

/** What of a task is this library's. */
export interface TaskWork {
  /** Construct id and name of the container. */
  readonly container: string;
  /** Seconds that it has to finish what it works on. */
  readonly stopTimeoutSeconds: number;
  /** What the variables are that the library adds, in a sentence: why none of them is a secret. */
  readonly variables: string;
}

/** Makes the task, with a log group of a month unless it logs elsewhere. */
export function createTask(scope: Construct, settings: TaskSettings, work: TaskWork): FargateTaskDefinition {
  const task = new FargateTaskDefinition(scope, 'Task', {
    cpu: settings.cpu ?? DEFAULT_CPU,
    memoryLimitMiB: settings.memoryLimitMiB ?? DEFAULT_MEMORY_MIB,
    ephemeralStorageGiB: settings.ephemeralStorageGiB,
    taskRole: settings.taskRole,
    executionRole: settings.executionRole,
    runtimePlatform: {
      cpuArchitecture: settings.architecture ?? CpuArchitecture.ARM64,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
  });
  task.addContainer(work.container, {
    image: settings.image,
    command: settings.command,
    entryPoint: settings.entryPoint,
    environment: settings.environment,
    secrets: settings.secrets,
    healthCheck: settings.healthCheck,
    readonlyRootFilesystem: settings.readonlyRootFilesystem ?? true,
    stopTimeout: Duration.seconds(work.stopTimeoutSeconds),
    logging: settings.logging ?? taskLogs(createTaskLogs(scope), work.container.toLowerCase()),
  });
  if (Object.keys(settings.environment ?? {}).length === 0) {
    Validations.of(task).acknowledge({ id: 'AwsSolutions-ECS2', reason: work.variables });
  }
  return task;
}

/** Its id. */
export const TASK_LOGS = 'Logs';

/** The log group of a task, for a month. */
export function createTaskLogs(scope: Construct): LogGroup {
  return new LogGroup(scope, TASK_LOGS, { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
}

/** Seconds that ECS waits for a container to stop, unless it is told. Source: Amazon ECS, Task definition parameters. */
const DEFAULT_STOP_SECONDS = 30;

/** Seconds that a container has to finish what it works on. */
export function stopSeconds(container: ContainerDefinition | undefined): number {
  return container?.renderContainerDefinition().stopTimeout ?? DEFAULT_STOP_SECONDS;
}
