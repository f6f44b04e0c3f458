/** A managed delivery into a table of Amazon S3 Tables, with all that it needs. */
import { Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnRegistry, CfnSchema } from 'aws-cdk-lib/aws-glue';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { CfnTopic } from 'aws-cdk-lib/aws-msk';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { CfnNamespace, CfnTableBucket } from 'aws-cdk-lib/aws-s3tables';
import type { Construct } from 'constructs';
import type { EtlPlan } from '../../flow/etl/workload';
import { roleDescription } from '../descriptions';
import { installationName } from '../installation-name';
import { acknowledgeWildcards } from '../wildcards';
import { createChannel, DEAD_LETTERS } from './channel';
import type { EtlLanding } from './etl-parts';
import type { EtlSource } from './etl-source';
import type { StreamLandingOptions } from './stream-sink';

/** What a delivery is made from. */
export interface LandingParts {
  readonly queryName: string;
  readonly plan: EtlPlan;
  readonly source: EtlSource;
  readonly topic?: CfnTopic;
  readonly stream?: IStream;
  readonly options: StreamLandingOptions;
  readonly encryptionKey?: IKey;
  readonly removalPolicy: RemovalPolicy;
  /** Makes the bucket for what cannot be delivered. */
  readonly deadLetterBucket: () => IBucket;
}

/** Amazon MSK and Kinesis developer guides, Service execution role. */
const TABLE_ACTIONS = [
  's3tables:GetTable',
  's3tables:GetTableBucket',
  's3tables:GetTableMetadataLocation',
  's3tables:UpdateTableMetadataLocation',
  's3tables:CreateTable',
  's3tables:CreateNamespace',
  's3tables:PutTableData',
  's3tables:GetTableData',
  's3tables:TagResource',
  's3tables:PutTableRecordExpirationConfiguration',
];
const KEY_ACTIONS = ['kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'];
/** Names of table buckets have at most 63 characters, those of channels 128. */
const MOST_BUCKET_CHARACTERS = 63;
const MOST_CHANNEL_CHARACTERS = 128;

/** Makes the delivery. */
export function createLanding(scope: Construct, parts: LandingParts): EtlLanding {
  const { options, queryName, encryptionKey } = parts;
  const table = createTableBucket(scope, parts);
  const schema = createSchema(scope, parts);
  const deadLetterBucket = options.deadLetterBucket ?? parts.deadLetterBucket();
  const logGroup = new LogGroup(scope, 'DeliveryLogs', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const made: Delivered = { ...table, ...schema, deadLetterBucket, logGroup };
  const role = createRole(scope, parts, made);
  const channelName = installationName(scope, queryName, MOST_CHANNEL_CHARACTERS);
  const channel = createChannel(scope, { ...parts, ...made, role, channelName });
  // It has to find all of it when it is made: one that fails cannot be mended.
  channel.node.addDependency(role, logGroup, deadLetterBucket);
  for (const one of [table.tableNamespace, schema.schema, parts.topic, encryptionKey]) {
    if (one !== undefined) channel.node.addDependency(one);
  }
  return {
    channel,
    channelName,
    role,
    logGroup,
    deadLetterBucket,
    tableBucketArn: table.tableBucketArn,
    tableBucket: table.tableBucket,
    tableNamespace: table.tableNamespace,
    registry: schema.registry,
    schema: schema.schema,
  };
}

type Table = Pick<EtlLanding, 'tableBucket' | 'tableBucketArn' | 'tableNamespace'> & { readonly bucketName: string };

function createTableBucket(scope: Construct, parts: LandingParts): Table {
  const { options, queryName, encryptionKey, removalPolicy } = parts;
  if (options.tableBucketArn !== undefined) {
    const bucketName = Fn.select(1, Fn.split(':bucket/', options.tableBucketArn));
    return { tableBucketArn: options.tableBucketArn, bucketName };
  }
  const bucketName = installationName(scope, queryName, MOST_BUCKET_CHARACTERS).toLowerCase();
  const tableBucket = new CfnTableBucket(scope, 'TableBucket', {
    tableBucketName: bucketName,
    encryptionConfiguration:
      encryptionKey === undefined
        ? { sseAlgorithm: 'AES256' }
        : { sseAlgorithm: 'aws:kms', kmsKeyArn: encryptionKey.keyArn },
  });
  tableBucket.applyRemovalPolicy(removalPolicy);
  const tableBucketArn = tableBucket.attrTableBucketArn;
  const tableNamespace = new CfnNamespace(scope, 'Namespace', { tableBucketArn, namespace: options.tableNamespace });
  // A namespace with a table in it cannot be deleted.
  tableNamespace.applyRemovalPolicy(removalPolicy);
  allowMaintenance(scope, encryptionKey, bucketName);
  return { tableBucket, tableBucketArn, tableNamespace, bucketName };
}

/** Amazon S3 user guide, Permissions for S3 Tables SSE-KMS encryption: compaction reads and writes with the key. */
function allowMaintenance(scope: Construct, encryptionKey: IKey | undefined, bucketName: string): void {
  if (encryptionKey === undefined) return;
  const { partition, region, account } = Stack.of(scope);
  const bucketArn = `arn:${partition}:s3tables:${region}:${account}:bucket/${bucketName}`;
  encryptionKey.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('maintenance.s3tables.amazonaws.com')],
      actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
      resources: ['*'],
      conditions: { StringLike: { 'kms:EncryptionContext:aws:s3:arn': `${bucketArn}/*` } },
    }),
  );
}

