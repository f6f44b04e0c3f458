import type { Duration } from 'aws-cdk-lib';
import type { IComputeEnvironment, IJobDefinition, IManagedComputeEnvironment } from 'aws-cdk-lib/aws-batch';
import type { IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ContainerImage, CpuArchitecture } from 'aws-cdk-lib/aws-ecs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { type Check, shown } from '../../flow/errors';
import { CHECKED, having, type Kinds, listOf, mapOf, NUMBER, needed, OBJECT, TEXT } from '../../flow/kinds';
import type { Objective } from '../../flow/queue/workload';
import type { SharePolicyQuestion } from '../../flow/shares/policy-workload';
import type { BatchTenant } from '../../flow/shares/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { sizeChecks } from '../fargate-size';
import { DURATION, TOPIC, VPC } from '../kinds';
import { knownNumber, resolvedSeconds, wholeSeconds } from '../tokens';

/**
 * What a fair share on AWS Batch is sized from.
 */
export interface FairShareProps {
  /**
   * vCPUs of the compute environment, at most: what the tenants share. A whole number, 1 to 10^6. With a
   * `computeEnvironment` of this app it must be that one's.
   */
  readonly maxvCpus: number;

  /**
   * The tenants, with the number and the size of their jobs: 1 to 500. Their names are the share identifiers: lower-case
   * letters and digits. `nominalJobs` and `borrowedJobs` must be left out, AWS Batch has no such bound.
   */
  readonly tenants: BatchTenant[];

  /**
   * The time from submission within which a job must end (`latencySeconds`), and the share of jobs that must
   * (`latencyQuantile`). `maxBacklog` and `monthlyCost` must be left out.
   */
  readonly objective: Objective;

  /**
   * Where a compute environment on Fargate is made.
   *
   * @default - none is made: `computeEnvironment` is given
   */
  readonly vpc?: IVpc;

  /**
   * Subnets of the compute environment that is made.
   *
   * @default - private ones
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The compute environment where there is one already. Two queues on one compute environment take from each other, which no
   * plan of one of them knows.
   *
   * @default - one on Fargate is made in `vpc`
   */
  readonly computeEnvironment?: IComputeEnvironment;

  /**
   * Image of the jobs, for which a job definition on Fargate is made for each tenant without one in `jobDefinitions`.
   *
   * @default - none is made: `jobDefinitions` has one for each tenant
   */
  readonly image?: ContainerImage;

  /**
   * Command of the jobs that are made from `image`.
   *
   * @default - that of the image
   */
  readonly command?: string[];

  /**
   * Processor of the jobs that are made from `image`.
   *
   * @default CpuArchitecture.ARM64
   */
  readonly architecture?: CpuArchitecture;

  /**
   * Job definitions that there are already, by tenant. Each needs a `schedulingPriority`: without one AWS Batch refuses its
   * jobs on this queue.
   *
   * @default - one is made from `image` for each tenant
   */
  readonly jobDefinitions?: { [tenant: string]: IJobDefinition };

  /**
   * Priority of the jobs that are made from `image`, among the jobs of the same tenant; a submitter may give each job
   * another one. A whole number, 0 to 9999.
   *
   * @default 100
   */
  readonly schedulingPriority?: number;

  /**
   * Priority of the queue among the queues of the same compute environment: higher is first. A whole number, 0 to 1000.
   *
   * @default 1
   */
  readonly priority?: number;

  /**
   * Time over which past use counts. Whole seconds, 1 s to 7 days: of 0, AWS documents two meanings.
   *
   * @default - twice the mean job, at least 10 minutes
   */
  readonly shareDecay?: Duration;

  /**
   * Percentage reserved for tenants without a job: (reservation ÷ 100)^(tenants with one) of the vCPUs. It stays idle while
   * all tenants have jobs. A whole number, 0 to 99.
   *
   * @default - 0, unless the first place comes so late that the promise needs one
   */
  readonly computeReservation?: number;

  /**
   * Time from the moment at which a job has its place until it runs. Whole seconds, up to an hour.
   *
   * @default Duration.seconds(60)
   */
  readonly jobStart?: Duration;

  /**
   * Attempts at a job. A whole number, 1 to 10. Job definitions that are given keep their own.
   *
   * @default 3
   */
  readonly jobAttempts?: number;

  /**
   * Time after which a job is cancelled that no compute environment can run. Whole seconds, 10 minutes to a day.
   *
   * @default Duration.minutes(10)
   */
  readonly maxRunnable?: Duration;

