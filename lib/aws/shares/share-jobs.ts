/** The jobs of one tenant: a job definition that carries its size, its priority and its limits. */
import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { EcsFargateContainerDefinition, EcsJobDefinition, type IJobDefinition } from 'aws-cdk-lib/aws-batch';
import { CpuArchitecture, LogDriver } from 'aws-cdk-lib/aws-ecs';
import { type IRole, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { PolicyShare, SharePolicyPlan } from '../../flow/shares/policy-workload';
import { roleDescription } from '../descriptions';
import type { FairShareProps } from './fair-share-props';

/**
 * The jobs of one tenant.
 */
export interface TenantJobs {
  /** Name of the tenant, which is its share identifier. */
  readonly name: string;
  /** What it submits. */
  readonly jobDefinition: IJobDefinition;
  /**
   * What its jobs may do: nothing, until you grant it.
   *
   * @default - none: the job definition was given
   */
  readonly jobRole?: IRole;
  /**
   * What starts its jobs: pulls the image and writes the log.
   *
   * @default - none: the job definition was given
   */
  readonly executionRole?: IRole;
  /**
   * The log of its jobs, kept for a month.
   *
   * @default - none: the job definition was given
   */
  readonly logGroup?: LogGroup;
}

const MIB = 1024 ** 2;
const DEFAULT_PRIORITY = 100;

/** The job definition that was given, or a new one on Fargate. */
export function tenantJobs(
  scope: Construct,
  share: PolicyShare,
  plan: SharePolicyPlan,
  props: FairShareProps,
): TenantJobs {
  const { name } = share;
  const given = props.jobDefinitions?.[name];
  return given === undefined
    ? createJobs(new Construct(scope, name), share, plan, props)
    : { name, jobDefinition: given };
}

function createJobs(scope: Construct, share: PolicyShare, plan: SharePolicyPlan, props: FairShareProps): TenantJobs {
  const { name, jobCpu, jobMemoryBytes } = share;
  const { image, command, architecture = CpuArchitecture.ARM64, schedulingPriority = DEFAULT_PRIORITY } = props;
  const role = (id: string, does: string) =>
    new Role(scope, id, {
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
      description: roleDescription(`${does} the jobs of ${name} in ${scope.node.path}`),
    });
  const logGroup = new LogGroup(scope, 'Logs', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const [jobRole, executionRole] = [role('JobRole', 'Is'), role('ExecutionRole', 'Starts')];
  const container = new EcsFargateContainerDefinition(scope, 'Container', {
    // A check refuses a tenant without a definition and without an image.
    image: image!,
    command,
    cpu: jobCpu,
    memory: Size.mebibytes(jobMemoryBytes / MIB),
    jobRole,
    executionRole,
    fargateCpuArchitecture: architecture,
    readonlyRootFilesystem: true,
    logging: LogDriver.awsLogs({ logGroup, streamPrefix: name }),
  });
  const jobDefinition = new EcsJobDefinition(scope, 'Jobs', {
    container,
    schedulingPriority,
    retryAttempts: plan.value('jobAttempts'),
    timeout: Duration.seconds(plan.value(`jobTimeoutSeconds.${name}`)),
    propagateTags: true,
  });
  return { name, jobDefinition, jobRole, executionRole, logGroup };
}
