import { Token } from 'aws-cdk-lib';
import type { ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { type Check, shown, wholeNumber } from '../../flow/errors';
import { FLAG, type Kinds, listOf, NUMBER, needed, type Sound, sound, TEXT } from '../../flow/kinds';
import { DEAD_SUFFIX } from '../../flow/streams/run-time';
import { clusterArnCheck } from '../kafka-cluster';
import { KINESIS_STREAM, SECRET, SECURITY_GROUP } from '../kinds';

/** Kafka allows 249 characters in the name of a topic. */
const LONGEST_TOPIC = 249 - DEAD_SUFFIX.length;

/**
 * A stream of Amazon Kinesis.
 */
export interface KinesisStreamOptions {
  /**
   * A stream that there is already. Give `partitions` with it, the shards that it has, unless it is on demand. It has to keep
   * records for the knob `retentionSeconds` at least, which is not checked here.
   *
   * @default - a new one, encrypted
   */
  readonly stream?: IStream;

  /**
   * Whether the stream sets the number of its shards by itself. It begins with 4, takes up to twice its highest load of the
   * last 30 days, and costs by what is written and read. It does not help one key that is too frequent. With AWS Lambda only:
   * tasks need to know how many shards they share.
   *
   * @default false
   */
  readonly onDemand?: boolean;
}

/**
 * A topic of a provisioned cluster on Amazon MSK.
 */
export interface KafkaTopicOptions {
  /**
   * ARN of the cluster.
   */
  readonly clusterArn: string;

  /**
   * Name of the topic. 2 to 244 letters, digits, dots, hyphens and underscores, with no dot first.
   */
  readonly topicName: string;

  /**
   * Whether the topic is there already, such as one of a tenant of `KafkaQuotas`. Then `partitions` are those that it has.
   *
   * @default false
   */
  readonly existingTopic?: boolean;

  /**
   * Copies of every record. A whole number, 1 to 100.
   *
   * @default 3
   */
  readonly replicas?: number;

  /**
   * Copies that a write waits for, with `acks=all`. A whole number, 1 to `replicas`.
   *
   * @default - all copies but one
   */
  readonly minInsyncReplicas?: number;

  /**
   * A secret with `username` and `password` of a SCRAM user that is associated with the cluster; its name begins with
   * `AmazonMSK_`. The consumers sign in with it, and so does an IoT rule.
   *
   * @default - the consumers sign in with their role, by IAM access control. A function does; of tasks the image has to, which
   * the shipped `stream-worker` does not
   */
  readonly scramSecret?: ISecret;

  /**
   * Hosts and ports of brokers, such as `b-1.events.example:9096`. Needed for tasks of AWS Fargate and for an IoT rule; AWS
   * Lambda finds the brokers by itself.
   *
   * @default - none
   */
  readonly bootstrapServers?: string[];

  /**
   * The security group of the brokers. It gets a rule that admits the tasks of AWS Fargate on one port.
   *
   * @default - you admit them
   */
  readonly clusterSecurityGroup?: ISecurityGroup;
}

const KINESIS_KINDS: Kinds<KinesisStreamOptions> = { stream: KINESIS_STREAM, onDemand: FLAG };
const KAFKA_KINDS: Kinds<KafkaTopicOptions> = {
  clusterArn: needed(TEXT),
  topicName: needed(TEXT),
  existingTopic: FLAG,
  replicas: NUMBER,
  minInsyncReplicas: NUMBER,
  scramSecret: SECRET,
  bootstrapServers: listOf(TEXT),
  clusterSecurityGroup: SECURITY_GROUP,
};

/**
 * What carries the records: a stream of Amazon Kinesis, or a topic of Amazon MSK. Pick one of the two.
 */
export class StreamKind {
  /** Amazon Kinesis: shards are split later while records keep their order, so they are as many as the load needs. */
  public static kinesis(options?: KinesisStreamOptions): StreamKind {
    return new StreamKind(sound(options ?? {}, KINESIS_KINDS, 'stream'), undefined);
  }

  /** Amazon MSK: a topic on a cluster that there is. Its partitions are never fewer, so they are for a multiple of the load. */
  public static msk(options: KafkaTopicOptions): StreamKind {
    return new StreamKind(undefined, sound(options, KAFKA_KINDS, 'stream'));
  }

  private constructor(
    private readonly ofKinesis: Sound<KinesisStreamOptions> | undefined,
    private readonly ofKafka: Sound<KafkaTopicOptions> | undefined,
  ) {}

  /**
   * The stream; undefined for a topic.
   *
   * @internal
   */
  public get _kinesis(): KinesisStreamOptions | undefined {
    return this.ofKinesis?.props;
  }

  /**
   * The topic; undefined for a stream.
   *
   * @internal
   */
  public get _kafka(): KafkaTopicOptions | undefined {
    return this.ofKafka?.props;
  }

  /**
   * What is wrong with the options.
   *
   * @internal
   */
  public get _checks(): Check[] {
    const { ofKinesis, ofKafka } = this;
    if (ofKafka === undefined) return ofKinesis?.checks ?? [];
    const { clusterArn, topicName, replicas = 3, minInsyncReplicas, bootstrapServers } = ofKafka.props;
    const isName = topicName === undefined || new RegExp(`^[\\w-][\\w.-]{1,${LONGEST_TOPIC - 1}}$`).test(topicName);
    return [
      ...ofKafka.checks,
      clusterArnCheck(clusterArn, 'stream.clusterArn'),
      {
        refused: Token.isUnresolved(topicName) || !isName,
        message: `stream.topicName must be 2 to ${LONGEST_TOPIC} letters, digits, dots, hyphens and underscores, with no dot first, got ${shown(topicName)}`,
      },
      wholeNumber('stream.replicas', replicas, 1, 100),
      wholeNumber('stream.minInsyncReplicas', minInsyncReplicas, 1, Math.max(1, replicas)),
      {
        refused: bootstrapServers?.length === 0,
        message: 'stream.bootstrapServers must have one host and port at least, got none',
      },
    ];
  }
}
