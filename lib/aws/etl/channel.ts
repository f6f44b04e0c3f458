/** The delivery itself: what reads a topic or a stream, and writes a table. */
import { CfnResource, Stack } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { EtlPlan } from '../../flow/etl/workload';
import type { EtlSource } from './etl-source';
import type { StreamLandingOptions } from './stream-sink';

/** Where in its bucket what cannot be delivered is. */
export const DEAD_LETTERS = 'dead-letters/';

/** What a delivery is told. */
export interface ChannelParts {
  readonly channelName: string;
  readonly plan: EtlPlan;
  readonly source: EtlSource;
  readonly stream?: IStream;
  readonly options: StreamLandingOptions;
  readonly role: IRole;
  readonly logGroup: LogGroup;
  readonly deadLetterBucket: IBucket;
  readonly tableBucketArn: string;
  /** Name of the table bucket. */
  readonly bucketName: string;
  readonly schemaArn: string;
  readonly encryptionKey?: IKey;
}

/** Makes it. The L1 classes of both came after the oldest aws-cdk-lib that this library works with. */
export function createChannel(scope: Construct, parts: ChannelParts): CfnResource {
  return parts.stream === undefined ? mskChannel(scope, parts) : kinesisChannel(scope, parts.stream, parts);
}

function mskChannel(scope: Construct, parts: ChannelParts): CfnResource {
  const { options, source, plan, encryptionKey } = parts;
  const { partition, region, account } = Stack.of(scope);
  return new CfnResource(scope, 'Channel', {
    type: 'AWS::MSK::Channel',
    properties: {
      ChannelName: parts.channelName,
      ClusterArn: source._topic?.clusterArn,
      TopicConfigurationList: [
        {
          TopicArn: source._topicArn(),
          RecordConverter: { ValueConverter: 'JSON' },
          RecordSchema: { GsrArn: parts.schemaArn },
        },
      ],
      IcebergDestinationConfiguration: {
        AppendOnly: true,
        SchemaEvolution: { EnableSchemaEvolution: false },
        TableCreation: { EnableTableCreation: true },
        Catalog: {
          CatalogArn: `arn:${partition}:glue:${region}:${account}:catalog/s3tablescatalog/${parts.bucketName}`,
          WarehouseLocation: parts.tableBucketArn,
        },
        DataFreshnessInSeconds: plan.value('dataFreshnessSeconds'),
        DeadLetterQueueS3: { BucketArn: parts.deadLetterBucket.bucketArn, ErrorOutputPrefix: DEAD_LETTERS },
        DestinationTableList: [
          {
            DestinationDatabaseName: options.tableNamespace,
            DestinationTableName: options.tableName,
            PartitionSpec: { PartitionStrategy: 'TIME_HOUR', SourceList: [{ SourceName: options.timeColumn }] },
          },
        ],
        CompressionType: 'ZSTD',
        ServiceExecutionRoleArn: parts.role.roleArn,
      },
      LoggingInfo: { CloudWatchLogs: { Enabled: true, LogGroup: parts.logGroup.logGroupName } },
      ...(encryptionKey !== undefined && { EncryptionConfiguration: { KmsKeyArn: encryptionKey.keyArn } }),
    },
  });
}

function kinesisChannel(scope: Construct, stream: IStream, parts: ChannelParts): CfnResource {
  const { options, plan, encryptionKey } = parts;
  return new CfnResource(scope, 'Channel', {
    type: 'AWS::Kinesis::Channel',
    properties: {
      ChannelName: parts.channelName,
      ServiceExecutionRoleARN: parts.role.roleArn,
      StreamConfigurationList: [
        {
          StreamARN: stream.streamArn,
          RecordConfiguration: { RecordFormatType: 'JSON', GSRSchemaARN: parts.schemaArn },
        },
      ],
      S3TablesDestinationConfiguration: {
        DataFreshnessInSeconds: plan.value('dataFreshnessSeconds'),
        DeadLetterQueueS3Configuration: {
          BucketARN: parts.deadLetterBucket.bucketArn,
          ErrorOutputPrefix: DEAD_LETTERS,
          ExpectedBucketOwner: Stack.of(scope).account,
        },
        S3TablesConfigurationList: [
          {
            TableBucketARN: parts.tableBucketArn,
            Namespace: options.tableNamespace,
            TableName: options.tableName,
            CompressionType: 'ZSTD',
            PartitionSpec: { PartitionFields: [{ SourceName: options.timeColumn, Transform: 'TIME_HOUR' }] },
          },
        ],
      },
      LoggingConfiguration: { CloudWatchLogs: { Enabled: true, LogGroupName: parts.logGroup.logGroupName } },
      ...(encryptionKey !== undefined && {
        EncryptionConfiguration: { EncryptionType: 'KMS', KeyId: encryptionKey.keyArn },
      }),
    },
  });
}
