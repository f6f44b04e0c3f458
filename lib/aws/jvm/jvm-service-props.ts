import type { Duration, Size } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type {
  ContainerImage,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  HealthCheck,
  ICluster,
  Secret,
} from 'aws-cdk-lib/aws-ecs';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { JvmCollector, JvmObjective, JvmWorkload } from '../../flow/jvm/workload';
import type { AlarmSettings } from '../alarm-settings';

/**
 * What a JVM on Fargate is sized from.
 */
export interface JvmServiceProps {
  /**
   * What one JVM allocates, keeps and serves at its peak.
   */
  readonly workload: JvmWorkload;

  /**
   * The longest pause, and the latency if one is promised.
   */
  readonly objective: JvmObjective;

  /**
   * The release of Java in the image. 17 to 26; the flags of 17, 21 and 25 are tested on real JVMs.
   */
  readonly jdk: number;

  /**
   * Where the tasks run. With Container Insights, from which the memory of the tasks comes.
   *
   * @default - one with Container Insights is made in `vpc`
   */
  readonly cluster?: ICluster;

  /**
   * The VPC of a cluster that is made here.
   *
   * @default - none; needed without `cluster` and `service`
   */
  readonly vpc?: IVpc;

  /**
   * The image. It starts the program with `java`, which reads `JDK_JAVA_OPTIONS`, without flags for heap, collector or log of
   * its own. Pin a digest or a version.
   *
   * @default - that of `taskDefinition` or `service`; needed without one
   */
  readonly image?: ContainerImage;

  /**
   * A task definition that there is already, with whole processors. Its default container gets `JDK_JAVA_OPTIONS` and the
   * folder of the log; the exporter is added. The plan is held to its memory.
   *
   * @default - one is made, of the smallest size in which the JVM has room
   */
  readonly taskDefinition?: FargateTaskDefinition;

  /**
   * A service that there is already. Its task definition is treated as one that was given.
   *
   * @default - one is made
   */
  readonly service?: FargateService;

  /**
   * Image of the exporter, whose program is in the task definition: any with `node` 20 or later for the tasks' processor.
   * Tasks without a way to the internet need one of the account's own registry, such as a copy of the default.
   *
   * @default - `public.ecr.aws/docker/library/node`, Node.js 24
   */
  readonly exporterImage?: ContainerImage;

  /**
   * Command of the container, without flags for heap, collector or log: they are set here.
   *
   * @default - the image's own
   */
  readonly command?: string[];

  /**
   * Variables of the container. Not `JDK_JAVA_OPTIONS`, `JAVA_TOOL_OPTIONS` or `_JAVA_OPTIONS`: flags are set here. No
   * secrets.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: string };

  /**
   * Secrets of the container, by the name of the variable. Not those from which a JVM takes flags.
   *
   * @default - none
   */
  readonly secrets?: { [name: string]: Secret };

  /**
   * Port on which the program answers. 1 to 65535.
   *
   * @default 8080
   */
  readonly port?: number;

  /**
   * How ECS sees whether the program is well.
   *
   * @default - a container that runs is well
   */
  readonly healthCheck?: HealthCheck;

  /**
   * Processor of the tasks. The image must be made for it.
   *
   * @default CpuArchitecture.ARM64
   */
  readonly architecture?: CpuArchitecture;

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
   * Tasks. A whole number, 1 to 1,000. Left out, scaling of the service, `service.autoScaleTaskCount()`, takes it over.
   *
   * @default 2
   */
  readonly replicas?: number;

  /**
   * Where the output of the containers goes. The exporter's metrics are read from it.
   *
   * @default - one that keeps a month
   */
  readonly logGroup?: ILogGroup;

  /**
   * The collector.
   *
   * @default - G1 where it keeps the promise, else ZGC
   */
  readonly collector?: JvmCollector;

  /**
   * Processors of a task, which the JVM counts: 1, 2, 4, 8 or 16.
   *
   * @default 2
   */
  readonly cpu?: number;

  /**
   * How long one collection beside the program takes, as the exporter reports it. A millisecond to an hour.
   *
   * @default - derived from the live set, at a third of the speed that was measured
   */
  readonly cycle?: Duration;

  /**
   * The heap. It is still checked against the workload.
   *
   * @default - derived
   */
  readonly heap?: Size;

  /**
   * Memory for classes.
   *
   * @default - from the number of classes
   */
  readonly metaspace?: Size;

  /**
   * Memory for compiled code.
   *
   * @default Size.mebibytes(128)
   */
  readonly codeCache?: Size;

  /**
   * Times the allocation rate that the heap bears. 1 to 10.
   *
   * @default 2
   */
  readonly spikeTolerance?: number;

  /**
   * Whether the flight recorder of the JVM runs. It shows where allocation comes from, and costs about one percent.
   *
   * @default true
   */
  readonly flightRecorder?: boolean;

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
