/** Parameter groups of servers, and which servers get them. */
import { Annotations, type CfnResource, Stack } from 'aws-cdk-lib';
import { CfnDBClusterParameterGroup, CfnDBParameterGroup } from 'aws-cdk-lib/aws-rds';
import type { Construct } from 'constructs';
import { ReplicaEngine } from '../../flow/replication/workload';
import { cut } from '../descriptions';
import type { ServerBinding } from './server-binding';

/**
 * Makes the parameter group of some servers, and gives it to those of this app that name none.
 *
 * The stack of the guard depends on that of its servers, by their addresses. A group in the stack of the guard would make theirs
 * depend on it in turn, and CloudFormation deploys no such circle: the group is made beside the first server that takes it.
 */
export function createParameters(
  guard: Construct,
  role: 'Source' | 'Replica',
  family: string,
  parameters: Record<string, string>,
  servers: readonly ServerBinding[],
): CfnResource {
  const taking = servers.filter(({ takesParameters }) => takesParameters());
  const [first] = taking;
  const isElsewhere = first !== undefined && Stack.of(first.server) !== Stack.of(guard);
  const scope = isElsewhere ? (first.server as Construct) : guard;
  const id = `${role}Parameters`;
  const props = { family, description: cut(`${role} of ${guard.node.path}`, 255), parameters };
  const group =
    family === ReplicaEngine.AURORA_MYSQL_8_0
      ? new CfnDBClusterParameterGroup(scope, id, props)
      : new CfnDBParameterGroup(scope, id, props);
  for (const server of servers) {
    if (!taking.includes(server)) remind(server, group);
    else if (Stack.of(server.server) === Stack.of(group)) server.attach(group.ref);
    else warn(server, group);
  }
  return group;
}

/** Whether it has the parameters already cannot be read. */
function remind({ server }: ServerBinding, group: CfnResource): void {
  Annotations.of(server).addInfoV2(
    'Backpressure::replica-parameters',
    `${server.node.path} has a parameter group of its own, or is imported: give it the parameters of ${group.node.path}, as the plan of the guard lists them`,
  );
}

function warn({ server }: ServerBinding, group: CfnResource): void {
  Annotations.of(server).addWarningV2(
    'Backpressure::replica-parameters-elsewhere',
    `${server.node.path} is in another stack than ${group.node.path}, and gets no parameters: a stack that depends on this one may be what that stack depends on. Give it a parameter group with the parameters of that one, or put the replicas into one stack`,
  );
}
