import { RemovalPolicy } from 'aws-cdk-lib';
import { type Check, oneOf } from '../flow/errors';

/** A check on the removal policy of queues, buckets, tables, secrets and topics: none of them has snapshots. */
export function removalCheck(policy: RemovalPolicy | undefined): Check {
  const known = [RemovalPolicy.RETAIN, RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, RemovalPolicy.DESTROY];
  return oneOf('removalPolicy', policy, known);
}
