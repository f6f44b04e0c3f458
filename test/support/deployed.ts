/** What CloudFormation does with what a stack holds when a second template takes the place of the first. */
import type { Untyped } from './stack';

/** A template, as it is deployed. */
// biome-ignore lint/suspicious/noExplicitAny: what Template.toJSON() gives
export type Deployable = { readonly [section: string]: any };

/** What becomes of a resource of the first template. */
export type Fate = 'kept' | 'retained' | 'deleted';

/** One resource of the first template. */
export interface Outcome {
  readonly logicalId: string;
  readonly type: string;
  readonly fate: Fate;
}

/**
 * Types whose resources hold what nobody can make again, with the properties whose change replaces the resource
 * (AWS CloudFormation template reference, "Update requires: Replacement").
 */
export const STATEFUL: Readonly<Record<string, readonly string[]>> = {
  'AWS::SQS::Queue': ['QueueName', 'FifoQueue'],
  'AWS::DynamoDB::Table': ['TableName', 'KeySchema', 'LocalSecondaryIndexes'],
  'AWS::DynamoDB::GlobalTable': ['TableName', 'KeySchema', 'LocalSecondaryIndexes'],
  'AWS::S3::Bucket': ['BucketName', 'ObjectLockEnabled'],
  'AWS::SecretsManager::Secret': ['Name'],
  'AWS::Kinesis::Stream': ['Name'],
  'AWS::KinesisFirehose::DeliveryStream': ['DeliveryStreamName', 'DeliveryStreamType'],
  'AWS::KMS::Key': ['KeySpec', 'KeyUsage', 'MultiRegion'],
  'AWS::APS::Workspace': ['KmsKeyArn'],
  'AWS::AmazonMQ::Broker': [
    'BrokerName',
    'DeploymentMode',
    'EncryptionOptions',
    'EngineType',
    'PubliclyAccessible',
    'SubnetIds',
  ],
  'AWS::MSK::Cluster': ['ClusterName', 'ClientSubnets'],
  'AWS::MSK::Topic': ['ClusterArn', 'TopicName', 'ReplicationFactor'],
  'AWS::MSK::BatchScramSecret': ['ClusterArn'],
  'AWS::Glue::Database': ['CatalogId'],
  'AWS::Glue::Table': ['CatalogId', 'DatabaseName'],
  'AWS::S3Tables::Namespace': ['Namespace', 'TableBucketARN'],
  'AWS::S3Tables::Table': ['Namespace', 'TableBucketARN', 'TableName', 'IcebergMetadata'],
  'AWS::S3Tables::TableBucket': ['TableBucketName'],
  // Quotas of a cluster: without them any tenant takes all of it.
  'Custom::KafkaQuotas': ['ClusterArn', 'ServiceToken'],
  // Queues with messages.
  'Custom::RabbitMqTopology': ['ServiceToken'],
};

/** Types of resources that hold nothing: what is in them is in the template, or is evidence for a month. */
export const STATELESS = [
  'AWS::APS::RuleGroupsNamespace',
  'AWS::ApiGateway::',
  'AWS::ApplicationAutoScaling::',
  // Jobs that wait are deleted with their queue; who replaces a queue drains it first.
  'AWS::Batch::',
  'AWS::Budgets::Budget',
  'AWS::CDK::Metadata',
  'AWS::CloudWatch::',
  'AWS::CodeBuild::Project',
  'AWS::EC2::',
  'AWS::ECS::',
  // What a run has done is in the checkpoint.
  'AWS::EMRServerless::Application',
  'AWS::ElasticLoadBalancingV2::',
  'AWS::Events::Rule',
  'AWS::Glue::Job',
  // The schema is in the template.
  'AWS::Glue::Registry',
  'AWS::Glue::Schema',
  'AWS::Glue::TableOptimizer',
  'AWS::IAM::',
  'AWS::IoT::TopicRule',
  // A delivery holds records for minutes; they are in the stream and in the topic for days.
  'AWS::Kinesis::Channel',
  'AWS::Lambda::',
  'AWS::Logs::',
  'AWS::MSK::Channel',
  'AWS::Logs::LogGroup',
  'AWS::RDS::DBClusterParameterGroup',
  'AWS::RDS::DBParameterGroup',
  'AWS::S3::BucketPolicy',
  'AWS::SES::',
  'AWS::SNS::',
  'AWS::Scheduler::',
  'AWS::SQS::QueuePolicy',
  'AWS::WAFv2::',
  'Custom::KafkaBrokers',
  'Custom::StreamingRun',
];

/** Deploys `after` over `before`: every resource of `before` with its fate. */
export function deployed(before: Deployable, after: Deployable): Outcome[] {
  return Object.entries<Untyped>(before.Resources).map(([logicalId, old]) => {
    const next = after.Resources[logicalId];
    const outcome = (fate: Fate) => ({ logicalId, type: old.Type as string, fate });
    // What is no longer in the template goes by the policy of the last template that it was in.
    if (next === undefined || next.Type !== old.Type) return outcome(retains(old.DeletionPolicy));
    const replaced = (STATEFUL[old.Type] ?? []).some((property) => differs(property, old.Properties, next.Properties));
    if (!replaced) return outcome('kept');
    // A policy that only one of the two templates has is none to rely on.
    const policies = [old.UpdateReplacePolicy, next.UpdateReplacePolicy].map(retains);
    return outcome(policies.includes('deleted') ? 'deleted' : 'retained');
  });
}

/** The outcomes of stateful resources, by type and construct path where there is one. */
export function lost(before: Deployable, after: Deployable): string[] {
  return deployed(before, after)
    .filter(({ type, fate }) => type in STATEFUL && fate === 'deleted')
    .map(({ type, logicalId }) => `${type} ${logicalId}`);
}

/** A stack that is deleted. */
export const NOTHING: Deployable = { Resources: {} };

function retains(policy: unknown): Fate {
  return policy === 'Retain' || policy === 'RetainExceptOnCreate' || policy === 'Snapshot' ? 'retained' : 'deleted';
}

function differs(property: string, old: Untyped = {}, next: Untyped = {}): boolean {
  return JSON.stringify(old[property]) !== JSON.stringify(next[property]);
}
