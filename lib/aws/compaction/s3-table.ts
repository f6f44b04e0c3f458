/** A table of Amazon S3 Tables with its maintenance: what its bucket deletes, what it compacts, how long snapshots stay. */
import { Annotations, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnNamespace, CfnTable, CfnTableBucket } from 'aws-cdk-lib/aws-s3tables';
import type { Construct } from 'constructs';
import type { CompactionPlan } from '../../flow/compaction/workload';

const MIB = 2 ** 20;
const DAY_HOURS = 24;
/** Amazon S3 User Guide, Table bucket naming rules: 3 to 63 characters. */
const LONGEST_BUCKET = 63;

/** A table that is there, or what it is made of. */
export interface S3TablePlace {
  readonly table?: CfnTable;
  readonly namespace?: string;
  readonly tableName?: string;
  readonly icebergMetadata?: CfnTable.IcebergMetadataProperty;
  readonly tableBucketArn?: string;
  readonly encryptionKey?: IKey;
  readonly removalPolicy?: RemovalPolicy;
}

/** The table, and what was made for it. */
export interface S3TableParts {
  readonly table: CfnTable;
  readonly namespace?: CfnNamespace;
  readonly tableBucket?: CfnTableBucket;
}

/** Sets the maintenance of the table; makes the table first where none was given. */
export function createS3Table(scope: Construct, place: S3TablePlace, plan: CompactionPlan): S3TableParts {
  const settings = maintenanceOf(plan);
  if (place.table !== undefined) {
    place.table.compaction = settings.compaction;
    place.table.snapshotManagement = settings.snapshotManagement;
    sayRemoval(scope, plan);
    return { table: place.table };
  }
  const removalPolicy = place.removalPolicy ?? RemovalPolicy.RETAIN;
  const tableBucket = place.tableBucketArn === undefined ? createBucket(scope, place, plan, removalPolicy) : undefined;
  const tableBucketArn = tableBucket?.attrTableBucketArn ?? place.tableBucketArn!;
  if (tableBucket === undefined) sayRemoval(scope, plan);
  const namespace =
    tableBucket && new CfnNamespace(scope, 'Namespace', { namespace: place.namespace!, tableBucketArn });
  namespace?.applyRemovalPolicy(removalPolicy);
  const table = new CfnTable(scope, 'Table', {
    tableBucketArn,
    namespace: place.namespace!,
    tableName: place.tableName!,
    openTableFormat: 'ICEBERG',
    // Otherwise the first writer gives the schema.
    ...(place.icebergMetadata === undefined ? { withoutMetadata: 'Yes' } : { icebergMetadata: place.icebergMetadata }),
    ...settings,
  });
  table.applyRemovalPolicy(removalPolicy);
  if (namespace) table.node.addDependency(namespace);
  return { table, namespace, tableBucket };
}

function maintenanceOf(plan: CompactionPlan): Required<Pick<CfnTable, 'compaction' | 'snapshotManagement'>> {
  return {
    compaction: { status: 'enabled', targetFileSizeMb: plan.value('targetBytes') / MIB },
    snapshotManagement: {
      status: 'enabled',
      maxSnapshotAgeHours: DAY_HOURS * plan.value('snapshotRetentionDays'),
      minSnapshotsToKeep: plan.value('snapshotsToRetain'),
    },
  };
}

function createBucket(
  scope: Construct,
  { encryptionKey }: S3TablePlace,
  plan: CompactionPlan,
  removalPolicy: RemovalPolicy,
): CfnTableBucket {
  const tableBucketName = Names.uniqueResourceName(scope, { maxLength: LONGEST_BUCKET, separator: '-' }).toLowerCase();
  const bucket = new CfnTableBucket(scope, 'TableBucket', {
    tableBucketName,
    encryptionConfiguration: encryptionKey
      ? { sseAlgorithm: 'aws:kms', kmsKeyArn: encryptionKey.keyArn }
      : { sseAlgorithm: 'AES256' },
    unreferencedFileRemoval: {
      status: 'Enabled',
      unreferencedDays: plan.value('orphanRetentionDays'),
      noncurrentDays: plan.value('snapshotRetentionDays'),
    },
  });
  bucket.applyRemovalPolicy(removalPolicy);
  if (encryptionKey) allowMaintenance(scope, encryptionKey, tableBucketName);
  return bucket;
}

/** Amazon S3 User Guide, Permissions for S3 Tables SSE-KMS encryption: without it no file is compacted. */
function allowMaintenance(scope: Construct, key: IKey, tableBucketName: string): void {
  const { partition, region, account } = Stack.of(scope);
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('maintenance.s3tables.amazonaws.com')],
      actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
      resources: ['*'],
      conditions: {
        // By its name: the bucket refers to the key.
        StringLike: {
          'kms:EncryptionContext:aws:s3:arn': `arn:${partition}:s3tables:${region}:${account}:bucket/${tableBucketName}/*`,
        },
      },
    }),
  );
}

/** A bucket that is not made here is not changed. */
function sayRemoval(scope: Construct, plan: CompactionPlan): void {
  Annotations.of(scope).addWarningV2(
    'Backpressure::unreferenced-files',
    `Files without a snapshot are deleted by a setting of the table bucket, which is not made here: set unreferencedFileRemoval to Enabled, with unreferencedDays ${plan.value('orphanRetentionDays')} and noncurrentDays ${plan.value('snapshotRetentionDays')}`,
  );
}
