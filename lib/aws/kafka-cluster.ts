/** A cluster on Amazon MSK by its ARN: what several constructs read from it. */
import { type Duration, Fn, Token } from 'aws-cdk-lib';
import { type Check, shown } from '../flow/errors';
import { resolvedSeconds, wholeSeconds } from './tokens';

/** The cluster name in it is a dimension of the metrics. */
const CLUSTER_ARN = /^arn:[\w-]+:kafka:[\w-]+:\d{12}:cluster\/[\w-]+\/[\w-]+$/;

/** Ports of the brokers, by how a client signs in. Amazon MSK developer guide, Port information. */
export const KAFKA_PORTS = { scram: 9096, iam: 9098 } as const;

/** Check on the cluster's ARN. */
export function clusterArnCheck(clusterArn: string | undefined, name = 'clusterArn'): Check {
  return {
    refused: clusterArn !== undefined && !Token.isUnresolved(clusterArn) && !CLUSTER_ARN.test(clusterArn),
    message: `${name} must be arn:<partition>:kafka:<region>:<account>:cluster/<name>/<id>, got ${shown(clusterArn)}`,
  };
}

/** The name of the cluster: the dimension of its metrics. */
export function clusterName(clusterArn: string): string {
  return Fn.select(1, Fn.split('/', clusterArn));
}

/** The ARN of a topic or a group of the cluster, as IAM access control names it. */
export function kafkaArn(clusterArn: string, kind: 'topic' | 'group', name: string): string {
  const [before, path] = [0, 1].map((index) => Fn.select(index, Fn.split(':cluster/', clusterArn)));
  return `${before}:${kind}/${path}/${name}`;
}

/** Settings of a topic as CloudFormation takes them: lines of `name=value`, in base64. */
export function topicConfigs(settings: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return Buffer.from(lines.join('\n'), 'utf8').toString('base64');
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
