import type { ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type {
  CapacityProviderStrategy,
  ContainerImage,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  HealthCheck,
  ICluster,
  LogDriver,
  Secret,
} from 'aws-cdk-lib/aws-ecs';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { Check } from '../../flow/errors';
import { FLAG, having, type Kinds, listOf, mapOf, NUMBER, OBJECT, TEXT } from '../../flow/kinds';
import { CLUSTER, ROLE, SECURITY_GROUP } from '../kinds';

/**
 * Fargate tasks that poll the queue themselves. Give a cluster and an image; or a task definition instead of the image; or
 * a service instead of both.
 */
export interface FargateWorkerProps {
  /**
   * Where the tasks run. Container Insights must be on: the number of running tasks comes from there.
   *
   * @default - that of `service`; needed without one
   */
  readonly cluster?: ICluster;

  /**
   * The image. It reads the queue's URL from `QUEUE_URL` and works on `SLOTS` messages at a time. On SIGTERM it stops
   * receiving and finishes the messages that it has.
   *
   * @default - that of `taskDefinition` or `service`; needed without one
   */
  readonly image?: ContainerImage;

  /**
   * A task definition that there is already. Its default container gets `QUEUE_URL` and `SLOTS`, its task role may consume
   * the queue, and its container's `stopTimeout` must be at least the plan's.
   *
   * @default - one is made
   */
  readonly taskDefinition?: FargateTaskDefinition;

  /**
   * A service that there is already, without `desiredCount`: the scaling sets it. Its task definition is treated as one
   * that was given.
   *
   * @default - one is made
   */
  readonly service?: FargateService;

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
   * Processor of the tasks. The image must be made for it: one for X86_64 does not start on ARM64.
   *
   * @default CpuArchitecture.ARM64
   */
  readonly architecture?: CpuArchitecture;

  /**
   * Storage of one task in GiB. 21 to 200; what is above 20 is charged by the hour, which `costCeiling` counts.
   *
   * @default - the 20 GiB that every task has
   */
  readonly ephemeralStorageGiB?: number;

  /**
   * Command of the container.
   *
   * @default - that of the image
   */
  readonly command?: string[];

  /**
   * Entry point of the container.
   *
   * @default - that of the image
   */
  readonly entryPoint?: string[];

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
   * How ECS sees whether the container is well.
   *
   * @default - that of the image, if it has one
   */
  readonly healthCheck?: HealthCheck;

  /**
   * Whether the container cannot write to its own file system. A worker that writes to `/tmp` needs false.
   *
   * @default true
   */
  readonly readonlyRootFilesystem?: boolean;

  /**
   * Where the container's output goes.
   *
   * @default - a log group that keeps a month
   */
  readonly logging?: LogDriver;

  /**
   * The role of the program in the container. It may consume the queue.
   *
   * @default - one is made
   */
  readonly taskRole?: IRole;

  /**
   * The role with which ECS pulls the image, reads the secrets and writes the logs.
   *
   * @default - one is made
   */
  readonly executionRole?: IRole;

  /**
   * Security groups of the tasks.
   *
   * @default - one is made, which lets everything out and nothing in
   */
  readonly securityGroups?: ISecurityGroup[];

  /**
   * Subnets of the tasks.
   *
   * @default - the private ones of the cluster's VPC
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * Whether tasks get a public address, which they need in a public subnet to reach SQS and the registry.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;

  /**
   * Capacity providers, such as `FARGATE_SPOT`, which the cluster must have. Costs stay those of on-demand tasks: the
   * ceiling holds when there is no Spot.
   *
   * @default - on demand
   */
  readonly capacityProviderStrategies?: CapacityProviderStrategy[];

  /**
   * Whether people may open a shell in a task (ECS Exec). It needs a file system that can be written.
   *
   * @default false
   */
  readonly enableExecuteCommand?: boolean;

  /**
   * Whether the last task stops when the queue is empty. Waking up takes the plan's `wakeUpSeconds`, which must fit
   * the latency; after six idle hours SQS may take up to 15 minutes more to publish its first metric.
   *
   * @default - as the redrive queue is planned; otherwise false
   */
  readonly scaleToZero?: boolean;
}

/** What each prop has to be. */
export const FARGATE_KINDS: Kinds<FargateWorkerProps> = {
  cluster: CLUSTER,
  image: having(['bind'], "a ContainerImage: ContainerImage.fromRegistry('shop/worker:1')"),
  taskDefinition: having(['taskDefinitionArn', 'addContainer'], 'a FargateTaskDefinition of this app'),
  service: having(['serviceName', 'taskDefinition'], 'a FargateService of this app'),
  cpu: NUMBER,
  memoryLimitMiB: NUMBER,
  architecture: having(['_cpuArchitecture'], 'a CpuArchitecture: CpuArchitecture.X86_64'),
  ephemeralStorageGiB: NUMBER,
  command: listOf(TEXT),
  entryPoint: listOf(TEXT),
  environment: mapOf(TEXT),
  secrets: mapOf(having(['grantRead'], 'a Secret of ECS: Secret.fromSecretsManager()')),
  healthCheck: OBJECT,
  readonlyRootFilesystem: FLAG,
  logging: having(['bind'], 'a LogDriver: LogDrivers.awsLogs()'),
  taskRole: ROLE,
  executionRole: ROLE,
  securityGroups: listOf(SECURITY_GROUP),
  vpcSubnets: OBJECT,
  assignPublicIp: FLAG,
  capacityProviderStrategies: listOf(OBJECT),
  enableExecuteCommand: FLAG,
  scaleToZero: FLAG,
};

/** Props that make a task definition. */
const OF_TASK = [
  'image',
  'cpu',
  'memoryLimitMiB',
  'architecture',
  'ephemeralStorageGiB',
  'command',
  'entryPoint',
  'environment',
  'secrets',
  'healthCheck',
  'readonlyRootFilesystem',
  'logging',
  'taskRole',
  'executionRole',
] as const satisfies readonly (keyof FargateWorkerProps)[];

/** Props that make a service. */
const OF_SERVICE = [
  'cluster',
  'taskDefinition',
  'securityGroups',
  'vpcSubnets',
  'assignPublicIp',
  'capacityProviderStrategies',
  'enableExecuteCommand',
] as const satisfies readonly (keyof FargateWorkerProps)[];

/** The task definition that there is already, by itself or with its service. */
export function givenTask({ taskDefinition, service }: FargateWorkerProps): FargateTaskDefinition | undefined {
  return taskDefinition ?? (service?.taskDefinition as FargateTaskDefinition | undefined);
}

/** That what is made is told all, and what is given already nothing twice. */
export function givenTaskChecks(props: FargateWorkerProps): Check[] {
  const { service, taskDefinition, cluster, image } = props;
  const twice = (names: readonly (keyof FargateWorkerProps)[], owner: string): Check[] =>
    names.map((name) => ({
      refused: props[name] !== undefined,
      message: `${name} belongs to the ${owner} that is given; set it there and leave it out here`,
    }));
  if (service !== undefined) return [...twice(OF_SERVICE, 'service'), ...twice(OF_TASK, 'service')];
  return [
    { refused: cluster === undefined, message: 'compute.cluster is missing' },
    ...(taskDefinition === undefined
      ? [{ refused: image === undefined, message: 'compute.image is missing' }]
      : twice(OF_TASK, 'task definition')),
    {
      refused:
        props.enableExecuteCommand === true && taskDefinition === undefined && props.readonlyRootFilesystem !== false,
      message:
        'enableExecuteCommand needs readonlyRootFilesystem false: the agent of ECS Exec writes to the file system',
    },
  ];
}
