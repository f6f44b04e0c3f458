import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type {
  ContainerImage,
  CpuArchitecture,
  FargateService,
  ICluster,
  Secret,
  TaskDefinition,
} from 'aws-cdk-lib/aws-ecs';
import type { IApplicationListener, ListenerCondition } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { CHECKED, FLAG, having, type Kinds, listOf, mapOf, OBJECT, struct, TEXT } from '../../flow/kinds';
import {
  type ServiceAdmission,
  type ServiceDownstream,
  type ServiceLimit,
  type ServiceObjective,
  type ServiceQuestion,
  type ServiceWorkload,
} from '../../flow/services/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { CLUSTER, SECURITY_GROUP, TOPIC } from '../kinds';
import type { ClientLimit } from './client-limit';

/** Units and MiB of a task that is given no size. */
export const DEFAULT_CPU = 512;
export const DEFAULT_MEMORY_MIB = 1024;

/** Ports of the agent of Target Optimizer. */
export const AGENT_DATA_PORT = 9400;
export const AGENT_CONTROL_PORT = 9401;

/**
 * What a service is sized from.
 */
export interface BoundedServiceProps {
  /** Its requests. */
  readonly workload: ServiceWorkload;

  /** Latency of the accepted requests, and the share that may be refused. */
  readonly objective: ServiceObjective;

  /**
   * Services that it calls. Their time-outs are variables of the container.
   *
   * @default - none
   */
  readonly downstreams?: ServiceDownstream[];

  /**
   * Where the tasks run.
   *
   * @default - that of `service`; needed without it
   */
  readonly cluster?: ICluster;

  /**
   * The image. It listens on `port` and answers `GET /healthz` unless `healthPath` says otherwise.
   *
   * @default - none; needed without `taskDefinition` and `service`
   */
  readonly image?: ContainerImage;

  /**
   * A task definition that there is already, for Fargate. Its default container is the program and has a mapping of `port`. That
   * container gets its bounds as variables and the `stopTimeout` of the plan; everything else stays as it is.
   *
   * @default - one is made
   */
  readonly taskDefinition?: TaskDefinition;

  /**
   * A service that there is already, without a load balancer and without scaling of its tasks. Its task definition is taken as
   * `taskDefinition` is, and it gets the grace period of the plan. Its deployment settings stay yours.
   *
   * @default - one is made
   */
  readonly service?: FargateService;

  /**
   * Command of the container.
   *
   * @default - that of the image
   */
  readonly command?: string[];

  /**
   * Environment of the container, beside its bounds, which are set here: `SERVICE`, `SLOTS`, `QUEUE`, `WAIT_SECONDS`,
   * `SERVER_DEADLINE_SECONDS`, `IDLE_TIMEOUT_SECONDS`, `HEALTH_PATH`, `SHED_STATUS`, `RETRY_…`, `LIMIT` and `LIMIT_…`, and
   * `TIMEOUT_SECONDS_<NAME>` of each downstream. One of these is refused. No secrets here.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: string };

  /**
   * Secrets of the container, by the names of their variables. Not by those of its bounds.
   *
   * @default - none
   */
  readonly secrets?: { [name: string]: Secret };

  /**
   * Port on which the program listens. 1 to 65535, not 9400 or 9401 with Target Optimizer.
   *
   * @default 8080
   */
  readonly port?: number;

  /**
   * Path of the health check: one that does not wait for a slot.
   *
   * @default /healthz
   */
  readonly healthPath?: string;

  /**
   * CPU units of one task, 1,024 a vCPU. 256 to 16,384.
   *
   * @default 512
   */
  readonly cpu?: number;

  /**
   * Memory of one task in MiB. 512 to 122,880, of the sizes that Fargate has with `cpu`.
   *
   * @default 1024
   */
  readonly memoryLimitMiB?: number;

  /**
   * Processor of the tasks.
   *
   * @default CpuArchitecture.ARM64
   */
  readonly architecture?: CpuArchitecture;

  /**
   * Who bounds the requests in work: the application or Target Optimizer.
   *
   * @default ServiceAdmission.APPLICATION
   */
  readonly admission?: ServiceAdmission;

  /**
   * The agent of Target Optimizer. Give it by its digest: AWS names no tag but `latest`, under which a task that is replaced may get
   * another agent than those beside it.
   *
   * @default - public.ecr.aws/aws-elb/target-optimizer/target-control-agent:latest, with a warning
   */
  readonly agentImage?: ContainerImage;

  /**
   * Whether fewer requests are worked on while each takes longer than planned, as when a neighbour takes processors. The planned
   * slots are the ceiling, a quarter of them the floor. The program reads it with its bounds.
   *
   * @default ServiceLimit.FIXED
   */
  readonly limit?: ServiceLimit;

  /**
   * Requests that one task works on at the same time. A whole number, 1 to 10,000; with its queue at most 1,000 with Target
   * Optimizer.
   *
   * @default - derived, at most 30
   */
  readonly slotsPerInstance?: number;

