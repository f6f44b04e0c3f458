/** Tasks of AWS Fargate that read the stream: a group of fixed size. */
import { Stack } from 'aws-cdk-lib';
import { Port } from 'aws-cdk-lib/aws-ec2';
import { type ContainerDefinition, FargateService, type FargateTaskDefinition, Secret } from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { type Check, validate } from '../../flow/errors';
import { DEAD_SUFFIX, STREAM_VARIABLES } from '../../flow/streams/run-time';
import type { StreamPlan } from '../../flow/streams/workload';
import { createTask, createTaskLogs, stopSeconds } from '../fargate-task';
import { KAFKA_PORTS, kafkaArn } from '../kafka-cluster';
import { describeGroups } from '../security-groups';
import { taskLogs } from '../task-logs';
import type { StreamTaskProps } from './stream-consumer';
import type { KafkaTopicOptions } from './stream-kind';

/** What is read, and where records go that no attempt could handle. */
export interface ReadStream {
  readonly consumerGroup: string;
  readonly stream?: IStream;
  readonly kafka?: KafkaTopicOptions;
  /** On Amazon Kinesis. */
  readonly failureQueue?: IQueue;
}

/** What runs the consumers. */
export interface StreamService {
  readonly service: FargateService;
  readonly taskDefinition: FargateTaskDefinition;
  readonly container: ContainerDefinition;
  /** Where they log, when it is made here. */
  readonly logGroup?: ILogGroup;
}

/** Tables of the Kinesis Client Library 3, which begin with the name of the application. */
const LEASE_TABLES = ['', '-WorkerMetricStats', '-CoordinatorState'];

/** Makes the service with as many tasks as planned. */
export function createStreamService(
  scope: Construct,
  subject: string,
  props: StreamTaskProps,
  from: ReadStream,
  plan: StreamPlan,
): StreamService {
  const own = variables(from, plan);
  validate(subject, taskChecks(props, own, plan));
  const logGroup = props.taskDefinition === undefined ? createTaskLogs(scope) : undefined;
  const taskDefinition =
    props.taskDefinition ??
    createTask(
      scope,
      {
        ...props,
        // Checked before: without a task definition there is an image.
        image: props.image!,
        logging: taskLogs(logGroup!, 'consumer'),
      },
      {
        container: 'Consumer',
        stopTimeoutSeconds: plan.value('stopTimeoutSeconds'),
        variables: 'The variables are names and numbers of the plan; secrets come through `secrets`.',
      },
    );
  const container = taskDefinition.defaultContainer!;
  for (const [name, value] of Object.entries(own)) container.addEnvironment(name, value);
  grantRead(taskDefinition, from);
  const secret = from.kafka?.scramSecret;
  if (secret !== undefined) {
    container.addSecret('KAFKA_USERNAME', Secret.fromSecretsManager(secret, 'username'));
    container.addSecret('KAFKA_PASSWORD', Secret.fromSecretsManager(secret, 'password'));
  }
  const service = new FargateService(scope, 'Service', {
    cluster: props.cluster,
    taskDefinition,
    desiredCount: plan.value('instances'),
    // One task after the other: 200 % would double the members of the group, and deal out its partitions twice.
    maxHealthyPercent: plan.value('maximumPercent'),
    minHealthyPercent: plan.value('minimumHealthyPercent'),
    circuitBreaker: { rollback: true },
    securityGroups: props.securityGroups,
    vpcSubnets: props.vpcSubnets,
    assignPublicIp: props.assignPublicIp,
    capacityProviderStrategies: props.capacityProviderStrategies,
  });
  if (props.securityGroups === undefined) describeGroups(service);
  const brokers = from.kafka?.clusterSecurityGroup;
  if (brokers !== undefined) {
    const port = secret === undefined ? KAFKA_PORTS.iam : KAFKA_PORTS.scram;
    service.connections.allowTo(brokers, Port.tcp(port), 'Consumers of a stream');
  }
  return { service, taskDefinition, container, logGroup };
}

