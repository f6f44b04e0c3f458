/** The containers of a task with a JVM: its own, one that opens the folders, and one that reads the log. */
import { Duration, Size, Validations } from 'aws-cdk-lib';
import {
  type ContainerDefinition,
  ContainerDependencyCondition,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  type LogDriver,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { JVM_LOG_FOLDER } from '../../flow/jvm/knobs';
import type { JvmPlan } from '../../flow/jvm/workload';
import { inlineProgram } from '../inline-program';
import { taskLogs } from '../task-logs';
import { givenTask } from './jvm-checks';
import type { JvmServiceProps } from './jvm-service-props';

/** The stock image as Amazon ECR Public has it; its version is that of `lib/k8s/images.json`. */
export const EXPORTER_IMAGE = 'public.ecr.aws/docker/library/node:24.21.0-alpine3.24';
const DEFAULT_PORT = 8080;
/** The launcher `java` reads it, and no tool that runs beside it in the task. */
const VARIABLE = 'JDK_JAVA_OPTIONS';
const LOG_VOLUME = 'gc-log';
const TEMPORARY = { volume: 'tmp', folder: '/tmp' };
/** The user `node` of the image. */
const EXPORTER_USER = '1000';

/** What was added to the task of a JVM. */
export interface JvmContainers {
  readonly container: ContainerDefinition;
  readonly folders: ContainerDefinition;
  readonly exporter: ContainerDefinition;
}

/** Where a container's output goes. */
export interface JvmOutput {
  readonly logGroup: ILogGroup;
  /** The dimension of the exporter's metrics. */
  readonly service: string;
}

/** The task with the container of the JVM. */
export function createJvmTask(
  scope: Construct,
  props: JvmServiceProps,
  plan: JvmPlan,
  { logGroup }: JvmOutput,
): FargateTaskDefinition {
  const task = new FargateTaskDefinition(scope, 'Task', {
    cpu: plan.value('taskCpuUnits'),
    memoryLimitMiB: mebibytes(plan, 'taskMemoryBytes'),
    runtimePlatform: {
      cpuArchitecture: props.architecture ?? CpuArchitecture.ARM64,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
  });
  const container = task.addContainer('Jvm', {
    // Checked before: without a task definition there is an image.
    image: props.image!,
    command: props.command,
    environment: props.environment,
    secrets: props.secrets,
    healthCheck: props.healthCheck,
    portMappings: [{ containerPort: props.port ?? DEFAULT_PORT }],
    memoryLimitMiB: mebibytes(plan, 'jvmMemoryBytes'),
    readonlyRootFilesystem: true,
    stopTimeout: Duration.seconds(plan.value('stopTimeoutSeconds')),
    logging: logsOf(logGroup, 'jvm'),
  });
  // Programs expect it to be writable.
  task.addVolume({ name: TEMPORARY.volume });
  container.addMountPoints({ sourceVolume: TEMPORARY.volume, containerPath: TEMPORARY.folder, readOnly: false });
  if (Object.keys(props.environment ?? {}).length === 0) {
    Validations.of(task).acknowledge({
      id: 'AwsSolutions-ECS2',
      reason: 'The variables are flags of the JVM and numbers of the exporter; secrets come through `secrets`.',
    });
  }
  return task;
}

/** Gives the JVM its flags and its folders, and a task its exporter. */
export function addJvmContainers(
  task: FargateTaskDefinition,
  props: JvmServiceProps,
  plan: JvmPlan,
  output: JvmOutput,
): JvmContainers {
  // A given one was checked to have it, and ours gets it.
  const container = task.defaultContainer!;
  container.addEnvironment(VARIABLE, plan.flags.join(' '));
  task.addVolume({ name: LOG_VOLUME });
  container.addMountPoints({ sourceVolume: LOG_VOLUME, containerPath: JVM_LOG_FOLDER, readOnly: false });
  const folders = addFolders(task, props, output);
  container.addContainerDependencies({ container: folders, condition: ContainerDependencyCondition.SUCCESS });
  return { container, folders, exporter: addExporter(task, props, plan, output) };
}

/** A volume of Fargate belongs to root, so that a JVM of another user could write no log, and would not start. */
function addFolders(task: FargateTaskDefinition, props: JvmServiceProps, { logGroup }: JvmOutput): ContainerDefinition {
  const own = givenTask(props) === undefined ? [LOG_VOLUME, TEMPORARY.volume] : [LOG_VOLUME];
  const mounted = task.defaultContainer!.mountPoints.filter(({ sourceVolume }) => own.includes(sourceVolume));
  const paths = JSON.stringify(mounted.map(({ containerPath }) => containerPath)).replaceAll('"', "'");
  const folders = task.addContainer('Folders', {
    containerName: 'gc-folders',
    image: exporterImage(props),
    entryPoint: ['node'],
    // As /tmp is: everybody may write, and nobody removes what is another's.
    command: ['-e', `for (const path of ${paths}) require('node:fs').chmodSync(path, 0o1777)`],
    essential: false,
    user: '0',
    readonlyRootFilesystem: true,
    logging: logsOf(logGroup, 'gc-folders'),
  });
  folders.addMountPoints(...mounted);
  return folders;
}

function addExporter(
  task: FargateTaskDefinition,
  props: JvmServiceProps,
  plan: JvmPlan,
  { logGroup, service }: JvmOutput,
): ContainerDefinition {
  const exporter = task.addContainer('Exporter', {
    containerName: 'gc-exporter',
    image: exporterImage(props),
    entryPoint: ['node'],
    command: inlineProgram('gc-exporter'),
    environment: {
      GC_LOG: `${JVM_LOG_FOLDER}/gc.log`,
      ALARM_PAUSE_SECONDS: String(plan.value('alarmPauseSeconds')),
      COLLECTOR: plan.collector,
      METRIC_SECONDS: String(plan.value('metricSeconds')),
      SERVICE: service,
      NODE_OPTIONS: '--max-old-space-size=32',
    },
    // A service whose numbers are missing goes on.
    essential: false,
    enableRestartPolicy: true,
    memoryLimitMiB: mebibytes(plan, 'exporterMemoryBytes'),
    user: EXPORTER_USER,
    readonlyRootFilesystem: true,
    logging: logsOf(logGroup, 'gc-exporter'),
  });
  exporter.addMountPoints({ sourceVolume: LOG_VOLUME, containerPath: JVM_LOG_FOLDER, readOnly: true });
  return exporter;
}

function exporterImage({ exporterImage: given }: JvmServiceProps): ContainerImage {
  return given ?? ContainerImage.fromRegistry(EXPORTER_IMAGE);
}

function logsOf(logGroup: ILogGroup, streamPrefix: string): LogDriver {
  return taskLogs(logGroup, streamPrefix);
}

function mebibytes(plan: JvmPlan, knob: string): number {
  return Size.bytes(plan.value(knob)).toMebibytes();
}