type Schema = Pick<EtlLanding, 'registry' | 'schema'> & {
  readonly schemaArn: string;
  readonly registryArn: string;
};

function createSchema(scope: Construct, { options, queryName }: LandingParts): Schema {
  const { schemaArn } = options;
  if (schemaArn !== undefined) {
    const before = Fn.select(0, Fn.split(':schema/', schemaArn));
    return { schemaArn, registryArn: `${before}:registry/${Fn.select(1, Fn.split('/', schemaArn))}` };
  }
  const registry = new CfnRegistry(scope, 'Registry', {
    name: installationName(scope, queryName, MOST_CHANNEL_CHARACTERS),
    description: 'The schema of the records that are delivered into a table',
  });
  const schema = new CfnSchema(scope, 'Schema', {
    // A schema has its name within the registry.
    name: 'records',
    registry: { arn: registry.attrArn },
    dataFormat: 'JSON',
    // No second version: a delivery does not follow one.
    compatibility: 'DISABLED',
    schemaDefinition: options.schema as string,
  });
  return { registry, schema, schemaArn: schema.attrArn, registryArn: registry.attrArn };
}

type Delivered = Table & Schema & Pick<EtlLanding, 'deadLetterBucket' | 'logGroup'>;

function createRole(scope: Construct, parts: LandingParts, made: Delivered): Role {
  const { queryName, stream, encryptionKey } = parts;
  const { partition, region, account } = Stack.of(scope);
  const service = stream === undefined ? 'kafka' : 'kinesis';
  const role = new Role(scope, 'DeliveryRole', {
    description: roleDescription(`Delivers the records of ${queryName} into a table`),
    assumedBy: new ServicePrincipal(`${service}.amazonaws.com`, {
      conditions: {
        StringEquals: { 'aws:SourceAccount': account },
        ArnLike: { 'aws:SourceArn': `arn:${partition}:${service}:${region}:${account}:channel/*` },
      },
    }),
  });
  const allow = (actions: string[], ...resources: string[]) =>
    role.addToPolicy(new PolicyStatement({ actions, resources }));
  // A table has an ARN of its own once the delivery has made it.
  const tables = `${made.tableBucketArn}/table/*`;
  allow(TABLE_ACTIONS, made.tableBucketArn, tables);
  const { bucketArn } = made.deadLetterBucket;
  allow(['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], bucketArn);
  const letters = made.deadLetterBucket.arnForObjects(`${DEAD_LETTERS}*`);
  allow(['s3:PutObject'], letters);
  allow(['glue:GetSchemaVersion'], made.schemaArn, made.registryArn);
  allow(['logs:CreateLogStream', 'logs:PutLogEvents'], made.logGroup.logGroupArn);
  if (encryptionKey !== undefined) {
    allow(['s3tables:PutTableEncryption'], made.tableBucketArn, tables);
    encryptionKey.grant(role, ...KEY_ACTIONS);
  }
  if (stream?.encryptionKey !== undefined && stream.encryptionKey !== encryptionKey) {
    stream.encryptionKey.grant(role, 'kms:Decrypt');
  }
  const lettersKey = made.deadLetterBucket.encryptionKey;
  if (lettersKey !== undefined && lettersKey !== encryptionKey) lettersKey.grant(role, ...KEY_ACTIONS);
  acknowledgeWildcards(
    role,
    [tables, letters],
    'The delivery makes the table and the objects, which then get their ids.',
  );
  return role;
}
