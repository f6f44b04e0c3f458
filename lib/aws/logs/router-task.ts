import { Duration, Names, Size, Token } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type CfnTaskDefinition,
  ContainerDefinition,
  ContainerDependencyCondition,
  type ContainerImage,
  FirelensLogRouter,
  FirelensLogRouterType,
  type ICluster,
  type TaskDefinition,
} from 'aws-cdk-lib/aws-ecs';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type Check, validate } from '../../flow/errors';
import { alarmOfDisk } from '../../flow/logs/delivery/alarms';
import type { LogDeliveryPlan } from '../../flow/logs/delivery/workload';
import { type AlarmSettings, settingsOfPart } from '../alarm-settings';
import { taskLogs } from '../task-logs';
import { createAlarms } from '../watch';
import type { LogRouter } from './log-router';
import { DISK_ALARM, diskRow } from './log-shipping-alarm-rows';
import { ROUTER_FOLDER, ROUTER_PORT } from './router-config';

const VOLUME = 'log-buffer';
const CONTAINER = 'log-router';
/** The configuration is a variable, because Fargate reads no file from S3; an empty one ends the task. */
const START = `set -eu
: "\${FLUENT_BIT_CONFIG:?}"
printf '%s' "$FLUENT_BIT_CONFIG" > ${ROUTER_FOLDER}/fluent-bit.conf
exec /fluent-bit/bin/fluent-bit -c ${ROUTER_FOLDER}/fluent-bit.conf`;

/** What every router of a shipping shares. */
export interface RouterSettings {
  /** The shipping. */
  readonly scope: Construct;
  readonly plan: LogDeliveryPlan;
  readonly image: ContainerImage;
  /** fluent-bit.conf. */
  readonly config: string;
  readonly streamArn: string;
  readonly logGroup: ILogGroup;
  readonly hostFolder?: string;
  readonly cluster?: ICluster;
  readonly alarmTopic?: ITopic;
  readonly alarms?: AlarmSettings;
}

/** Adds the router, its buffer, its permission and the alarm on the task's disk. */
export function addRouter(taskDefinition: TaskDefinition, settings: RouterSettings): LogRouter {
  const { plan, hostFolder, streamArn } = settings;
  validate(taskDefinition.node.path, routerChecks(taskDefinition, plan, hostFolder));
  const container = addContainer(taskDefinition, settings);
  // Two routers in one folder would send each other's chunks, and delete them.
  const host = hostFolder === undefined ? undefined : { sourcePath: `${hostFolder}/${taskDefinition.family}` };
  taskDefinition.addVolume({ name: VOLUME, host });
  container.addMountPoints({ sourceVolume: VOLUME, containerPath: ROUTER_FOLDER, readOnly: false });
  if (hostFolder === undefined && taskDefinition.ephemeralStorageGiB === undefined) {
    const resource = taskDefinition.node.defaultChild as CfnTaskDefinition;
    resource.ephemeralStorage = { sizeInGiB: plan.value('ephemeralStorageGiB') };
  }
  grantSend(streamArn, taskDefinition.taskRole);
  taskDefinition.node.addValidation({ validate: () => memoryFaults(taskDefinition) });
  return { container, diskAlarm: diskAlarm(taskDefinition, settings) };
}

/** The only call that Fluent Bit makes. */
export function grantSend(streamArn: string, grantee: IGrantable): Grant {
  return Grant.addToPrincipal({ grantee, actions: ['firehose:PutRecordBatch'], resourceArns: [streamArn] });
}

/** ECS starts what depends on the router after it, and stops the router last. */
export function serve(container: ContainerDefinition, { container: router }: LogRouter): void {
  const isServed = container.containerDependencies.some((one) => one.container === router);
  if (!isServed)
    container.addContainerDependencies({ container: router, condition: ContainerDependencyCondition.START });
}

function diskAlarm(taskDefinition: TaskDefinition, settings: RouterSettings): Alarm | undefined {
  const { hostFolder, cluster, alarmTopic, alarms } = settings;
  if (cluster === undefined || hostFolder !== undefined) return undefined;
  const plan = planOfDisk(settings.plan, taskDefinition.ephemeralStorageGiB);
  const rows = [diskRow(cluster.clusterName, taskDefinition.family)];
  // One prefix would give the alarms of two tasks one name.
  const ofDisk = settingsOfPart(alarms && { ...alarms, namePrefix: undefined }, [DISK_ALARM]);
  const scope = new Construct(settings.scope, `Disk-${Names.uniqueResourceName(taskDefinition, { maxLength: 100 })}`);
  return createAlarms(scope, { rows, plan, alarmTopic, alarms: ofDisk }).TaskDisk;
}

