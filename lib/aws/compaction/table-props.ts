import type { RemovalPolicy } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { CfnTable } from 'aws-cdk-lib/aws-s3tables';
import type { CompactionWriter } from '../../flow/compaction/workload';

/**
 * An Iceberg table in the Glue Data Catalog, in a bucket of yours.
 */
export interface IcebergTableProps {
  /**
   * Database in the Glue Data Catalog. 1 to 255 characters.
   */
  readonly database: string;

  /**
   * Name of the table. 1 to 255 characters. It must be there before the optimizers are made.
   */
  readonly tableName: string;

  /**
   * The bucket with its files. The role gets its key as well.
   */
  readonly bucket: IBucket;

  /**
   * Where in the bucket the files are, such as `lake/events`. Letters, digits, `!`, `-`, `_`, `.`, `'`, `(`, `)`, `=` and
   * `/`.
   */
  readonly prefix: string;

  /**
   * The role of the optimizers; it gets what it lacks.
   *
   * @default - a separate one
   */
  readonly role?: IRole;

  /**
   * Whether the table is registered with Lake Formation. The role then also needs permissions there, which CloudFormation
   * of this stack does not give.
   *
   * @default false
   */
  readonly lakeFormation?: boolean;

  /**
   * Deletes in a data file from which it is rewritten. A whole number, 1 to 1,000,000.
   *
   * @default - that of AWS Glue, 1
   */
  readonly deleteFileThreshold?: number;
}

/**
 * A table of Amazon S3 Tables: one of this app, or what it is made of.
 */
export interface S3TableProps {
  /**
   * The table, where this app makes it already. Its maintenance is set here; leave it out there. Nothing else of these
   * props may be given then.
   *
   * @default - it is made
   */
  readonly table?: CfnTable;

  /**
   * Namespace of the table: lower-case letters, digits and underscores. It is made together with the table bucket, and has
   * to be in one that is given.
   *
   * @default - needed, unless `table` is given
   */
  readonly namespace?: string;

  /**
   * Name of the table: lower-case letters, digits and underscores.
   *
   * @default - needed, unless `table` is given
   */
  readonly tableName?: string;

  /**
   * Schema, partitions and properties of the table.
   *
   * @default - the first writer gives them
   */
  readonly icebergMetadata?: CfnTable.IcebergMetadataProperty;

  /**
   * ARN of a table bucket. Whether it deletes files without a snapshot is its own setting; a warning says what to set.
   *
   * @default - a table bucket is made
   */
  readonly tableBucketArn?: string;

  /**
   * The key of the table bucket that is made. Amazon S3 gets the permission to compact with it.
   *
   * @default - keys of Amazon S3
   */
  readonly encryptionKey?: IKey;

  /**
   * What happens to table, namespace and table bucket when they leave the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * A Delta table in a bucket of yours, compacted by a job of AWS Glue.
 */
export interface DeltaTableProps {
  /**
   * The bucket of the table. The role gets its key as well.
   */
  readonly bucket: IBucket;

  /**
   * Where in the bucket the table is, such as `lake/events`. Letters, digits, `!`, `-`, `_`, `.`, `'`, `(`, `)`, `=` and
   * `/`.
   */
  readonly prefix: string;

  /**
   * What writes the table meanwhile. On Amazon S3 a driver of Spark that writes at the same time loses commits, and is
   * refused: compact inside that job.
   *
   * @default CompactionWriter.BATCH: jobs that never run at the same time as the compaction
   */
  readonly writer?: CompactionWriter;

  /**
   * Whether a schedule starts the job. With `false` start `job` from the state machine that runs the writers, as often as
   * the plan says.
   *
   * @default true
   */
  readonly createSchedule?: boolean;

  /**
   * The role of the job; it gets what it lacks.
   *
   * @default - a separate one
   */
  readonly role?: IRole;

  /**
   * Version of AWS Glue: 5.0 or later.
   *
   * @default '5.1', with Spark 3.5.6 and Delta Lake 3.3.2
   */
  readonly glueVersion?: string;

  /**
   * Name of a security configuration of AWS Glue, by which logs are encrypted.
   *
   * @default - none
   */
  readonly securityConfiguration?: string;

  /**
   * The key of the queue with undelivered starts.
   *
   * @default - keys of Amazon SQS
   */
  readonly encryptionKey?: IKey;

  /**
   * What happens to that queue when it leaves the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