  /**
   * Requests that wait in one task. Still checked against the promise. A whole number, 0 to 1,000,000.
   *
   * @default - derived
   */
  readonly queueBound?: number;

  /**
   * Tasks outside of a peak. A whole number, 1 to 10,000.
   *
   * @default - derived
   */
  readonly minTasks?: number;

  /**
   * Tasks at most. A whole number, 1 to 10,000.
   *
   * @default - derived
   */
  readonly maxTasks?: number;

  /**
   * Status of a refusal by the application, 503 or 429.
   *
   * @default 503
   */
  readonly shedStatus?: number;

  /**
   * Attempts after the first one of a call to a downstream. 0 to 10.
   *
   * @default 1
   */
  readonly retryAttempts?: number;

  /**
   * A listener that there is already. One of this app without targets leads to the service by default; one that was imported, or
   * that has targets, needs `listenerPriority` and `listenerConditions`. What its load balancer answers by itself is then in no
   * alarm here: it may be for another service.
   *
   * @default - a load balancer with a listener is made
   */
  readonly listener?: IApplicationListener;

  /**
   * Place of the service's rule among those of `listener`: a lower one is asked first. A whole number, 1 to 50,000.
   *
   * @default - no rule: the default action of `listener`
   */
  readonly listenerPriority?: number;

  /**
   * Which requests of `listener` are the service's: `ListenerCondition.pathPatterns(['/orders/*'])`.
   *
   * @default - no rule: the default action of `listener`
   */
  readonly listenerConditions?: ListenerCondition[];

  /**
   * What one client may send. For the load balancer made here.
   *
   * @default - any client may use up what is planned for all
   */
  readonly clientLimit?: ClientLimit;

  /**
   * Certificate of the listener made here, which then takes HTTPS.
   *
   * @default - HTTP, for callers in the VPC
   */
  readonly certificate?: ICertificate;

  /**
   * Whether the load balancer made here has addresses of the internet. It then needs `certificate`.
   *
   * @default false
   */
  readonly internetFacing?: boolean;

  /**
   * Subnets of the load balancer made here.
   *
   * @default - those that the VPC has for it
   */
  readonly loadBalancerSubnets?: SubnetSelection;

  /**
   * Security groups of the tasks.
   *
   * @default - one is made
   */
  readonly securityGroups?: ISecurityGroup[];

  /**
   * Subnets of the tasks.
   *
   * @default - private ones
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms exist without an action
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;
}

const IMAGE = having(['bind'], "a ContainerImage: ContainerImage.fromRegistry('shop/api:1')");

/** The kind of every prop. */
export const BOUNDED_KINDS: Kinds<BoundedServiceProps> = {
  workload: CHECKED,
  objective: CHECKED,
  downstreams: CHECKED,
  cluster: CLUSTER,
  image: IMAGE,
  taskDefinition: having(['addContainer', 'taskRole'], 'a FargateTaskDefinition'),
  service: having(['loadBalancerTarget', 'autoScaleTaskCount'], 'a FargateService'),
  command: listOf(TEXT),
  environment: mapOf(TEXT),
  secrets: mapOf(having(['grantRead'], 'a Secret of ECS: Secret.fromSecretsManager()')),
  port: CHECKED,
  healthPath: TEXT,
  cpu: CHECKED,
  memoryLimitMiB: CHECKED,
  architecture: having(['_cpuArchitecture'], 'a CpuArchitecture: CpuArchitecture.X86_64'),
  admission: CHECKED,
  limit: CHECKED,
  agentImage: IMAGE,
  slotsPerInstance: CHECKED,
  queueBound: CHECKED,
  minTasks: CHECKED,
  maxTasks: CHECKED,
  shedStatus: CHECKED,
  retryAttempts: CHECKED,
  listener: having(['listenerArn', 'connections'], 'a listener of an Application Load Balancer'),
  listenerPriority: CHECKED,
  listenerConditions: listOf(
    having(['renderRawCondition'], "a ListenerCondition: ListenerCondition.pathPatterns(['/orders/*'])"),
  ),
  clientLimit: struct<ClientLimit>({
    clients: CHECKED,
    shareTimes: CHECKED,
    header: TEXT,
  } satisfies Kinds<ClientLimit>),
  certificate: having(['certificateArn'], 'a certificate of ACM: Certificate.fromCertificateArn()'),
  internetFacing: FLAG,
  loadBalancerSubnets: OBJECT,
  securityGroups: listOf(SECURITY_GROUP),
  vpcSubnets: OBJECT,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

/** The question of the plan. */
export function serviceQuestion(props: BoundedServiceProps): ServiceQuestion {
  const { workload, objective, downstreams, slotsPerInstance, queueBound, shedStatus, retryAttempts, limit } = props;
  return {
    platform: 'fargate',
    workload,
    objective,
    downstreams,
    slotsPerInstance,
    queueBound,
    shedStatus,
    retryAttempts,
    limit,
    admission: props.admission,
    minInstances: props.minTasks,
    maxInstances: props.maxTasks,
  };
}
