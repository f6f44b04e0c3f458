/** The validation table of a guard, beside what its plan refuses. */
import { Token } from 'aws-cdk-lib';
import type { Check } from '../../flow/errors';
import { ReplicaEngine } from '../../flow/replication/workload';
import { removalCheck } from '../removal-policy';
import type { ReplicaLagGuardProps } from './replica-lag-guard-props';
import type { ServerBinding } from './server-binding';

/** What is wrong with the props, beside what the plan refuses. */
export function guardChecks(props: ReplicaLagGuardProps): Check[] {
  const { engine, source, replicas = [], schema, table, removalPolicy, verifyIdentity = true } = props;
  const aurora = engine === ReplicaEngine.AURORA_MYSQL_8_0;
  const servers = [source, ...replicas].flatMap((server) => (server === undefined ? [] : [server._binding]));
  return [
    {
      refused: servers.some(({ isCluster }) => isCluster !== aurora),
      message: aurora
        ? `engine ${engine} is that of clusters: give DatabaseServer.cluster()`
        : `engine ${engine} is that of instances: give DatabaseServer.instance()`,
    },
    ...(verifyIdentity ? servers.map(identityCheck) : []),
    {
      refused: schema !== undefined && !/^\w{1,64}$/.test(schema),
      message: `schema must be 1 to 64 letters, digits and underscores, got '${schema}'`,
    },
    {
      refused: table !== undefined && removalPolicy !== undefined,
      message: 'removalPolicy is for the table that is made here; leave it out with table',
    },
    removalCheck(removalPolicy),
  ];
}

/** The certificates of RDS have its own endpoints only. An endpoint that is known when the app is deployed is taken as one. */
function identityCheck({ server, host }: ServerBinding): Check {
  return {
    refused: !Token.isUnresolved(host) && !/\.rds\.[\w.-]+$/.test(host),
    message: `${server.node.path} must have the endpoint that RDS gave it, such as orders.c9akciq32.eu-west-1.rds.amazonaws.com: no certificate of RDS has the name ${host}; give the endpoint, or verifyIdentity false`,
  };
}
