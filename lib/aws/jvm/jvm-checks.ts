/** What the props of a JVM on Fargate have to be, and the question that they ask. */
import { type Size, Token } from 'aws-cdk-lib';
import { ContainerDefinition, type FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { Check } from '../../flow/errors';
import { commandFlagChecks } from '../../flow/jvm/checks';
import { JVM_LOG_FOLDER } from '../../flow/jvm/knobs';
import type { JvmQuestion } from '../../flow/jvm/workload';
import { CHECKED, FLAG, having, type Kinds, listOf, mapOf, OBJECT, TEXT } from '../../flow/kinds';
import { ALARM_SETTINGS } from '../alarm-settings';
import { CLUSTER, DURATION, LOG_GROUP, SECURITY_GROUP, SIZE, TOPIC, VPC } from '../kinds';
import { knownNumber } from '../tokens';
import type { JvmServiceProps } from './jvm-service-props';

/** What each prop has to be. */
export const JVM_KINDS: Kinds<JvmServiceProps> = {
  workload: CHECKED,
  objective: CHECKED,
  jdk: CHECKED,
  cluster: CLUSTER,
  vpc: VPC,
  image: having(['bind'], "a ContainerImage: ContainerImage.fromRegistry('shop/api:1')"),
  taskDefinition: having(['taskDefinitionArn', 'addContainer'], 'a FargateTaskDefinition of this app'),
  service: having(['serviceName', 'taskDefinition'], 'a FargateService of this app'),
  exporterImage: having(['bind'], "a ContainerImage: ContainerImage.fromRegistry('shop/node:24')"),
  command: listOf(TEXT),
  environment: mapOf(TEXT),
  secrets: mapOf(having(['grantRead'], 'a Secret of ECS: Secret.fromSecretsManager()')),
  port: CHECKED,
  healthCheck: OBJECT,
  architecture: having(['_cpuArchitecture'], 'a CpuArchitecture: CpuArchitecture.X86_64'),
  securityGroups: listOf(SECURITY_GROUP),
  vpcSubnets: OBJECT,
  replicas: CHECKED,
  logGroup: LOG_GROUP,
  collector: CHECKED,
  cpu: CHECKED,
  cycle: DURATION,
  heap: SIZE,
  metaspace: SIZE,
  codeCache: SIZE,
  spikeTolerance: CHECKED,
  flightRecorder: FLAG,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

/** The task definition that there is already, by itself or with its service. */
export function givenTask({ taskDefinition, service }: JvmServiceProps): FargateTaskDefinition | undefined {
  return taskDefinition ?? (service?.taskDefinition as FargateTaskDefinition | undefined);
}

const CPU_UNITS = 1024;
const MIB = 2 ** 20;

/** The question; a task that is given already has its processors and its memory. */
export function jvmQuestion(props: JvmServiceProps): JvmQuestion {
  const { workload, objective, jdk, collector, cpu, cycle, heap, metaspace, codeCache } = props;
  const { spikeTolerance, flightRecorder } = props;
  const given = givenTask(props);
  const units = known(given?.cpu);
  const mebibytes = known(given?.memoryMiB);
  return {
    workload,
    objective,
    jdk,
    collector,
    cpu: units === undefined ? cpu : units / CPU_UNITS,
    cycleSeconds: cycle === undefined || cycle.isUnresolved() ? undefined : cycle.toSeconds({ integral: false }),
    heapBytes: bytesOf(heap),
    metaspaceBytes: bytesOf(metaspace),
    codeCacheBytes: bytesOf(codeCache),
    spikeTolerance,
    flightRecorder,
    platform: 'fargate',
    taskMemoryBytes: mebibytes === undefined ? undefined : mebibytes * MIB,
  };
}

/** The number if it is known at synthesis. */
function known(value: number | undefined): number | undefined {
  return Token.isUnresolved(value) ? undefined : value;
}

function bytesOf(size: Size | undefined): number | undefined {
  return size === undefined || size.isUnresolved() ? undefined : size.toBytes();
}

/** Variables by which a JVM gets flags; two sources of one flag hide which of them counts. */
const FLAG_VARIABLES = ['JDK_JAVA_OPTIONS', 'JAVA_TOOL_OPTIONS', '_JAVA_OPTIONS'];

/** Props that make a task definition. */
const OF_TASK = ['image', 'command', 'environment', 'secrets', 'port', 'healthCheck', 'architecture', 'cpu'] as const;
/** Props that make a service. */
const OF_SERVICE = ['cluster', 'vpc', 'taskDefinition', 'securityGroups', 'vpcSubnets', 'replicas'] as const;

/** What is wrong with the props, beside what the plan refuses. */
export function jvmServiceChecks(props: JvmServiceProps): Check[] {
  const { cluster, vpc, service, taskDefinition, environment = {}, port, replicas, cycle, heap, metaspace } = props;
  const given = givenTask(props);
  const twice = (names: readonly (keyof JvmServiceProps)[], owner: string): Check[] =>
    names.map((name) => ({
      refused: props[name] !== undefined,
      message: `${name} belongs to the ${owner} that is given; set it there and leave it out here`,
    }));
  const lengths = { cycle, heap, metaspace, codeCache: props.codeCache };
  return [
    ...(service === undefined ? [] : twice([...OF_SERVICE, ...OF_TASK], 'service')),
    ...(service === undefined && taskDefinition !== undefined ? twice(OF_TASK, 'task definition') : []),
    { refused: given === undefined && props.image === undefined, message: 'image is missing' },
    {
      refused: service === undefined && cluster === undefined && vpc === undefined,
      message: 'cluster is missing; or give vpc, in which one is made',
    },
    {
      refused: service === undefined && cluster !== undefined && vpc !== undefined,
      message: 'vpc is that of a cluster made here; leave it out where cluster is given',
    },
    ...(given === undefined ? [] : givenChecks(given)),
    ...[...Object.keys(environment), ...Object.keys(props.secrets ?? {})].map((name) => flagsCheck(name)),
    ...commandFlagChecks(props.command ?? []),
    ...Object.entries(lengths).map(([name, value]) => ({
      refused: value?.isUnresolved() === true,
      message: `${name} must be known at synthesis, got a token`,
    })),
    knownNumber('port', port, 1, 65_535),
    knownNumber('replicas', replicas, 1, 1000),
  ];
}

function flagsCheck(name: string): Check {
  return {
    refused: FLAG_VARIABLES.includes(name),
    message: `${name} must not be set: the flags of the JVM are set here; what is not a prop can be overridden`,
  };
}

/** What a given task definition must have, so that the plan is true of it. */
function givenChecks(given: FargateTaskDefinition): Check[] {
  const { node, cpu, memoryMiB, defaultContainer } = given;
  const { environment, secrets, command = [], entryPoint = [] } = defaultContainer?.renderContainerDefinition() ?? {};
  const names = [environment, secrets].flatMap((variables) =>
    Array.isArray(variables) ? variables.flatMap((one) => ('name' in one ? [String(one.name)] : [])) : [],
  );
  return [
    {
      refused: defaultContainer === undefined,
      message: `the task definition ${node.path} has no container; add that of the JVM before it is given`,
    },
    {
      refused: Token.isUnresolved(cpu) || Token.isUnresolved(memoryMiB),
      message: `cpu and memoryLimitMiB of the task definition ${node.path} must be known at synthesis, got a token`,
    },
    {
      refused: defaultContainer?.mountPoints.some(({ containerPath }) => containerPath === JVM_LOG_FOLDER) === true,
      message: `the container ${defaultContainer?.containerName} has a volume at ${JVM_LOG_FOLDER} already; leave it out, the folder of the log is mounted here`,
    },
    ...names.map(flagsCheck),
    ...commandFlagChecks([...entryPoint, ...command]),
  ];
}

/**
 * That the container of a given task has the memory, and the task that of all its containers and the exporter: Amazon ECS refuses
 * a task definition whose containers have more. A container without a limit of its own takes what the others leave.
 */
export function containerChecks(given: FargateTaskDefinition, memoryBytes: number, exporterBytes: number): Check[] {
  const { memory } = given.defaultContainer!.renderContainerDefinition();
  const needed = Math.ceil(memoryBytes / MIB);
  const limits = given.node.children
    .filter((child): child is ContainerDefinition => child instanceof ContainerDefinition)
    .map((container) => container.renderContainerDefinition().memory ?? 0)
    .filter((limit) => !Token.isUnresolved(limit));
  const limited = limits.reduce((sum, limit) => sum + limit, Math.ceil(exporterBytes / MIB));
  const all = limited + (memory === undefined ? needed : 0);
  return [
    {
      refused: memory !== undefined && !Token.isUnresolved(memory) && memory < needed,
      message: `memoryLimitMiB of the container ${given.defaultContainer!.containerName} must be at least ${needed}, got ${memory}`,
    },
    {
      refused: !Token.isUnresolved(given.memoryMiB) && all > given.memoryMiB,
      message: `memoryLimitMiB of the task definition must be at least ${all}, with every container and the exporter, got ${given.memoryMiB}`,
    },
  ];
}
