/** Checks that the constructs of a cluster on Amazon MSK share. */
import type { Duration } from 'aws-cdk-lib';
import type { Check } from '../../flow/errors';
import { clusterArnCheck } from '../kafka-cluster';
import { resolvedSeconds, wholeSeconds } from '../tokens';

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
