import type { CfnResource, CustomResource } from 'aws-cdk-lib';
import type { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { CfnApplication } from 'aws-cdk-lib/aws-emrserverless';
import type { Rule } from 'aws-cdk-lib/aws-events';
import type { CfnRegistry, CfnSchema } from 'aws-cdk-lib/aws-glue';
import type { IRole, Role } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { CfnNamespace, CfnTableBucket } from 'aws-cdk-lib/aws-s3tables';

/**
 * What a managed delivery consists of.
 */
export interface EtlLanding {
  /** The delivery: `AWS::MSK::Channel` or `AWS::Kinesis::Channel`. */
  readonly channel: CfnResource;
  /** Name of the delivery. */
  readonly channelName: string;
  /** What the delivery may do. */
  readonly role: IRole;
  /** Its errors. */
  readonly logGroup: LogGroup;
  /** Where identifiers of records go that cannot be delivered. */
  readonly deadLetterBucket: IBucket;
  /** ARN of the table bucket. */
  readonly tableBucketArn: string;
  /**
   * The table bucket.
   *
   * @default - none: it was given
   */
  readonly tableBucket?: CfnTableBucket;
  /**
   * The namespace.
   *
   * @default - none: the delivery makes it in the bucket that was given
   */
  readonly tableNamespace?: CfnNamespace;
  /**
   * The registry of the schema.
   *
   * @default - none: the schema was given
   */
  readonly registry?: CfnRegistry;
  /**
   * The schema of the records.
   *
   * @default - none: it was given
   */
  readonly schema?: CfnSchema;
}

/**
 * What a Spark job consists of.
 */
export interface EtlJob {
  /** The application. It takes one run at a time. */
  readonly application: CfnApplication;
  /** What driver and executors may do. */
  readonly role: Role;
  /** Their security group: out to the brokers, to HTTPS and to each other. */
  readonly securityGroup: SecurityGroup;
  /** Their output; the metrics of the job come from it. */
  readonly logGroup: LogGroup;
  /** The program. */
  readonly script: Asset;
  /**
   * The user's part of the program.
   *
   * @default - none
   */
  readonly transform?: Asset;
  /** The bucket of the checkpoint. */
  readonly checkpointBucket: IBucket;
  /** Path of the checkpoint. */
  readonly checkpoint: string;
  /** The bucket of the table. */
  readonly tableBucket: IBucket;
  /** Path of the Delta table. */
  readonly table: string;
  /** The function that keeps one run. */
  readonly keeper: LambdaFunction;
  /** The run as a resource of the stack. */
  readonly run: CustomResource;
  /** Tells the keeper of a run that ended by itself. */
  readonly endedRule: Rule;
  /** Lets the keeper look whether the run is there. */
  readonly checkRule: Rule;
}
