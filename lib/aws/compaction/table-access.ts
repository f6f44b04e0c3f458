/** What a compaction may do with the files of its table: read, write and delete them, below their prefix only. */
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';

/** Grants the files below the prefix, their listing, and the key of the bucket. */
export function grantTable(grantee: IGrantable, bucket: IBucket, prefix: string): void {
  const files = new PolicyStatement({
    actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
    resources: [bucket.arnForObjects(`${prefix}/*`)],
  });
  const listing = new PolicyStatement({
    actions: ['s3:ListBucket', 's3:GetBucketLocation'],
    resources: [bucket.bucketArn],
  });
  grantee.grantPrincipal.addToPrincipalPolicy(files);
  grantee.grantPrincipal.addToPrincipalPolicy(listing);
  bucket.encryptionKey?.grantEncryptDecrypt(grantee);
}
