/** What collects the lines and what keeps them: the stream and the archive. */
import { Aws, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import { type ILogGroup, LogStream } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { archiveWorkload } from '../../flow/logs/delivery/plan';
import type { LogDeliveryPlan } from '../../flow/logs/delivery/workload';
import { settingsOfPart } from '../alarm-settings';
import { ArchiveBucket } from '../storage/archive-bucket';
import { servicePrefix } from '../storage/partition-prefix';
import { acknowledgeWildcards } from '../wildcards';
import type { LogShippingProps } from './log-shipping-props';

/** The names of the archive's alarms. */
export const ARCHIVE_ALARMS: readonly string[] = ['storedBytesAlarm', 'objectBytesAlarm'];

/** Where objects go that Firehose could not write as it should: beside the lines, not among them. */
const UNDELIVERED = 'undelivered/';

/** The archive of the lines. */
export function createArchive(scope: Construct, props: LogShippingProps, plan: LogDeliveryPlan): ArchiveBucket {
  const { alarmTopic, removalPolicy } = props;
  const alarms = settingsOfPart(props.alarms, ARCHIVE_ALARMS);
  return new ArchiveBucket(scope, 'Archive', { workload: archiveWorkload(plan), alarmTopic, alarms, removalPolicy });
}

/** The stream, and the role by which it writes. */
interface Delivery {
  readonly stream: CfnDeliveryStream;
  readonly role: Role;
}

/**
 * The stream that writes them there. The L2 would let Firehose read and delete every object of the bucket, and adds a table of
 * addresses to the stack.
 */
export function createDeliveryStream(
  scope: Construct,
  { service = legal(scope.node.id), removalPolicy = RemovalPolicy.RETAIN }: LogShippingProps,
  plan: LogDeliveryPlan,
  bucket: IBucket,
  logGroup: ILogGroup,
): Delivery {
  const own = servicePrefix(scope.node.path, service);
  const prefix = `${own}date=!{timestamp:yyyy-MM-dd}/`;
  const role = writer(scope, bucket, logGroup, [own, UNDELIVERED]);
  const errors = new LogStream(scope, 'Errors', { logGroup, removalPolicy: RemovalPolicy.DESTROY });
  const stream = new CfnDeliveryStream(scope, 'Stream', {
    deliveryStreamType: 'DirectPut',
    deliveryStreamEncryptionConfigurationInput: { keyType: 'AWS_OWNED_CMK' },
    extendedS3DestinationConfiguration: {
      bucketArn: bucket.bucketArn,
      roleArn: role.roleArn,
      bufferingHints: {
        intervalInSeconds: plan.value('bufferingSeconds'),
        sizeInMBs: plan.value('bufferingMebibytes'),
      },
      compressionFormat: 'GZIP',
      prefix,
      errorOutputPrefix: `${UNDELIVERED}!{firehose:error-output-type}/${prefix}`,
      cloudWatchLoggingOptions: {
        enabled: true,
        logGroupName: logGroup.logGroupName,
        logStreamName: errors.logStreamName,
      },
    },
  });
  // A deleted stream discards what it collects.
  stream.applyRemovalPolicy(removalPolicy);
  // Firehose refuses a role that may not write yet.
  stream.node.addDependency(role);
  return { stream, role };
}

/** The role by which Firehose writes objects, and deletes none. Source: Amazon Data Firehose developer guide, Access to S3. */
function writer(scope: Construct, bucket: IBucket, logGroup: ILogGroup, prefixes: readonly string[]): Role {
  const role = new Role(scope, 'Writer', {
    assumedBy: new ServicePrincipal('firehose.amazonaws.com', {
      conditions: { StringEquals: { 'sts:ExternalId': Aws.ACCOUNT_ID } },
    }),
  });
  const objects = prefixes.map((prefix) => bucket.arnForObjects(`${prefix}*`));
  const allow = (actions: string[], resources: string[]) =>
    role.addToPolicy(new PolicyStatement({ actions, resources }));
  allow(['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], [bucket.bucketArn]);
  allow(['s3:PutObject', 's3:AbortMultipartUpload'], objects);
  allow(['logs:PutLogEvents'], [logGroup.logGroupArn]);
  bucket.encryptionKey?.grantEncryptDecrypt(role);
  acknowledgeWildcards(
    role,
    objects,
    'Each object has a name of its own, below a prefix that only this stream writes.',
  );
  return role;
}

/** An id as the name of a service in a key. */
function legal(id: string): string {
  return id.replace(/[^A-Za-z0-9_.-]/g, '-').slice(0, 128);
}
