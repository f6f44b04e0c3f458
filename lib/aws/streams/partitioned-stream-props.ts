/** The props of a partitioned stream, the question that its plan answers, and the checks on the props. */
import { type Duration, type RemovalPolicy, Token } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { type Check, shown } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, needed, struct, TEXT } from '../../flow/kinds';
import { WEEK_SECONDS } from '../../flow/ranges';
import type { StreamPlatformName } from '../../flow/streams/platforms';
import type { StreamObjective, StreamQuestion, StreamWorkload } from '../../flow/streams/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { DURATION, KEY, QUEUE, TOPIC } from '../kinds';
import { removalCheck } from '../removal-policy';
import { resolvedSeconds, wholeSeconds } from '../tokens';
import type { StreamConsumer } from './stream-consumer';
import { StreamKind } from './stream-kind';

/**
 * A rule of AWS IoT that puts what devices publish into the stream.
 */
export interface IotSource {
  /**
   * Which messages, and what of them: a statement of AWS IoT SQL, such as `SELECT * FROM 'devices/+/metrics'`.
   */
  readonly sql: string;

  /**
   * The key of a record, which keeps its order: a text with a substitution template, such as `${topic(2)}`. One without a
   * template is the same for every record, so that all of them come to one shard or partition; it is refused.
   *
   * @default ${clientid()}
   */
  readonly key?: string;

  /**
   * Where messages go that the rule could not put into the stream, whole and with the reason.
   *
   * @default - a new queue, encrypted and retained
   */
  readonly errorQueue?: IQueue;

  /**
   * ARN of a destination of AWS IoT in the VPC of the brokers (`AWS::IoT::TopicRuleDestination`), which is shared by the rules
   * of an account. Needed on Amazon MSK.
   *
   * @default - none, on Amazon Kinesis
   */
  readonly destinationArn?: string;
}

/**
 * What a partitioned stream is sized from.
 */
export interface PartitionedStreamProps {
  /**
   * What arrives, and what a record costs.
   */
  readonly workload: StreamWorkload;

  /**
   * How far consumers may be behind.
   */
  readonly objective: StreamObjective;

  /**
   * Who works on the records: `StreamConsumer.lambda(…)` or `StreamConsumer.fargate(…)`.
   */
  readonly consumer: StreamConsumer;

  /**
   * What carries the records: `StreamKind.kinesis(…)` or `StreamKind.msk(…)`.
   *
   * @default StreamKind.kinesis()
   */
  readonly stream?: StreamKind;

  /**
   * Name of the consumer group of Kafka, or of the application of the Kinesis Client Library. What it has handled is kept under
   * this name, so that a new name begins with the oldest record. 3 to 200 letters, digits, dots, hyphens and underscores.
   * Needed but for AWS Lambda on Amazon Kinesis, which has none.
   *
   * @default - none, on Amazon Kinesis with AWS Lambda
   */
  readonly consumerGroup?: string;

  /**
   * A rule of AWS IoT that feeds the stream.
   *
   * @default - none; any producer may write
   */
  readonly iot?: IotSource;

  /**
   * Shards or partitions. Those of a topic only grow, and keys move when they do. A whole number, 1 to 500 shards or 4000
   * partitions.
   *
   * @default - derived
   */
  readonly partitions?: number;

  /**
   * Partitions that the topic has today (Amazon MSK): it never has fewer. A whole number, 1 to 4000.
   *
   * @default - there is no topic yet
   */
  readonly currentPartitions?: number;

  /**
   * Consumers: tasks, or batches that are worked on at once. A whole number, 1 or more.
   *
   * @default - the fewest that keep the promise
   */
  readonly instances?: number;

  /**
   * Records of one batch at most. A whole number, 1 to 10,000.
   *
   * @default - the fewest that make the fixed cost of a batch small
   */
  readonly batchSize?: number;

  /**
   * How long all consumers may be away with no record lost. 1 second to 7 days.
   *
   * @default Duration.hours(4)
   */
  readonly outage?: Duration;

  /**
   * Where records are named that no attempt could handle. On Amazon MSK with tasks of AWS Fargate they go to a topic that ends
   * in `.dead` instead.
   *
   * @default - a new queue, encrypted and retained
   */
  readonly failureQueue?: IQueue;

  /**
   * The key that encrypts the stream and the queues that are made.
   *
   * @default - keys of Amazon Kinesis and Amazon SQS
   */
  readonly encryptionKey?: IKey;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms still exist
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;

  /**
   * Whether to make a CloudWatch dashboard.
   *
   * @default true
   */
  readonly dashboard?: boolean;

