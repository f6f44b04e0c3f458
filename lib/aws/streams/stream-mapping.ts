/** How AWS Lambda reads the stream, with the numbers of the plan. */
import { Annotations, Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import {
  EventSourceMapping,
  type EventSourceMappingOptions,
  type IFunction,
  SourceAccessConfigurationType,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { type Check, shown } from '../../flow/errors';
import type { StreamPlan } from '../../flow/streams/workload';
import { kafkaArn } from '../kafka-cluster';
import { grantSecretValue } from '../secret-value';
import { reservedConcurrency } from '../worker-function';
import type { KafkaTopicOptions } from './stream-kind';

type Topic = KafkaTopicOptions & { readonly consumerGroup: string };

/** What is read, and where records go that no attempt could handle. */
export interface MappedStream {
  readonly stream?: IStream;
  readonly kafka?: Topic;
  readonly failureQueue: IQueue;
}

/** Whether the function fits the plan. */
export function functionChecks(fn: IFunction, timeout: Duration | undefined, plan: StreamPlan): Check[] {
  const seconds = timeout?.isUnresolved() ? undefined : timeout?.toSeconds({ integral: false });
  const needed = plan.value('batchTimeoutSeconds');
  const reserved = reservedConcurrency(fn);
  const instances = plan.value('instances');
  return [
    {
      refused: seconds !== undefined && seconds < needed,
      message: `the function's time-out must be at least that of a batch, ${needed} s, got ${shown(seconds)} s: one that is ended half way is worked on again`,
    },
    {
      refused: reserved !== undefined && reserved < instances,
      message: `reservedConcurrentExecutions must be at least the ${instances} batches that are worked on at once, got ${shown(reserved)}: a batch that is throttled waits, and its shard with it`,
    },
  ];
}

/** Makes the mapping, and lets the function read. */
export function mapFunction(scope: Construct, fn: IFunction, from: MappedStream, plan: StreamPlan): EventSourceMapping {
  const { stream, kafka, failureQueue } = from;
  const knob = (name: string) => plan.knobs.find((one) => one.name === name)?.value;
  const pollers = knob('minimumPollers');
  // Lambda limits attempts at a record of Kafka with provisioned pollers only.
  const limited = stream !== undefined || pollers !== undefined;
  const source = stream === undefined ? ofKafka(fn, kafka!) : ofKinesis(fn, stream, plan);
  const mapping = new EventSourceMapping(scope, 'Mapping', {
    ...source,
    target: fn,
    // LATEST would skip what comes until the mapping has begun, which takes minutes.
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: plan.value('batchSize'),
    // The one of the CDK adds a permission, for which it needs a role.
    onFailure: fn.role ? new SqsDlq(failureQueue) : { bind: () => ({ destination: failureQueue.queueArn }) },
    ...(limited && {
      bisectBatchOnError: true,
      retryAttempts: plan.value('retryAttempts'),
      maxRecordAge: Duration.seconds(plan.value('maxRecordAgeSeconds')),
    }),
    ...(pollers !== undefined && {
      provisionedPollerConfig: { minimumPollers: pollers, maximumPollers: plan.value('maximumPollers') },
    }),
  });
  // Lambda checks whether the role may read before it creates the mapping.
  if (fn.role) mapping.node.addDependency(fn.role);
  else sayPermissions(scope, fn, from);
  return mapping;
}

/** Says what the role of an imported function needs: nothing here can change it. */
function sayPermissions(scope: Construct, fn: IFunction, { stream, kafka }: MappedStream): void {
  const needs = [
    ...(stream === undefined ? [] : ['to read the stream (AWSLambdaKinesisExecutionRole)']),
    ...(kafka === undefined
      ? []
      : ['to reach the cluster (AWSLambdaMSKExecutionRole), and to read the topic as the group']),
    'to send to the failure queue (sqs:SendMessage)',
  ];
  Annotations.of(scope).addWarningV2(
    'Backpressure::stream-function-role',
    `the function ${fn.node.path} is imported without its role, which needs ${needs.join(', and ')}. Without that the mapping is not created; give the function its role, or acknowledge this warning`,
  );
}

function ofKinesis(fn: IFunction, stream: IStream, plan: StreamPlan): EventSourceMappingOptions {
  if (fn.role) stream.grantRead(fn);
  return {
    eventSourceArn: stream.streamArn,
    parallelizationFactor: plan.value('parallelizationFactor'),
    reportBatchItemFailures: true,
  };
}

function ofKafka(fn: IFunction, kafka: Topic): EventSourceMappingOptions {
  const { clusterArn, topicName, consumerGroup, scramSecret } = kafka;
  if (fn.role) grantKafka(fn, kafka);
  return {
    eventSourceArn: clusterArn,
    kafkaTopic: topicName,
    kafkaConsumerGroupId: consumerGroup,
    ...(scramSecret !== undefined && {
      sourceAccessConfigurations: [
        { type: SourceAccessConfigurationType.SASL_SCRAM_512_AUTH, uri: scramSecret.secretArn },
      ],
    }),
  };
}

function grantKafka(fn: IFunction, { clusterArn, topicName, consumerGroup, scramSecret }: Topic): void {
  const allow = (actions: string[], resource: string) =>
    fn.addToRolePolicy(new PolicyStatement({ actions, resources: [resource] }));
  allow(
    ['kafka:DescribeCluster', 'kafka:DescribeClusterV2', 'kafka:GetBootstrapBrokers', 'kafka:ListScramSecrets'],
    clusterArn,
  );
  // AWS Lambda developer guide, Amazon MSK: the pollers' network interfaces have no name before they exist.
  allow(NETWORK_ACTIONS, '*');
  if (scramSecret !== undefined) grantSecretValue(scramSecret, fn);
  else {
    allow(['kafka-cluster:Connect', 'kafka-cluster:DescribeClusterDynamicConfiguration'], clusterArn);
    allow(['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData'], kafkaArn(clusterArn, 'topic', topicName));
    allow(['kafka-cluster:DescribeGroup', 'kafka-cluster:AlterGroup'], kafkaArn(clusterArn, 'group', consumerGroup));
  }
}

const NETWORK_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSubnets',
  'ec2:DescribeVpcs',
];
