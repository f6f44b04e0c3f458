/** What keeps records: the stream or the topic, and where records go that could not be handled or delivered. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { CfnTopic } from 'aws-cdk-lib/aws-msk';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { DEAD_SUFFIX } from '../../flow/streams/run-time';
import type { StreamPlan } from '../../flow/streams/workload';
import { topicConfigs } from '../kafka-cluster';
import { parkedQueue } from '../parked-queue';
import { type PartitionedStreamProps, streamKind } from './partitioned-stream-props';

/** The stream of Amazon Kinesis, encrypted. */
export function createStream(scope: Construct, props: PartitionedStreamProps, plan: StreamPlan): Stream {
  const { encryptionKey, removalPolicy = RemovalPolicy.RETAIN } = props;
  return new Stream(scope, 'Stream', {
    ...(streamKind(props)._kinesis?.onDemand
      ? { streamMode: StreamMode.ON_DEMAND }
      : { streamMode: StreamMode.PROVISIONED, shardCount: plan.value('partitions') }),
    retentionPeriod: Duration.seconds(plan.value('retentionSeconds')),
    encryption: encryptionKey ? StreamEncryption.KMS : StreamEncryption.MANAGED,
    encryptionKey,
    removalPolicy,
  });
}

/** The topic of Amazon MSK. */
export function createTopic(scope: Construct, props: PartitionedStreamProps, plan: StreamPlan): CfnTopic {
  const { topicName } = streamKind(props)._kafka!;
  return topic(scope, 'Topic', props, {
    topicName,
    partitions: plan.value('partitions'),
    retentionSeconds: plan.value('retentionSeconds'),
    segmentSeconds: plan.value('segmentSeconds'),
    maxMessageBytes: plan.value('maxMessageBytes'),
  });
}

/** The topic of the records that tasks set aside. */
export function createDeadTopic(scope: Construct, props: PartitionedStreamProps, plan: StreamPlan): CfnTopic {
  const { topicName } = streamKind(props)._kafka!;
  return topic(scope, 'DeadTopic', props, {
    topicName: topicName + DEAD_SUFFIX,
    // What is set aside is rare, and has no order to keep.
    partitions: 1,
    retentionSeconds: plan.value('deadRetentionSeconds'),
    segmentSeconds: plan.value('deadSegmentSeconds'),
    maxMessageBytes: plan.value('deadMaxMessageBytes'),
  });
}

interface TopicSettings {
  readonly topicName: string;
  readonly partitions: number;
  readonly retentionSeconds: number;
  readonly segmentSeconds: number;
  readonly maxMessageBytes: number;
}

function topic(scope: Construct, id: string, props: PartitionedStreamProps, settings: TopicSettings): CfnTopic {
  const { removalPolicy = RemovalPolicy.RETAIN } = props;
  const { clusterArn, replicas = 3, minInsyncReplicas = Math.max(1, replicas - 1) } = streamKind(props)._kafka!;
  const made = new CfnTopic(scope, id, {
    clusterArn,
    topicName: settings.topicName,
    partitionCount: settings.partitions,
    replicationFactor: replicas,
    configs: topicConfigs({
      'min.insync.replicas': minInsyncReplicas,
      'retention.ms': 1000 * settings.retentionSeconds,
      'segment.ms': 1000 * settings.segmentSeconds,
      'max.message.bytes': settings.maxMessageBytes,
    }),
  });
  made.applyRemovalPolicy(removalPolicy);
  return made;
}

/** The queue of the records that no attempt could handle. */
export function createFailureQueue(scope: Construct, props: PartitionedStreamProps, plan: StreamPlan): IQueue {
  return queue(
    scope,
    'Failures',
    props,
    plan,
    'It names records that no attempt could handle, which wait for a person.',
  );
}

/** The queue of the messages that a rule could not deliver. */
export function createErrorQueue(scope: Construct, props: PartitionedStreamProps, plan: StreamPlan): IQueue {
  return queue(
    scope,
    'RuleErrors',
    props,
    plan,
    'It holds messages that a rule could not deliver, which wait for a person.',
  );
}

function queue(scope: Construct, id: string, props: PartitionedStreamProps, plan: StreamPlan, holds: string): IQueue {
  const { encryptionKey, removalPolicy } = props;
  return parkedQueue(scope, id, {
    retentionSeconds: plan.value('deadRetentionSeconds'),
    encryptionKey,
    removalPolicy,
    holds,
  });
}
