/** Checks that the constructs of a cluster on Amazon MSK share. */
import { type Duration, Token } from 'aws-cdk-lib';
import { type Check, shown } from '../../flow/errors';
import { resolvedSeconds, wholeSeconds } from '../tokens';

/** The cluster name in it is a dimension of the metrics. */
const CLUSTER_ARN = /^arn:[\w-]+:kafka:[\w-]+:\d{12}:cluster\/[\w-]+\/[\w-]+$/;

/** Checks on the cluster's ARN and on the repair interval. */
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
