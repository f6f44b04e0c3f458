import type { Duration } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IBucket } from 'aws-cdk-lib/aws-s3';

/**
 * A managed delivery of records as they are, into an Iceberg table of Amazon S3 Tables.
 */
export interface StreamLandingOptions {
  /**
   * The JSON schema of a record, draft-04 or draft-07, as text. Columns follow from it; it cannot be changed: another schema
   * needs another table.
   *
   * @default - none; `schemaArn` has to be given
   */
  readonly schema?: string;

  /**
   * ARN of a schema in the AWS Glue Schema Registry, of the same account and region, instead of `schema`.
   *
   * @default - a registry with one schema is made from `schema`
   */
  readonly schemaArn?: string;

  /**
   * The column with the time of a record, of format `date-time`: the table is partitioned by its hours. A record without it
   * is not delivered.
   */
  readonly timeColumn: string;

  /**
   * Name of the namespace, which query engines call database. 1 to 255 lower-case letters, digits and underscores.
   */
  readonly tableNamespace: string;

  /**
   * Name of the table. The delivery makes it and writes into no other: there must be none of this name. 1 to 255 lower-case
   * letters, digits and underscores.
   */
  readonly tableName: string;

  /**
   * ARN of a table bucket of Amazon S3 Tables in the same region, in which the delivery makes the namespace and the table.
   *
   * @default - a table bucket with the namespace is made
   */
  readonly tableBucketArn?: string;

  /**
   * Where the identifiers of records go that cannot be delivered.
   *
   * @default - a bucket is made
   */
  readonly deadLetterBucket?: IBucket;
}

/**
 * A Spark job on Amazon EMR Serverless that aggregates into a Delta table.
 */
export interface StreamAggregateOptions {
  /**
   * The VPC of the brokers. Its subnets need a way to Amazon S3 and to Amazon CloudWatch Logs: endpoints, or NAT.
   */
  readonly vpc: IVpc;

  /**
   * Subnets of the workers.
   *
   * @default - the private subnets
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The security group of the brokers. It gets a rule that admits the workers on port 9098, that of IAM access control.
   */
  readonly clusterSecurityGroup: ISecurityGroup;

  /**
   * Columns of a record, which is a JSON object: `page STRING, at TIMESTAMP`.
   */
  readonly schema: string;

  /**
   * The column with the time of a record.
   */
  readonly eventTime: string;

  /**
   * Columns of the key. At least one. A record without one of them is rejected.
   */
  readonly keys: string[];

  /**
   * Columns that are added up, beside the count.
   *
   * @default - none
   */
  readonly sums?: string[];

  /**
   * Path of a file on this machine: a Python program with a function `transform(df)`, which gets the columns of the schema and
   * gives back what is aggregated, with the columns `_place` and `_value` as they were.
   *
   * @default - what is read is aggregated
   */
  readonly transform?: string;

  /**
   * Path of a file on this machine: a PySpark program that takes the place of the shipped one, and its arguments.
   *
   * @default - the shipped program
   */
  readonly script?: string;

  /**
   * Where the jars are that Spark needs beside those of EMR: the reader of Kafka and the sign-in by IAM.
   */
  readonly jarBucket: IBucket;

  /**
   * Keys of these jars: `spark-sql-kafka-0-10`, `spark-token-provider-kafka-0-10`, `kafka-clients`, `commons-pool2` and
   * `aws-msk-iam-auth`, for the Spark of `releaseLabel`. At least one.
   */
  readonly jarKeys: string[];

  /**
   * The bucket of the table.
   *
   * @default - a bucket is made
   */
  readonly tableBucket?: IBucket;

  /**
   * The bucket of the checkpoint. None of its lifecycle rules may let objects below the prefix expire.
   *
   * @default - a bucket is made
   */
  readonly checkpointBucket?: IBucket;

  /**
   * Where in both buckets: the table is at `<prefix>`, rejected records at `<prefix>_rejected`, the checkpoint at `<prefix>`
   * of its own bucket. Letters, digits, `-`, `_`, `.` and `/`.
   *
   * @default - the name of the query
   */
  readonly prefix?: string;

  /**
   * Release of Amazon EMR, 7.9.0 or later: before that a run cannot be cancelled with time for its batch.
   *
   * @default 'emr-7.13.0'
   */
  readonly releaseLabel?: string;

  /**
   * How a window gets into the table: `append` once it is closed, `update` again and again by MERGE.
   *
   * @default - what is fresh enough, `append` where both are
   */
  readonly outputMode?: string;

  /**
   * Executors. A whole number, 1 to 1000.
   *
   * @default - as few as keep the promise
   */
  readonly executors?: number;

  /**
   * Cores of an executor: 1, 2, 4, 8 or 16.
   *
   * @default 4
   */
  readonly executorCores?: number;

  /**
   * Time between two batches. Whole seconds.
   *
   * @default - the longest that is fresh enough
   */
  readonly trigger?: Duration;

  /**
   * Records of one batch at most. A whole number.
   *
   * @default - what the peak with head-room, or the catch-up, needs
   */
  readonly maxOffsetsPerTrigger?: number;

  /**
   * Time from the end of one driver to the first batch of the next. 1 second to an hour.
   *
   * @default Duration.minutes(2)
   */
  readonly restart?: Duration;
}

/**
 * How the records of a streaming ETL get into a table.
 */
export class StreamSink {
  /**
   * As they are, by a managed delivery, 5 to 15 minutes after they arrived: it appends, it neither merges nor aggregates.
   */
  public static landing(options: StreamLandingOptions): StreamSink {
    return new StreamSink(options ?? {}, undefined);
  }

  /**
   * Aggregated by a Spark job on Amazon EMR Serverless: windows are merged as totals, fresher than any delivery.
   */
  public static aggregate(options: StreamAggregateOptions): StreamSink {
    return new StreamSink(undefined, options ?? {});
  }

  private constructor(
    /** @internal */
    public readonly _landing?: StreamLandingOptions,
    /** @internal */
    public readonly _aggregate?: StreamAggregateOptions,
  ) {}
}
