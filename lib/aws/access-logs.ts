/** The bucket of the server access logs of other buckets. */
import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Plan } from '../flow/plan';
import { CLOSED_BUCKET, encryptedWith } from './closed-bucket';
import { retainPolicyOf } from './retained-policy';

/** Makes it, with the days of the plan: `logRetentionDays` and `logDaysAfterInitiation`. */
export function createAccessLogs(scope: Construct, id: string, plan: Plan, removalPolicy: RemovalPolicy): Bucket {
  const bucket = new Bucket(scope, id, {
    ...CLOSED_BUCKET,
    removalPolicy,
    // Server access logs cannot be delivered to a bucket whose default encryption is a KMS key.
    ...encryptedWith(undefined),
    lifecycleRules: [
      {
        id: 'expire',
        expiration: Duration.days(plan.value('logRetentionDays')),
        abortIncompleteMultipartUploadAfter: Duration.days(plan.value('logDaysAfterInitiation')),
      },
    ],
  });
  retainPolicyOf(bucket, removalPolicy);
  return bucket;
}
