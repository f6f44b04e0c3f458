/** What collects the lines and what keeps them: the stream and the archive. */
import { Aws, Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Compression,
  DeliveryStream,
  EnableLogging,
  S3Bucket,
  StreamEncryption,
} from 'aws-cdk-lib/aws-kinesisfirehose';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { archiveWorkload } from '../../flow/logs/delivery/plan';
import type { LogDeliveryPlan } from '../../flow/logs/delivery/workload';
import { settingsOfPart } from '../alarm-settings';
import { ArchiveBucket } from '../storage/archive-bucket';
import { servicePrefix } from '../storage/partition-prefix';
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

/** The stream that writes them there. */
export function createDeliveryStream(
  scope: Construct,
  { service = legal(scope.node.id), removalPolicy = RemovalPolicy.RETAIN }: LogShippingProps,
  plan: LogDeliveryPlan,
  bucket: IBucket,
  logGroup: ILogGroup,
): DeliveryStream {
  const prefix = `${servicePrefix(scope.node.path, service)}date=!{timestamp:yyyy-MM-dd}/`;
  const role = writer(scope, bucket, logGroup, [servicePrefix(scope.node.path, service), UNDELIVERED]);
  const stream = new DeliveryStream(scope, 'Stream', {
    encryption: StreamEncryption.awsOwnedKey(),
    destination: new S3Bucket(bucket, {
      bufferingInterval: Duration.seconds(plan.value('bufferingSeconds')),
      bufferingSize: Size.mebibytes(plan.value('bufferingMebibytes')),
      compression: Compression.GZIP,
      dataOutputPrefix: prefix,
      errorOutputPrefix: `${UNDELIVERED}!{firehose:error-output-type}/${prefix}`,
      loggingConfig: new EnableLogging(logGroup),
      // The L2 would let it read and delete every object of the bucket.
      role: role.withoutPolicyUpdates(),
    }),
  });
  // A deleted stream discards what it collects.
  stream.applyRemovalPolicy(removalPolicy);
  stream.node.addDependency(role);
  return stream;
}

/** The role by which Firehose writes objects, and deletes none. Source: Amazon Data Firehose developer guide, Access to S3. */
function writer(scope: Construct, bucket: IBucket, logGroup: ILogGroup, prefixes: readonly string[]): Role {
  const allow = (actions: string[], resources: string[]) => new PolicyStatement({ actions, resources });
  const role = new Role(scope, 'Writer', {
    assumedBy: new ServicePrincipal('firehose.amazonaws.com', {
      conditions: { StringEquals: { 'sts:ExternalId': Aws.ACCOUNT_ID } },
    }),
    inlinePolicies: {
      Write: new PolicyDocument({
        statements: [
          allow(['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], [bucket.bucketArn]),
          allow(
            ['s3:PutObject', 's3:AbortMultipartUpload'],
            prefixes.map((prefix) => bucket.arnForObjects(`${prefix}*`)),
          ),
          allow(['logs:PutLogEvents'], [logGroup.logGroupArn]),
        ],
      }),
    },
  });
  bucket.encryptionKey?.grantEncryptDecrypt(role);
  return role;
}

/** An id as the name of a service in a key. */
function legal(id: string): string {
  return id.replace(/[^A-Za-z0-9_.-]/g, '-').slice(0, 128);
}
