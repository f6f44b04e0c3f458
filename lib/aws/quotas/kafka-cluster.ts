/** What the constructs of a cluster on Amazon MSK check of it alike. */
import { type Duration, Token } from 'aws-cdk-lib';
import { type Check, shown } from '../../flow/errors';
import { resolvedSeconds, wholeSeconds } from '../tokens';

/** The name of the cluster in it is what metrics go by. */
const CLUSTER_ARN = /^arn:[\w-]+:kafka:[\w-]+:\d{12}:cluster\/[\w-]+\/[\w-]+$/;

/** The cluster, and how often its quotas are looked at. */
export function clusterChecks(clusterArn: string | undefined, repairInterval: Duration | undefined): Check[] {
  const seconds = resolvedSeconds(repairInterval);
  return [
    {
      refused: clusterArn !== undefined && !Token.isUnresolved(clusterArn) && !CLUSTER_ARN.test(clusterArn),
      message: `clusterArn must be arn:<partition>:kafka:<region>:<account>:cluster/<name>/<id>, got ${shown(clusterArn)}`,
    },
    wholeSeconds('repairInterval', repairInterval, 300, 86_400),
    {
      refused: seconds !== undefined && seconds % 60 !== 0,
      message: `repairInterval must be whole minutes, got ${seconds} s`,
    },
  ];
}
