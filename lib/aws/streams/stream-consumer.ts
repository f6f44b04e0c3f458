import type { Duration } from 'aws-cdk-lib';
import type { ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type {
  CapacityProviderStrategy,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  HealthCheck,
  ICluster,
  Secret,
} from 'aws-cdk-lib/aws-ecs';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Check } from '../../flow/errors';
import {
  FLAG,
  having,
  type Kinds,
  listOf,
  mapOf,
  NUMBER,
  needed,
  OBJECT,
  type Sound,
  sound,
  TEXT,
} from '../../flow/kinds';
import { sizeChecks, taskHourCost, taskSize } from '../fargate-size';
import { CLUSTER, DURATION, LAMBDA, SECURITY_GROUP } from '../kinds';
import { functionMemory, functionTimeout, givenFunctionChecks } from '../worker-function';

/**
 * A Lambda function that works on the records.
 */
export interface StreamFunctionProps {
  /**
   * The function, an alias or a version of it, or one that is imported. It gets up to `batchSize` records of one shard or
   * partition and works on them in their order. On Amazon Kinesis it must name the first record that failed
   * (`batchItemFailures`), on Amazon MSK it throws: `streamConsumer` of `backpressure-constructs/stream` does both.
   */
  readonly function: IFunction;

  /**
   * Time-out of a function that this app does not define. 1 s to 15 min.
   *
   * @default - that of the function; needed for an imported one
   */
  readonly functionTimeout?: Duration;

  /**
   * Whether Lambda keeps provisioned pollers (Amazon MSK). They are charged by the hour.
   *
   * @default - where the promise needs them, or a record may fail at every attempt
   */
  readonly provisionedPollers?: boolean;
}

/**
 * Tasks of AWS Fargate that read the stream themselves: as many as planned, all day.
 */
export interface StreamTaskProps {
  /**
   * Where the tasks run.
   */
  readonly cluster: ICluster;

  /**
   * The image. On Amazon MSK it reads batches of `BATCH_SIZE` records from `TOPIC` as `CONSUMER_GROUP`, commits a batch after
   * its effect, and sets a record aside in `DEAD_TOPIC` after `RETRY_ATTEMPTS`: `streamWorker` of
   * `backpressure-constructs/stream-worker` does, with a SCRAM user. On Amazon Kinesis it reads `STREAM_NAME` with the Kinesis
   * Client Library as `APPLICATION_NAME`, and sends a record to `FAILURE_QUEUE_URL` after `RETRY_ATTEMPTS`. On SIGTERM it
   * finishes its batch and leaves.
   *
   * @default - that of `taskDefinition`; needed without one
   */
  readonly image?: ContainerImage;

  /**
   * A task definition that there is already. Its default container gets the variables, its task role the permissions, and its
   * container's `stopTimeout` must be at least the plan's.
   *
   * @default - one is made
   */
  readonly taskDefinition?: FargateTaskDefinition;

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
   * Processor of the tasks. The image must be made for it.
   *
   * @default CpuArchitecture.ARM64
   */
  readonly architecture?: CpuArchitecture;

  /**
   * Command of the container.
   *
   * @default - that of the image
   */
  readonly command?: string[];

  /**
   * Environment of the container, beside what is set here. No secrets, and none of the names that are set here.
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
   * Whether the container cannot write to its own file system.
   *
   * @default true
   */
  readonly readonlyRootFilesystem?: boolean;

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
   * Whether tasks get a public address.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;

  /**
   * Capacity providers, such as `FARGATE_SPOT`, which the cluster must have. A task that Spot takes away makes its group deal
   * out the partitions anew.
   *
   * @default - on demand
   */
  readonly capacityProviderStrategies?: CapacityProviderStrategy[];
}

const LAMBDA_KINDS: Kinds<StreamFunctionProps> = {
  function: needed(LAMBDA),
  functionTimeout: DURATION,
  provisionedPollers: FLAG,
};

