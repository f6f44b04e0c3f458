/** Kinds of values that props of AWS constructs are. Known by their members: a second copy of aws-cdk-lib has other classes. */
import { having } from '../flow/kinds';

export const DURATION = having(['toSeconds', 'isUnresolved'], 'a Duration: Duration.seconds(30)');
export const QUEUE = having(
  ['queueArn', 'queueUrl', 'node'],
  'a queue of Amazon SQS: a Queue, a RedriveQueue or Queue.fromQueueArn()',
);
export const TOPIC = having(['topicArn', 'node'], 'a topic of Amazon SNS: a Topic or Topic.fromTopicArn()');
export const ALARM_ACTION = having(['bind'], 'an action of an alarm: new SnsAction(topic), new LambdaAction(function)');
export const KEY = having(['keyArn', 'node'], 'a key of AWS KMS: a Key or Key.fromKeyArn()');
export const KINESIS_STREAM = having(
  ['streamArn', 'node'],
  'a stream of Amazon Kinesis: a Stream or Stream.fromStreamArn()',
);
export const LAMBDA = having(['functionArn', 'node'], 'a Lambda function');
export const MAPPING = having(
  ['eventSourceMappingId', 'node'],
  'an event source mapping: an EventSourceMapping or EventSourceMapping.fromEventSourceMappingId()',
);
export const SECRET = having(
  ['secretArn', 'node'],
  'a secret of Secrets Manager: a Secret or Secret.fromSecretCompleteArn()',
);
export const BUCKET = having(['bucketArn', 'node'], 'an S3 bucket: a Bucket or Bucket.fromBucketName()');
export const VPC = having(['vpcId', 'node'], 'a VPC: a Vpc or Vpc.fromLookup()');
export const SECURITY_GROUP = having(
  ['securityGroupId', 'connections'],
  'a security group: a SecurityGroup or SecurityGroup.fromSecurityGroupId()',
);
export const CLUSTER = having(['clusterArn', 'vpc'], 'an ECS cluster: a Cluster or Cluster.fromClusterAttributes()');
export const ROLE = having(['roleArn', 'node'], 'a role of IAM: a Role or Role.fromRoleArn()');
export const TABLE = having(['tableName', 'tableArn', 'node'], 'a table of DynamoDB: a Table or Table.fromTableName()');
export const SCHEDULE_GROUP = having(
  ['scheduleGroupName', 'node'],
  'a schedule group of EventBridge Scheduler: a ScheduleGroup or ScheduleGroup.fromScheduleGroupName()',
);
export const PLAN = having(['knobs', 'value'], 'a plan, such as the plan of the construct that made what is watched');
export const EMAIL_IDENTITY = having(
  ['emailIdentityArn', 'node'],
  'an identity of Amazon SES: an EmailIdentity or EmailIdentity.fromEmailIdentityArn()',
);
export const CONFIGURATION_SET = having(
  ['configurationSetName', 'node'],
  'a configuration set of Amazon SES: a ConfigurationSet or ConfigurationSet.fromConfigurationSetName()',
);
export const SIZE = having(['toBytes', 'isUnresolved'], 'a Size: Size.mebibytes(64)');
export const LOG_GROUP = having(
  ['logGroupName', 'node'],
  'a log group of CloudWatch Logs: a LogGroup or LogGroup.fromLogGroupName()',
);
export const ECS_SERVICE = having(['serviceName', 'cluster'], 'a service of Amazon ECS: a FargateService');
export const DELIVERY_STREAM = having(
  ['deliveryStreamArn', 'deliveryStreamName'],
  'a stream of Amazon Data Firehose: a DeliveryStream or DeliveryStream.fromDeliveryStreamName()',
);
export const DOCUMENTDB = having(
  ['clusterIdentifier', 'connections'],
  'a cluster of Amazon DocumentDB: a DatabaseCluster or DatabaseCluster.fromDatabaseClusterAttributes()',
);
