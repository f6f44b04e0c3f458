/** A cluster on Amazon MSK, as the constructs that use one name it. */
import { type Duration, Fn, Token } from 'aws-cdk-lib';
import { type Check, shown } from '../flow/errors';
import { resolvedSeconds, wholeSeconds } from './tokens';

/** The cluster name in it is a dimension of the metrics. */
const CLUSTER_ARN = /^arn:[\w-]+:kafka:[\w-]+:\d{12}:cluster\/[\w-]+\/[\w-]+$/;

/** A check on the ARN of a cluster. A token passes. */
export function clusterArnCheck(clusterArn: string | undefined): Check {
  return {
    refused: clusterArn !== undefined && !Token.isUnresolved(clusterArn) && !CLUSTER_ARN.test(clusterArn),
    message: `clusterArn must be arn:<partition>:kafka:<region>:<account>:cluster/<name>/<id>, got ${shown(clusterArn)}`,
  };
}

/** Name of the cluster, a dimension of its metrics. */
export function clusterName(clusterArn: string): string {
  return Fn.select(1, Fn.split('/', clusterArn));
}

/** ARN of a topic of the cluster, or of its consumer groups (Amazon MSK developer guide, Authorization policy resources). */
export function clusterPartArn(clusterArn: string, part: 'topic' | 'group', name: string): string {
  const [before, path] = [0, 1].map((index) => Fn.select(index, Fn.split(':cluster/', clusterArn)));
  return `${before}:${part}/${path}/${name}`;
}

/** Checks on the cluster's ARN and on the repair interval. */
export function clusterChecks(clusterArn: string | undefined, repairInterval: Duration | undefined): Check[] {
  const seconds = resolvedSeconds(repairInterval);
  return [
    clusterArnCheck(clusterArn),
    wholeSeconds('repairInterval', repairInterval, 300, 86_400),
    {
      refused: seconds !== undefined && seconds % 60 !== 0,
      message: `repairInterval must be whole minutes, got ${seconds} s`,
    },
  ];
}