/** What the container is told. */
function variables(
  { consumerGroup, stream, kafka, failureQueue }: ReadStream,
  plan: StreamPlan,
): Record<string, string> {
  return {
    [STREAM_VARIABLES.batchSize]: String(plan.value('batchSize')),
    [STREAM_VARIABLES.attempts]: String(plan.value('retryAttempts')),
    [STREAM_VARIABLES.timeoutSeconds]: String(plan.value('batchTimeoutSeconds')),
    ...(kafka !== undefined && {
      BOOTSTRAP_SERVERS: kafka.bootstrapServers!.join(','),
      TOPIC: kafka.topicName,
      CONSUMER_GROUP: consumerGroup,
      [STREAM_VARIABLES.deadTopic]: kafka.topicName + DEAD_SUFFIX,
      KAFKA_TLS: 'true',
    }),
    ...(stream !== undefined && {
      STREAM_NAME: stream.streamName,
      APPLICATION_NAME: consumerGroup,
      FAILURE_QUEUE_URL: failureQueue!.queueUrl,
    }),
  };
}

function taskChecks(
  { taskDefinition: given, environment = {}, secrets = {} }: StreamTaskProps,
  own: Readonly<Record<string, string>>,
  plan: StreamPlan,
): Check[] {
  const container = given?.defaultContainer;
  const needed = plan.value('stopTimeoutSeconds');
  const stop = given === undefined ? needed : stopSeconds(container);
  return [
    // Of a name that is both a variable and a secret ECS takes neither.
    ...Object.entries({ environment, secrets }).flatMap(([prop, given]) =>
      Object.keys(given).map((name) => ({
        refused: name in own,
        message: `consumer.${prop} must not have ${name}, which is set here from the plan`,
      })),
    ),
    {
      refused: given !== undefined && container === undefined,
      message: `the task definition ${given?.node.path} has no container; add the consumer's container before it is given`,
    },
    {
      refused: stop < needed,
      message: `stopTimeout of the container ${container?.containerName} must be at least ${needed} s, so that a stopped task finishes its batch, got ${stop} s`,
    },
  ];
}

/** It may read its stream, keep what it has handled, and set records aside. */
function grantRead(
  { taskRole }: FargateTaskDefinition,
  { consumerGroup, stream, kafka, failureQueue }: ReadStream,
): void {
  const allow = (actions: string[], resources: string[], conditions?: Record<string, unknown>) =>
    taskRole.addToPrincipalPolicy(new PolicyStatement({ actions, resources, conditions }));
  if (kafka !== undefined) {
    // A SCRAM user has its permissions on the cluster.
    if (kafka.scramSecret !== undefined) return;
    const { clusterArn, topicName } = kafka;
    allow(['kafka-cluster:Connect'], [clusterArn]);
    allow(['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData'], [kafkaArn(clusterArn, 'topic', topicName)]);
    allow(
      ['kafka-cluster:DescribeTopic', 'kafka-cluster:WriteData'],
      [kafkaArn(clusterArn, 'topic', topicName + DEAD_SUFFIX)],
    );
    allow(['kafka-cluster:DescribeGroup', 'kafka-cluster:AlterGroup'], [kafkaArn(clusterArn, 'group', consumerGroup)]);
    return;
  }
  stream!.grantRead(taskRole);
  failureQueue!.grantSendMessages(taskRole);
  const { partition, region, account } = Stack.of(taskRole);
  const tables = LEASE_TABLES.map(
    (end) => `arn:${partition}:dynamodb:${region}:${account}:table/${consumerGroup}${end}`,
  );
  allow(LEASE_ACTIONS, tables);
  allow(['dynamodb:Query'], [`${tables[0]}/index/LeaseOwnerToLeaseKeyIndex`]);
  // It has no resources; the namespace is the application's.
  allow(['cloudwatch:PutMetricData'], ['*'], { StringEquals: { 'cloudwatch:namespace': consumerGroup } });
}

/** Amazon Kinesis Data Streams developer guide, IAM permissions required for KCL consumer applications. */
const LEASE_ACTIONS = [
  'dynamodb:CreateTable',
  'dynamodb:DescribeTable',
  'dynamodb:UpdateTable',
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:Scan',
];