const TASK_KINDS: Kinds<StreamTaskProps> = {
  cluster: needed(CLUSTER),
  image: having(['bind'], "a ContainerImage: ContainerImage.fromRegistry('shop/metrics:1')"),
  taskDefinition: having(['taskDefinitionArn', 'addContainer'], 'a FargateTaskDefinition of this app'),
  cpu: NUMBER,
  memoryLimitMiB: NUMBER,
  architecture: having(['_cpuArchitecture'], 'a CpuArchitecture: CpuArchitecture.X86_64'),
  command: listOf(TEXT),
  environment: mapOf(TEXT),
  secrets: mapOf(having(['grantRead'], 'a Secret of ECS: Secret.fromSecretsManager()')),
  healthCheck: OBJECT,
  readonlyRootFilesystem: FLAG,
  securityGroups: listOf(SECURITY_GROUP),
  vpcSubnets: OBJECT,
  assignPublicIp: FLAG,
  capacityProviderStrategies: listOf(OBJECT),
};

/** Props that make a task definition. */
const OF_TASK = [
  'image',
  'cpu',
  'memoryLimitMiB',
  'architecture',
  'command',
  'environment',
  'secrets',
  'healthCheck',
  'readonlyRootFilesystem',
] as const satisfies readonly (keyof StreamTaskProps)[];

/**
 * Who works on the records. Pick one of the two.
 */
export class StreamConsumer {
  /** A function gets the records in batches. */
  public static lambda(props: StreamFunctionProps): StreamConsumer {
    return new StreamConsumer(sound(props, LAMBDA_KINDS, 'consumer'), undefined);
  }

  /**
   * Tasks read the stream, as many as planned and no others: a group whose number changes deals out its partitions anew, and
   * stops meanwhile.
   */
  public static fargate(props: StreamTaskProps): StreamConsumer {
    return new StreamConsumer(undefined, sound(props, TASK_KINDS, 'consumer'));
  }

  private constructor(
    private readonly ofLambda: Sound<StreamFunctionProps> | undefined,
    private readonly ofFargate: Sound<StreamTaskProps> | undefined,
  ) {}

  /**
   * The function; undefined for tasks.
   *
   * @internal
   */
  public get _lambda(): StreamFunctionProps | undefined {
    return this.ofLambda?.props;
  }

  /**
   * The tasks; undefined for a function.
   *
   * @internal
   */
  public get _fargate(): StreamTaskProps | undefined {
    return this.ofFargate?.props;
  }

  /**
   * What the plan is told.
   *
   * @internal
   */
  public get _asked(): { provisionedPollers?: boolean; functionMemoryMiB?: number; instanceHourCost?: number } {
    const { _lambda: lambda, _fargate: tasks } = this;
    if (tasks !== undefined) {
      const size = taskSize(tasks, tasks.taskDefinition);
      // A size that does not exist has no price, and is refused by its name.
      const exists = sizeChecks(size.cpu, size.memoryMiB).every(({ refused }) => !refused);
      return exists ? { instanceHourCost: taskHourCost(size) } : {};
    }
    const functionMemoryMiB = lambda?.function && functionMemory(lambda.function);
    return {
      ...(lambda?.provisionedPollers !== undefined && { provisionedPollers: lambda.provisionedPollers }),
      ...(functionMemoryMiB !== undefined && { functionMemoryMiB }),
    };
  }

  /**
   * What is wrong with the props.
   *
   * @internal
   */
  public get _checks(): Check[] {
    const { ofLambda, ofFargate } = this;
    if (ofLambda !== undefined) {
      const { function: fn, functionTimeout: timeout } = ofLambda.props;
      return [...ofLambda.checks, ...(fn === undefined ? [] : givenFunctionChecks(fn, timeout))];
    }
    const { checks = [], props } = ofFargate ?? {};
    if (props === undefined) return checks;
    const size = taskSize(props, props.taskDefinition);
    return [
      ...checks,
      ...sizeChecks(size.cpu, size.memoryMiB),
      ...(props.taskDefinition === undefined
        ? [{ refused: props.image === undefined, message: 'consumer.image is missing' }]
        : OF_TASK.map((name) => ({
            refused: props[name] !== undefined,
            message: `consumer.${name} belongs to the task definition that is given; set it there and leave it out here`,
          }))),
    ];
  }

  /**
   * The time-out of the function.
   *
   * @internal
   */
  public get _functionTimeout(): Duration | undefined {
    const { _lambda: lambda } = this;
    return lambda && functionTimeout(lambda.function, lambda.functionTimeout);
  }
}
