import { type CfnResource, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import { BlockPublicAccess, Bucket, BucketEncryption, type BucketProps } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { CompactedTable } from '../../lib/aws/compaction/compacted-table';
import { ContinuousCompaction } from '../../lib/aws/compaction/continuous-compaction';
import { COMPACTION_ON_AWS } from '../../lib/cases/case-17-continuous-cleanup';
import { acknowledge } from '../acknowledgements';

const EVENTS = 'tables/events';
const SESSIONS = 'tables/sessions';

/**
 * Two tables in one bucket, whose small files are rewritten all day (case 17). `Events` is a Delta table that batch jobs
 * write, which never run at the same time as its compaction; `Sessions` an Iceberg table, which AWS Glue optimizes by itself.
 */
export class CompactedTables extends Construct {
  /** The bucket of the tables. */
  public readonly bucket: Bucket;
  /** Of the Delta table. */
  public readonly events: ContinuousCompaction;
  /** Of the Iceberg table. */
  public readonly sessions: ContinuousCompaction;

  constructor(scope: Construct, id: string, { alarmTopic }: { readonly alarmTopic: ITopic }) {
    super(scope, id);
    // Log delivery by bucket policy: the older way, by ACL, is a legacy property.
    this.node.setContext('@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy', true);
    this.bucket = this.createBucket();
    const { workload, objective } = COMPACTION_ON_AWS;
    this.events = new ContinuousCompaction(this, 'Events', {
      workload,
      objective,
      table: CompactedTable.delta({ bucket: this.bucket, prefix: EVENTS }),
      alarmTopic,
    });
    // Names of databases are unique in an account and region.
    const database = Names.uniqueResourceName(this, { maxLength: 100, separator: '_' }).toLowerCase();
    const table = this.createIcebergTable(database);
    this.sessions = new ContinuousCompaction(this, 'Sessions', {
      workload,
      // AWS Glue starts at a hundred files, and rewrites a part-filled file with each of them.
      objective: { ...objective, writeAmplification: 2 },
      table: CompactedTable.iceberg({
        database,
        tableName: 'sessions',
        bucket: this.bucket,
        prefix: SESSIONS,
      }),
      alarmTopic,
    });
    this.sessions.node.addDependency(table);
    this.acknowledgeFindings(this.events, EVENTS, ['jobs/error', 'jobs/output']);
    const optimizerLogs = ['compaction', 'retention', 'orphan-file-deletion'].map((name) => `iceberg-${name}/logs`);
    this.acknowledgeFindings(this.sessions, SESSIONS, optimizerLogs);
  }

  private createBucket(): Bucket {
    const closed: BucketProps = {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy: RemovalPolicy.RETAIN,
    };
    const logs = new Bucket(this, 'AccessLogs', closed);
    const bucket = new Bucket(this, 'Bucket', { ...closed, serverAccessLogsBucket: logs });
    for (const one of [bucket, logs]) one.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return bucket;
  }

  /** Optimizers need a table that is there. */
  private createIcebergTable(databaseName: string): CfnTable {
    const catalogId = Stack.of(this).account;
    const database = new CfnDatabase(this, 'Database', { catalogId, databaseInput: { name: databaseName } });
    const table = new CfnTable(this, 'Table', {
      catalogId,
      databaseName,
      openTableFormatInput: { icebergInput: { metadataOperation: 'CREATE', version: '2' } },
      tableInput: {
        name: 'sessions',
        tableType: 'EXTERNAL_TABLE',
        storageDescriptor: {
          location: `s3://${this.bucket.bucketName}/${SESSIONS}`,
          columns: [
            { name: 'session', type: 'string' },
            { name: 'started_at', type: 'timestamp' },
          ],
        },
      },
    });
    for (const one of [database, table]) one.applyRemovalPolicy(RemovalPolicy.RETAIN);
    table.node.addDependency(database, this.bucket);
    return table;
  }

  private acknowledgeFindings({ role, job }: ContinuousCompaction, prefix: string, logs: readonly string[]): void {
    const bucket = Stack.of(this).getLogicalId(this.bucket.node.defaultChild as CfnResource);
    const wildcard = (resource: string) => `AwsSolutions-IAM5[Resource::${resource}]`;
    const group = (name: string) =>
      `arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:/aws-glue/${name}:*`;
    acknowledge(role?.node.findChild('DefaultPolicy'), {
      [wildcard(`<${bucket}.Arn>/${prefix}/*`)]: 'The files of one table, below its prefix, are rewritten and deleted.',
      ...Object.fromEntries(
        logs.map((name) => [wildcard(group(name)), 'AWS Glue names the streams of this log group by its runs.']),
      ),
      ...(job && { [wildcard('*')]: 'CloudWatch metrics have no ARN: a condition allows one namespace.' }),
    });
    if (job === undefined) return;
    acknowledge(job, {
      'AwsSolutions-GL1':
        'The log has names of partitions and numbers of files, no records: it is encrypted by CloudWatch Logs.',
      'AwsSolutions-GL3': 'The job keeps no bookmark: what is due follows from the log of the table.',
    });
  }
}