  /**
   * What happens to the stream or topic, and to the queues, when they leave the stack or are replaced. RETAIN,
   * RETAIN_ON_UPDATE_OR_DELETE or DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

const IOT_KINDS: Kinds<IotSource> = { sql: needed(TEXT), key: TEXT, errorQueue: QUEUE, destinationArn: TEXT };

/** What each prop has to be. */
export const STREAM_KINDS: Kinds<PartitionedStreamProps> = {
  workload: CHECKED,
  objective: CHECKED,
  consumer: needed(
    having(
      ['_lambda', '_fargate'],
      'a StreamConsumer: StreamConsumer.lambda({ function }) or StreamConsumer.fargate(…)',
    ),
  ),
  stream: having(
    ['_kinesis', '_kafka'],
    'a StreamKind: StreamKind.kinesis() or StreamKind.msk({ clusterArn, topicName })',
  ),
  consumerGroup: TEXT,
  iot: struct(IOT_KINDS),
  partitions: CHECKED,
  currentPartitions: CHECKED,
  instances: CHECKED,
  batchSize: CHECKED,
  outage: DURATION,
  failureQueue: QUEUE,
  encryptionKey: KEY,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  dashboard: FLAG,
  removalPolicy: CHECKED,
};

/** The stream, or the default. */
export function streamKind({ stream }: PartitionedStreamProps): StreamKind {
  return stream ?? StreamKind.kinesis();
}

/** Whether records that no attempt could handle go to a topic. */
export function hasDeadTopic(props: PartitionedStreamProps): boolean {
  return streamKind(props)._kafka !== undefined && props.consumer?._fargate !== undefined;
}

/** The question that the plan answers. */
export function streamQuestion(props: PartitionedStreamProps): StreamQuestion {
  const { workload, objective, consumer, partitions, currentPartitions, instances, batchSize, outage } = props;
  const kind = streamKind(props);
  // One that is refused is named once, as it was given.
  const outageSeconds = outageCheck(outage).refused ? undefined : resolvedSeconds(outage);
  const platform: StreamPlatformName = `${kind._kafka ? 'msk' : 'kinesis'}-${consumer?._fargate ? 'fargate' : 'lambda'}`;
  return {
    workload,
    objective,
    platform,
    ...consumer?._asked,
    ...(kind._kinesis?.onDemand && { onDemand: true }),
    ...(kind._kafka?.existingTopic && { existingTopic: true }),
    ...(partitions !== undefined && { partitions }),
    ...(currentPartitions !== undefined && { currentPartitions }),
    ...(instances !== undefined && { instances }),
    ...(batchSize !== undefined && { batchSize }),
    ...(outageSeconds !== undefined && { outageSeconds }),
  };
}

function outageCheck(outage: Duration | undefined): Check {
  return wholeSeconds('outage', outage, 1, WEEK_SECONDS);
}

/** What is wrong with the props, beside what the plan refuses. */
export function streamPropsChecks(props: PartitionedStreamProps): Check[] {
  const { consumer, consumerGroup, partitions, outage, failureQueue, removalPolicy } = props;
  const kind = streamKind(props);
  const { _kinesis: kinesis, _kafka: kafka } = kind;
  const isNameless = kafka === undefined && consumer?._fargate === undefined;
  const there = kafka?.existingTopic
    ? 'an existing topic'
    : kinesis?.stream && !kinesis.onDemand
      ? 'a stream'
      : undefined;
  return [
    ...kind._checks,
    ...(consumer?._checks ?? []),
    outageCheck(outage),
    {
      refused: consumer !== undefined && isNameless && consumerGroup !== undefined,
      message: 'consumerGroup must be left out for AWS Lambda on Amazon Kinesis: its mapping keeps what was handled',
    },
    {
      refused: consumer !== undefined && !isNameless && consumerGroup === undefined,
      message: 'consumerGroup is missing: what was handled is kept under this name',
    },
    {
      refused:
        consumerGroup !== undefined && (Token.isUnresolved(consumerGroup) || !/^[\w.-]{3,200}$/.test(consumerGroup)),
      message: `consumerGroup must be 3 to 200 letters, digits, dots, hyphens and underscores, got ${shown(consumerGroup)}`,
    },
    {
      refused: there !== undefined && partitions === undefined,
      message: `partitions must be given with ${there}, whose number is not known here`,
    },
    {
      refused: failureQueue !== undefined && hasDeadTopic(props),
      message: `failureQueue must be left out for AWS Fargate on Amazon MSK: records go to the topic that ends in .dead`,
    },
    {
      refused: kafka !== undefined && consumer?._fargate !== undefined && kafka.bootstrapServers === undefined,
      message: 'stream.bootstrapServers must be given for AWS Fargate: its tasks do not find the brokers by themselves',
    },
    ...iotChecks(props, kind),
    removalCheck(removalPolicy),
  ];
}

function iotChecks({ iot }: PartitionedStreamProps, { _kafka: kafka }: StreamKind): Check[] {
  if (iot === undefined) return [];
  const { sql, key, destinationArn } = iot;
  return [
    { refused: sql?.trim() === '', message: 'iot.sql must be a statement of AWS IoT SQL, got an empty text' },
    {
      refused: key !== undefined && !Token.isUnresolved(key) && !/\$\{[^}]+\}/.test(key),
      message: `iot.key must have a substitution template such as \${clientid()}, or every record has the same key, got ${shown(key)}`,
    },
    {
      refused: kafka === undefined && destinationArn !== undefined,
      message: 'iot.destinationArn is for Amazon MSK; leave it out with Amazon Kinesis',
    },
    {
      refused: kafka !== undefined && destinationArn === undefined,
      message: 'iot.destinationArn must be given on Amazon MSK: the rule reaches the brokers through it',
    },
    ...(['scramSecret', 'bootstrapServers'] as const).map((name) => ({
      refused: kafka !== undefined && kafka[name] === undefined,
      message: `stream.${name} must be given with iot on Amazon MSK: the rule signs in to the brokers by itself`,
    })),
  ];
}
