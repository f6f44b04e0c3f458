import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ContainerImage, CpuArchitecture, ICluster, Secret } from 'aws-cdk-lib/aws-ecs';
import type { IApplicationListener } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Check } from '../../flow/errors';
import { FARGATE_MEMORY } from '../../flow/fargate';
import { CHECKED, FLAG, having, type Kinds, listOf, mapOf, OBJECT, TEXT } from '../../flow/kinds';
import {
  ServiceAdmission,
  type ServiceDownstream,
  type ServiceLimit,
  type ServiceObjective,
  type ServicePlan,
  type ServiceQuestion,
  type ServiceWorkload,
} from '../../flow/services/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { CLUSTER, SECURITY_GROUP, TOPIC } from '../kinds';
import { knownNumber } from '../tokens';

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
   */
  readonly cluster: ICluster;

  /**
   * The image. It listens on `port` and answers `GET /healthz` unless `healthPath` says otherwise.
   */
  readonly image: ContainerImage;

  /**
   * Command of the container.
   *
   * @default - that of the image
   */
  readonly command?: string[];

  /**
   * Environment of the container, beside its bounds. No secrets here.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: string };

  /**
   * Secrets of the container, by the names of their variables.
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
   * Memory of one task in MiB.
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
   * The agent of Target Optimizer.
   *
   * @default - public.ecr.aws/aws-elb/target-optimizer/target-control-agent:latest
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
   * Requests that wait in one task. Still checked against the promise.
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
   * A listener that there is already, without targets of its own: its default action leads to the service.
   *
   * @default - a load balancer with a listener is made
   */
  readonly listener?: IApplicationListener;

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
    minInstances: props.minTasks,
    maxInstances: props.maxTasks,
  };
}

/** The variables that are set here. */
const OWN_VARIABLES = ['SLOTS', 'QUEUE', 'WAIT_SECONDS', 'SERVER_DEADLINE_SECONDS'];
const ADMISSIONS: readonly unknown[] = [ServiceAdmission.APPLICATION, ServiceAdmission.TARGET_OPTIMIZER];
/** What a load balancer is made from. */
const OF_MADE = ['certificate', 'internetFacing', 'loadBalancerSubnets'] as const;

/** What is wrong with the props, beside what the plan refuses. */
export function boundedChecks(props: BoundedServiceProps): Check[] {
  const { cluster, image, port = 8080, healthPath = '/healthz', admission, listener, environment = {} } = props;
  const { cpu = DEFAULT_CPU, memoryLimitMiB = DEFAULT_MEMORY_MIB } = props;
  const optimized = admission === ServiceAdmission.TARGET_OPTIMIZER;
  const sizes = FARGATE_MEMORY[cpu];
  return [
    { refused: cluster === undefined, message: 'cluster is missing' },
    { refused: image === undefined, message: 'image is missing' },
    knownNumber('port', port, 1, 65_535),
    {
      refused: optimized && [AGENT_DATA_PORT, AGENT_CONTROL_PORT].includes(port),
      message: `port must not be ${port}, which is the agent's`,
    },
    {
      refused: !/^\/[\w./~-]{0,200}$/.test(healthPath),
      message: `healthPath must be a path such as /healthz, got '${healthPath}'`,
    },
    {
      refused: admission !== undefined && !ADMISSIONS.includes(admission),
      message: `admission must be one of ${ADMISSIONS.join(', ')} on AWS, got ${admission}`,
    },
    {
      refused: props.agentImage !== undefined && !optimized,
      message: 'agentImage must not be given without admission by Target Optimizer',
    },
    {
      refused: sizes === undefined,
      message: `cpu must be one of ${Object.keys(FARGATE_MEMORY).join(', ')}, got ${cpu}`,
    },
    {
      refused:
        sizes !== undefined &&
        !(
          memoryLimitMiB === sizes.also ||
          (memoryLimitMiB >= sizes.from &&
            memoryLimitMiB <= sizes.to &&
            (memoryLimitMiB - sizes.from) % sizes.step === 0)
        ),
      message: `memoryLimitMiB must be ${sizes?.from} to ${sizes?.to} in steps of ${sizes?.step} with cpu ${cpu}, got ${memoryLimitMiB}`,
    },
    ...Object.keys(environment).map((name) => ({
      refused: OWN_VARIABLES.includes(name),
      message: `environment ${name} must not be given: the plan sets it`,
    })),
    ...OF_MADE.map((name) => ({
      refused: listener !== undefined && props[name] !== undefined,
      message: `${name} belongs to the load balancer of the listener that is given; leave it out here`,
    })),
    {
      refused: props.internetFacing === true && props.certificate === undefined,
      message: 'certificate is missing: a load balancer with addresses of the internet takes HTTPS',
    },
  ];
}

/** Elastic Load Balancing, Target Optimizer: TARGET_CONTROL_MAX_CONCURRENCY. */
const MOST_OPTIMIZED = 1000;

/** That the agent passes on as many requests as the plan says. */
export function agentCheck(plan: ServicePlan): Check {
  const limit = plan.value('concurrencyLimit');
  return {
    refused: limit > MOST_OPTIMIZED,
    message: `slots and queue of a task must be at most ${MOST_OPTIMIZED} together with Target Optimizer, got ${limit}; give fewer slotsPerInstance`,
  };
}
