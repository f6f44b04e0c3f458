import { type CfnResource, Duration, type RemovalPolicy, Validations } from 'aws-cdk-lib';
import { type IStream, Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnTopic } from 'aws-cdk-lib/aws-msk';
import type { Construct } from 'constructs';
import { type Check, oneOf, shown, wholeNumber } from '../../flow/errors';
import type { LandingSourceName } from '../../flow/etl/platforms';
import type { EtlPlan } from '../../flow/etl/workload';
import { CHECKED, FLAG, having, type Kinds, NUMBER, needed, sound, TEXT } from '../../flow/kinds';
import { clusterArnCheck, clusterName, kafkaArn } from '../kafka-cluster';

/** What the brokers of a cluster on Amazon MSK are. */
export enum MskBrokers {
  /** Express brokers: they alone have a managed delivery. */
  EXPRESS = 'msk-express',
  /** Standard brokers. */
  STANDARD = 'msk-standard',
  /** MSK Serverless. */
  SERVERLESS = 'msk-serverless',
}

/**
 * A topic of a cluster on Amazon MSK.
 */
export interface MskTopicOptions {
  /**
   * ARN of the cluster.
   */
  readonly clusterArn: string;

  /**
   * Name of the topic. 1 to 249 letters, digits, dots, hyphens and underscores.
   */
  readonly topicName: string;

  /**
   * What the brokers are.
   *
   * @default MskBrokers.EXPRESS
   */
  readonly brokers?: MskBrokers;

  /**
   * Whether the topic is there already. Then none is made, and the plan says the partitions and the retention that it needs.
   *
   * @default false
   */
  readonly existingTopic?: boolean;

  /**
   * Copies of the topic. A whole number, 1 to 3; Express brokers always have 3.
   *
   * @default 3
   */
  readonly replicationFactor?: number;
}

/**
 * A stream of Amazon Kinesis.
 */
export interface KinesisSourceOptions {
  /**
   * The stream, in on-demand mode, and not encrypted with the key that AWS manages: neither other has a delivery.
   *
   * @default - an on-demand stream is made, encrypted with the key of the construct
   */
  readonly stream?: IStream;
}

const MSK_KINDS: Kinds<MskTopicOptions> = {
  clusterArn: needed(TEXT),
  topicName: needed(TEXT),
  brokers: CHECKED,
  existingTopic: FLAG,
  replicationFactor: NUMBER,
};
const KINESIS_KINDS: Kinds<KinesisSourceOptions> = {
  stream: having(['streamArn', 'node'], 'a stream of Kinesis: a Stream or Stream.fromStreamArn()'),
};
const TOPIC_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/;
const HOUR_MILLISECONDS = 3_600_000;

/**
 * What carries the records of a streaming ETL.
 */
export class EtlSource {
  /**
   * A topic of a cluster on Amazon MSK. A Spark job reads one of any cluster; a managed delivery only one of Express brokers.
   */
  public static mskTopic(options: MskTopicOptions): EtlSource {
    const { props, checks } = sound(options, MSK_KINDS, 'source.');
    return new EtlSource(props.brokers ?? MskBrokers.EXPRESS, [...checks, ...topicChecks(props)], props);
  }

  /**
   * An on-demand stream of Amazon Kinesis. A managed delivery reads it; the Spark job does not.
   */
  public static kinesisStream(options: KinesisSourceOptions = {}): EtlSource {
    const { props, checks } = sound(options, KINESIS_KINDS, 'source.');
    return new EtlSource('kinesis-on-demand', checks, undefined, props.stream);
  }

  private constructor(
    /**
     * As the plan calls it.
     *
     * @internal
     */
    public readonly _name: LandingSourceName,
    /**
     * What is wrong with the options.
     *
     * @internal
     */
    public readonly _checks: readonly Check[],
    /**
     * The topic, where it is one.
     *
     * @internal
     */
    public readonly _topic?: MskTopicOptions,
    private readonly stream?: IStream,
  ) {}

  /**
   * ARN of the topic.
   *
   * @internal
   */
  public _topicArn(): string {
    const { clusterArn, topicName } = this._topic as MskTopicOptions;
    return kafkaArn(clusterArn, 'topic', topicName);
  }

  /**
   * Dimensions of the metrics of a delivery from the topic.
   *
   * @internal
   */
  public _topicDimensions(): Record<string, string> {
    const { clusterArn, topicName } = this._topic as MskTopicOptions;
    return { ClusterName: clusterName(clusterArn), Topic: topicName };
  }

  /**
   * Makes the topic with the numbers of the plan, unless it is there already.
   *
   * @internal
   */
  public _createTopic(scope: Construct, plan: EtlPlan, removalPolicy: RemovalPolicy): CfnTopic | undefined {
    if (this._topic === undefined || this._topic.existingTopic) return undefined;
    const { clusterArn, topicName, replicationFactor = 3 } = this._topic;
    const configs = [
      // Express brokers set it themselves, and refuse another one.
      ...(this._name === MskBrokers.EXPRESS ? [] : [`min.insync.replicas=${Math.max(1, replicationFactor - 1)}`]),
      `retention.ms=${plan.value('retentionMilliseconds')}`,
    ].join('\n');
    const topic = new CfnTopic(scope, 'Topic', {
      clusterArn,
      topicName,
      partitionCount: plan.value('partitions'),
      replicationFactor,
      configs: Buffer.from(configs, 'utf8').toString('base64'),
    });
    topic.applyRemovalPolicy(removalPolicy);
    return topic;
  }

  /**
   * The stream that was given, or a new one with the retention of the plan.
   *
   * @param key makes the key of a new stream
   * @internal
   */
  public _stream(scope: Construct, plan: EtlPlan, key: () => IKey, removalPolicy: RemovalPolicy): IStream | undefined {
    if (this._topic !== undefined) return undefined;
    if (this.stream !== undefined) return this.stream;
    const stream = new Stream(scope, 'Stream', {
      streamMode: StreamMode.ON_DEMAND,
      retentionPeriod: Duration.hours(Math.ceil(plan.value('retentionMilliseconds') / HOUR_MILLISECONDS)),
      // The key that AWS manages is refused by a delivery.
      encryption: StreamEncryption.KMS,
      encryptionKey: key(),
    });
    stream.applyRemovalPolicy(removalPolicy);
    Validations.of(stream.node.defaultChild as CfnResource).acknowledge({
      id: 'AwsSolutions-KDS3',
      reason: 'A delivery refuses a stream that is encrypted with the key that AWS manages.',
    });
    return stream;
  }
}

function topicChecks({ clusterArn, topicName, brokers, replicationFactor }: Partial<MskTopicOptions>): Check[] {
  return [
    clusterArnCheck(clusterArn),
    {
      refused: topicName !== undefined && !TOPIC_NAME.test(topicName),
      message: `source.topicName must be 1 to 249 letters, digits, '.', '_' and '-', got ${shown(topicName)}`,
    },
    oneOf('source.brokers', brokers, Object.values(MskBrokers)),
    wholeNumber('source.replicationFactor', replicationFactor, 1, 3),
    {
      refused:
        (brokers ?? MskBrokers.EXPRESS) === MskBrokers.EXPRESS &&
        replicationFactor !== undefined &&
        replicationFactor !== 3,
      message: `source.replicationFactor of Express brokers is 3, got ${shown(replicationFactor)}`,
    },
  ];
}