  /**
   * How often the queue is read for metrics. Whole minutes, 1 to 60.
   *
   * @default - a tenth of the wait at which an alarm fires, 1 to 15 minutes
   */
  readonly snapshotInterval?: Duration;

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

const JOB_DEFINITION = having(
  ['jobDefinitionArn', 'node'],
  'a job definition of AWS Batch: an EcsJobDefinition or EcsJobDefinition.fromJobDefinitionArn()',
);

export const FAIR_SHARE_KINDS: Kinds<FairShareProps> = {
  maxvCpus: CHECKED,
  tenants: needed(listOf(OBJECT)),
  objective: CHECKED,
  vpc: VPC,
  vpcSubnets: OBJECT,
  computeEnvironment: having(
    ['computeEnvironmentArn', 'node'],
    'a compute environment of AWS Batch: a FargateComputeEnvironment',
  ),
  image: having(['bind'], 'an image of a container: ContainerImage.fromEcrRepository()'),
  command: listOf(TEXT),
  architecture: having(['_cpuArchitecture'], 'a processor: CpuArchitecture.X86_64'),
  jobDefinitions: mapOf(JOB_DEFINITION),
  schedulingPriority: NUMBER,
  priority: NUMBER,
  shareDecay: DURATION,
  computeReservation: CHECKED,
  jobStart: DURATION,
  jobAttempts: CHECKED,
  maxRunnable: DURATION,
  snapshotInterval: DURATION,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

/** What the plan is asked. */
export function fairShareQuestion(props: FairShareProps): SharePolicyQuestion {
  const { maxvCpus, tenants, objective, computeReservation, jobAttempts } = props;
  return {
    maxvCpus,
    tenants,
    objective,
    computeReservation,
    jobAttempts,
    shareDecaySeconds: resolvedSeconds(props.shareDecay),
    jobStartSeconds: resolvedSeconds(props.jobStart),
    maxRunnableSeconds: resolvedSeconds(props.maxRunnable),
    snapshotSeconds: resolvedSeconds(props.snapshotInterval),
  };
}

/** What is wrong with the props, beside what the plan refuses. */
export function fairShareChecks(props: FairShareProps): Check[] {
  const { vpc, computeEnvironment, vpcSubnets, schedulingPriority, priority } = props;
  return [
    {
      refused: (vpc === undefined) === (computeEnvironment === undefined),
      message: `either vpc or computeEnvironment must be given, got ${vpc === undefined ? 'neither' : 'both'}`,
    },
    {
      refused: vpcSubnets !== undefined && vpc === undefined,
      message: 'vpcSubnets must be left out without vpc',
    },
    capacityCheck(props),
    ...(props.tenants ?? []).flatMap((tenant) => jobChecks(tenant, props)),
    ...Object.keys(props.jobDefinitions ?? {}).map((name) => ({
      refused: !props.tenants?.some((tenant) => tenant?.name === name),
      message: `jobDefinitions must be of tenants, got one of '${name.slice(0, 80)}'`,
    })),
    knownNumber('schedulingPriority', schedulingPriority, 0, 9999),
    knownNumber('priority', priority, 0, 1000),
    wholeSeconds('shareDecay', props.shareDecay, 1, 604_800),
    wholeSeconds('jobStart', props.jobStart, 0, 3600),
    wholeSeconds('maxRunnable', props.maxRunnable, 600, 86_400),
    wholeSeconds('snapshotInterval', props.snapshotInterval, 60, 3600),
    settingsCheck(props.tenants),
  ];
}

/** The size of a compute environment that is made in this app; an imported one does not say it. */
function capacityCheck({ computeEnvironment, maxvCpus }: FairShareProps): Check {
  const has = (computeEnvironment as Partial<IManagedComputeEnvironment> | undefined)?.maxvCpus;
  return {
    refused: computeEnvironment?.node?.defaultChild !== undefined && has !== undefined && has !== maxvCpus,
    message: `maxvCpus must be that of the compute environment, ${shown(has)}, got ${shown(maxvCpus)}`,
  };
}

function jobChecks(tenant: BatchTenant, props: FairShareProps): Check[] {
  const { name, jobCpu, jobMemoryBytes } = tenant ?? {};
  const { jobDefinitions = {}, image } = props;
  const given = Object.hasOwn(jobDefinitions, name) ? jobDefinitions[name] : undefined;
  const checks: Check[] = [
    {
      // The construct tree keeps children by name in an object that already has this property.
      refused: name === 'constructor',
      message: "tenants.name must not be 'constructor', a name that the construct tree cannot hold",
    },
    {
      refused: given === undefined && image === undefined,
      message: `jobDefinitions must have one of ${name}, or image must be given`,
    },
    {
      refused: given?.node?.defaultChild !== undefined && given.schedulingPriority === undefined,
      message: `jobDefinitions of ${name} must have a schedulingPriority: without one AWS Batch refuses its jobs on a queue with a fair-share policy`,
    },
  ];
  if (given !== undefined || image === undefined || !(jobCpu > 0 && jobMemoryBytes > 0)) return checks;
  // A job has the size of a task, and the plan counts with what a job takes.
  return [
    ...checks,
    ...sizeChecks(jobCpu * 1024, Math.ceil(jobMemoryBytes / 1024 ** 2)).map(({ refused, message }) => ({
      refused,
      message: `jobCpu × 1,024 and jobMemoryBytes in MiB of ${name} must be those of a task of Fargate: ${message}`,
    })),
  ];
}

/** AWS Lambda developer guide, Quotas: 4 KB for all variables of a function; the rest of them take some. */
const MOST_SETTINGS_BYTES = 3600;
/** `"name":{"vcpus":12345.678,"job":1234.567},` without the name. */
const BYTES_BESIDE_NAME = 44;

function settingsCheck(tenants: readonly BatchTenant[] | undefined): Check {
  const bytes = (tenants ?? []).reduce((sum, tenant) => sum + String(tenant?.name).length + BYTES_BESIDE_NAME, 0);
  return {
    refused: bytes > MOST_SETTINGS_BYTES,
    message: `tenants must be fewer, or have shorter names: the function that reports them has room for ${MOST_SETTINGS_BYTES} bytes of settings, got ${bytes}; make a queue for each group of tenants`,
  };
}
