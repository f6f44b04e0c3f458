/** What the props of a log shipping have to be, and the question that they ask. */
import { type Duration, type Size, SizeRoundingBehavior, Stack, Token } from 'aws-cdk-lib';
import { AwsLogDriverMode } from 'aws-cdk-lib/aws-ecs';
import type { IDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import type { Construct } from 'constructs';
import { type Check, oneOf } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, TEXT } from '../../flow/kinds';
import { LARGE_REGIONS, STREAM_BYTES_PER_SECOND } from '../../flow/logs/delivery/firehose';
import type { LogDeliveryQuestion } from '../../flow/logs/delivery/workload';
import { ALARM_SETTINGS } from '../alarm-settings';
import { BUCKET, CLUSTER, DELIVERY_STREAM, DURATION, LOG_GROUP, SIZE, TOPIC } from '../kinds';
import { removalCheck } from '../removal-policy';
import { serviceCheck } from '../storage/partition-prefix';
import { collectedBy, regionOf } from './given-stream';
import type { LogShippingProps } from './log-shipping-props';

/** What each prop has to be. */
export const LOG_SHIPPING_KINDS: Kinds<LogShippingProps> = {
  workload: CHECKED,
  objective: CHECKED,
  tasks: CHECKED,
  streamBytesPerSecond: CHECKED,
  service: TEXT,
  lineOnly: FLAG,
  mode: CHECKED,
  hostFolder: TEXT,
  deliveryStream: DELIVERY_STREAM,
  bucket: BUCKET,
  retention: DURATION,
  bufferingInterval: DURATION,
  bufferingSize: SIZE,
  compressionRatio: CHECKED,
  envelopeBytes: CHECKED,
  storageTotalLimit: SIZE,
  routerMemory: SIZE,
  image: having(['bind'], "a ContainerImage: ContainerImage.fromRegistry('shop/aws-for-fluent-bit:3.2.2')"),
  cluster: CLUSTER,
  logGroup: LOG_GROUP,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  removalPolicy: CHECKED,
};

const MIB = 1024 ** 2;

/** The question; the region of the stream has its quota, where it is known. */
export function deliveryQuestion(scope: Construct, props: LogShippingProps): LogDeliveryQuestion {
  const { workload, objective, tasks, lineOnly, compressionRatio, envelopeBytes, deliveryStream } = props;
  const size = bytesOf(props.bufferingSize);
  const collected = collectedBy(deliveryStream);
  return {
    workload,
    objective,
    tasks,
    platform: props.hostFolder === undefined ? 'fargate' : 'ec2',
    existingStream: deliveryStream !== undefined,
    streamBytesPerSecond: props.streamBytesPerSecond ?? quotaOf(streamRegion(scope, deliveryStream)),
    lineOnly,
    envelopeBytes,
    routerMemoryBytes: bytesOf(props.routerMemory),
    storageTotalLimitBytes: bytesOf(props.storageTotalLimit),
    compressionRatio,
    bufferingSeconds: secondsOf(props.bufferingInterval) ?? collected?.seconds,
    bufferingMebibytes: size === undefined ? collected?.mebibytes : size / MIB,
    retentionDays: daysOf(props.retention),
  };
}

/** The region to which the routers send. */
export function streamRegion(scope: Construct, given: IDeliveryStream | undefined): string {
  return given === undefined ? Stack.of(scope).region : regionOf(given);
}

/** Where the region is known only at deployment, the quota of most regions. */
function quotaOf(region: string): number {
  return LARGE_REGIONS.includes(region) ? STREAM_BYTES_PER_SECOND.large : STREAM_BYTES_PER_SECOND.small;
}

function bytesOf(size: Size | undefined): number | undefined {
  return size === undefined || size.isUnresolved() ? undefined : size.toBytes({ rounding: SizeRoundingBehavior.NONE });
}

function secondsOf(duration: Duration | undefined): number | undefined {
  return duration === undefined || duration.isUnresolved() ? undefined : duration.toSeconds({ integral: false });
}

function daysOf(duration: Duration | undefined): number | undefined {
  return duration === undefined || duration.isUnresolved() ? undefined : duration.toDays({ integral: false });
}

/** Props of a stream that is made here. */
const OF_STREAM = ['bucket', 'service', 'retention', 'removalPolicy'] as const;
/** Props that a stream of this app has itself; of an imported one they have to be told. */
const READ_OF_STREAM = ['bufferingInterval', 'bufferingSize'] as const;
/** Props of an archive that is made here. */
const OF_ARCHIVE = ['retention'] as const;

/** What is wrong with the props, beside what the plan refuses. */
export function logShippingChecks(props: LogShippingProps): Check[] {
  const { deliveryStream, bucket, service, mode, hostFolder, cluster, routerMemory } = props;
  const twice = (names: readonly (keyof LogShippingProps)[], owner: string): Check[] =>
    names.map((name) => ({
      refused: props[name] !== undefined,
      message: `${name} belongs to the ${owner} that is given; set it there and leave it out here`,
    }));
  const memory = bytesOf(routerMemory);
  return [
    ...(deliveryStream === undefined ? [] : twice(OF_STREAM, 'stream')),
    ...(collectedBy(deliveryStream) === undefined ? [] : twice(READ_OF_STREAM, 'stream')),
    ...(deliveryStream === undefined && bucket !== undefined ? twice(OF_ARCHIVE, 'bucket') : []),
    ...(service === undefined ? [] : [serviceCheck(service)]),
    ...(['retention', 'bufferingInterval', 'bufferingSize', 'storageTotalLimit', 'routerMemory'] as const).map(
      (name) => ({
        refused: props[name]?.isUnresolved() === true,
        message: `${name} must be known at synthesis, got a token`,
      }),
    ),
    {
      refused: memory !== undefined && memory % MIB !== 0,
      message: `routerMemory must be whole MiB, got ${memory} bytes`,
    },
    oneOf('mode', mode, [AwsLogDriverMode.BLOCKING, AwsLogDriverMode.NON_BLOCKING]),
    {
      refused: hostFolder !== undefined && !Token.isUnresolved(hostFolder) && !isFolder(hostFolder),
      message: `hostFolder must be absolute and at least two names deep, such as /var/lib/log-router, got '${hostFolder}'`,
    },
    {
      refused: hostFolder !== undefined && cluster !== undefined,
      message: 'cluster is for the alarm on the disk of a Fargate task; leave it out with hostFolder',
    },
    removalCheck(props.removalPolicy),
  ];
}

/** A system folder must not be written over. */
function isFolder(path: string): boolean {
  return /^\/[\w.-]+\/[\w./-]*[\w-]$/.test(path) && !/\/\.\.?(\/|$)|\/\//.test(path) && path.length <= 1024;
}