/** The plan, with the alarm of the disk that the task definition has. Of a token nothing is known, and the planned one stays. */
function planOfDisk(plan: LogDeliveryPlan, given: number | undefined): LogDeliveryPlan {
  if (given === undefined || Token.isUnresolved(given)) return plan;
  return plan.withKnobs([alarmOfDisk(plan, given)]);
}

function addContainer(taskDefinition: TaskDefinition, settings: RouterSettings): FirelensLogRouter {
  const { plan, image, config, logGroup } = settings;
  const seconds = (knob: string) => Duration.seconds(plan.value(knob));
  return taskDefinition.addFirelensLogRouter('LogRouter', {
    containerName: CONTAINER,
    image,
    firelensConfig: { type: FirelensLogRouterType.FLUENTBIT, options: { enableECSLogMetadata: false } },
    entryPoint: ['/bin/sh', '-c'],
    command: [START],
    environment: { FLUENT_BIT_CONFIG: config },
    // A task without its router would log into nothing.
    essential: true,
    memoryLimitMiB: Size.bytes(plan.value('routerMemoryBytes')).toMebibytes(),
    stopTimeout: seconds('stopTimeoutSeconds'),
    healthCheck: {
      // Whether it answers, not `/api/v1/health`: failed deliveries are no reason to end the task that buffers them.
      command: ['CMD-SHELL', `curl -sf http://127.0.0.1:${ROUTER_PORT}/api/v1/uptime || exit 1`],
      interval: seconds('probePeriodSeconds'),
      timeout: seconds('probeTimeoutSeconds'),
      retries: plan.value('probeFailures'),
      startPeriod: seconds('probeStartSeconds'),
    },
    // Volumes of Fargate belong to root.
    user: '0',
    readonlyRootFilesystem: true,
    // Its own log must not go through itself, nor hold it up.
    logging: taskLogs(logGroup, CONTAINER),
  });
}

function routerChecks(taskDefinition: TaskDefinition, plan: LogDeliveryPlan, hostFolder: string | undefined): Check[] {
  const given = taskDefinition.ephemeralStorageGiB;
  const onHost = hostFolder !== undefined;
  const gib = onHost ? 0 : plan.value('ephemeralStorageGiB');
  return [
    {
      refused: taskDefinition.node.children.some((child) => child instanceof FirelensLogRouter),
      message: 'the task definition has a log router already; leave it out, it is added here',
    },
    {
      refused: !onHost && !taskDefinition.isFargateCompatible,
      message: 'hostFolder is missing: the task definition is not of Fargate, whose tasks have a disk of their own',
    },
    {
      refused: onHost && !taskDefinition.isEc2Compatible,
      message: 'hostFolder must be left out for a task definition of Fargate, which has no folder of a host',
    },
    {
      refused: given !== undefined && !Token.isUnresolved(given) && given < gib,
      message: `ephemeralStorageGiB of the task definition must be at least ${gib}, for the buffer and 20 GiB of programs, got ${given}`,
    },
  ];
}

/**
 * That the limits of all containers are within the task's memory; Amazon ECS refuses others. At synthesis, because containers may
 * come after the router.
 */
function memoryFaults(taskDefinition: TaskDefinition): string[] {
  const most = (taskDefinition as { memoryMiB?: number }).memoryMiB;
  if (typeof most !== 'number' || Token.isUnresolved(most)) return [];
  const limits = taskDefinition.node.children
    .filter((child): child is ContainerDefinition => child instanceof ContainerDefinition)
    .map((container) => container.renderContainerDefinition().memory ?? 0)
    .filter((limit) => !Token.isUnresolved(limit));
  const all = limits.reduce((sum, limit) => sum + limit, 0);
  if (all <= most) return [];
  return [
    `memoryLimitMiB of the task definition must be at least ${all}, with every container and the router, got ${most}`,
  ];
}
