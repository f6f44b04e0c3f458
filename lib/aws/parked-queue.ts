import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { retainPolicyOf } from './retained-policy';

/** A queue that nothing consumes. */
export interface ParkedQueueProps {
  readonly retentionSeconds: number;
  /** Default: keys of SQS. */
  readonly encryptionKey?: IKey;
  /** Default: it is retained. */
  readonly removalPolicy?: RemovalPolicy;
  /** What it holds, in a sentence: why no dead-letter queue belongs to it. */
  readonly holds: string;
}

/** A queue whose messages wait for a person: encrypted, by TLS only, retained with its policy. */
export function parkedQueue(scope: Construct, id: string, props: ParkedQueueProps): Queue {
  const { retentionSeconds, encryptionKey, removalPolicy = RemovalPolicy.RETAIN, holds } = props;
  const queue = new Queue(scope, id, {
    encryption: encryptionKey ? QueueEncryption.KMS : QueueEncryption.SQS_MANAGED,
    encryptionMasterKey: encryptionKey,
    enforceSSL: true,
    retentionPeriod: Duration.seconds(retentionSeconds),
    removalPolicy,
  });
  retainPolicyOf(queue, removalPolicy);
  Validations.of(queue).acknowledge({
    id: 'AwsSolutions-SQS3',
    reason: `${holds} It has no consumer, so no message in it can fail.`,
  });
  return queue;
}
