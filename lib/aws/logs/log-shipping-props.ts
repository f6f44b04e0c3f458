import type { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import type { AwsLogDriverMode, ContainerImage, ICluster } from 'aws-cdk-lib/aws-ecs';
import type { IDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { LogsObjective, LogsWorkload } from '../../flow/logs/workload';
import type { AlarmSettings } from '../alarm-settings';

/**
 * Properties of `LogShipping`.
 */
export interface LogShippingProps {
  /**
   * What one task logs. The numbers must be known at synthesis. `logFiles` has no effect: a task writes to its standard output.
   */
  readonly workload: LogsWorkload;

  /**
   * The disk that the buffer of one task may take, and the outage of Firehose that it must survive. `shipperAwaySeconds` has no
   * effect: a task ends with its router.
   */
  readonly objective: LogsObjective;

  /**
   * Tasks that write at the peak, those of all services together. A whole number, 1 to 100,000.
   */
  readonly tasks: number;

  /**
   * Bytes a second that the stream takes. 1 to 10¹⁵. More than the quota of the region has to be asked of AWS first. Its requests
   * are planned with it: 400 a second for each MiB, 1,000 at least.
   *
   * @default - the quota of the stream's region where it is known at synthesis: 5,242,880 in us-east-1, us-west-2 and eu-west-1,
   *   1,048,576 elsewhere
   */
  readonly streamBytesPerSecond?: number;

  /**
   * Name of what logs, in the keys of the objects: `service=orders/`. 1 to 128 letters, digits, `-`, `_` and `.`.
   *
   * @default - the id of the construct
   */
  readonly service?: string;

  /**
   * Whether only the line is kept, as the program wrote it. Otherwise each line is an object of JSON with the line as `log`, the
   * time, and the names and ids of container and task.
   *
   * @default false
   */
  readonly lineOnly?: boolean;

  /**
   * Whether a container waits while its log is not taken (blocking), or loses lines beyond 10 s of the peak, 10 MiB at least
   * (non-blocking, the default of Amazon ECS since June 2025).
   *
   * @default AwsLogDriverMode.BLOCKING
   */
  readonly mode?: AwsLogDriverMode;

  /**
   * A folder of the host for the buffers, on instances of EC2: absolute, two names deep or more. Each task definition has a folder
   * in it, with the name of its family. At most one task of a family may run on a host at a time. Fluent Bit sends what an earlier
   * task left there.
   *
   * @default - the tasks are Fargate's, and the buffer is on the disk of each
   */
  readonly hostFolder?: string;

  /**
   * The stream that takes the lines, with Direct PUT as its source. Bucket and buffering are then the stream's own. What an
   * imported one collects for an object is not known here: say it with `bufferingInterval` and `bufferingSize`.
   *
   * @default - one is made, which writes to `bucket`
   */
  readonly deliveryStream?: IDeliveryStream;

  /**
   * Where the lines are kept. A policy of its own must not refuse Firehose's role, which gets its permissions here.
   *
   * @default - an `ArchiveBucket` is made, which moves them to colder storage where that pays
   */
  readonly bucket?: IBucket;

  /**
   * How long a line is kept. Whole days, 1 to 36500. A given bucket has its own lifecycle.
   *
   * @default Duration.days(365)
   */
  readonly retention?: Duration;

  /**
   * How long Firehose collects lines for an object. Whole seconds, 0 to 900. The alarm on late delivery has twice as long.
   *
   * @default - derived; that of `deliveryStream`, and 300 s where it is imported, Firehose's own default
   */
  readonly bufferingInterval?: Duration;

  /**
   * How much Firehose collects for an object, before gzip. Whole MiB, 1 to 128.
   *
   * @default - derived; that of `deliveryStream`, and 5 MiB where it is imported, Firehose's own default
   */
  readonly bufferingSize?: Size;

  /**
   * Times that gzip makes the lines smaller. 1 to 1000. Measure it with a file of your lines.
   *
   * @default 10
   */
  readonly compressionRatio?: number;

  /**
   * Bytes that the router adds to a line. 0 to 10¹⁸.
   *
   * @default 300
   */
  readonly envelopeBytes?: number;

  /**
   * The most that the buffer of a task takes. 64 MiB or more. It is checked against the outage.
   *
   * @default - derived
   */
  readonly storageTotalLimit?: Size;

  /**
   * Memory of the router. Whole MiB, 64 to 30,720. A task needs it beside that of its other containers.
   *
   * @default Size.mebibytes(256)
   */
  readonly routerMemory?: Size;

  /**
   * Image of the router: AWS for Fluent Bit 3.2.1 or later, whose Fluent Bit (4.2.2) joins lines to records. Tasks without a way
   * to the internet need a copy in the account's own registry.
   *
   * @default - `public.ecr.aws/aws-observability/aws-for-fluent-bit`, 3.2.2
   */
  readonly image?: ContainerImage;

  /**
   * The cluster of the tasks, with Container Insights: gives each task definition an alarm on its disk.
   *
   * @default - no alarm on the disk; the router keeps its limit without one
   */
  readonly cluster?: ICluster;

  /**
   * Where the router logs what happens to it, and Firehose its errors. The alarms count lines of it.
   *
   * @default - one that keeps a month
   */
  readonly logGroup?: ILogGroup;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms exist without an action
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent. The alarm on the disk of a task has a name from
   * CloudFormation.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;

  /**
   * What happens to stream and archive when they leave the stack.
   * RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
