import { CfnDBCluster, CfnDBInstance, type IDatabaseCluster, type IDatabaseInstance } from 'aws-cdk-lib/aws-rds';
import type { ServerBinding } from './server-binding';

/**
 * A server of Amazon RDS that takes writes or applies them. Pick one of the two.
 */
export class DatabaseServer {
  /**
   * An instance, made in this app or imported with its endpoint. One of this app that names no parameter group gets one with the
   * parameters of the guard, in its own stack; it takes effect when the instance is rebooted.
   */
  public static instance(instance: IDatabaseInstance): DatabaseServer {
    const resource = instance.node.defaultChild;
    const made = resource instanceof CfnDBInstance ? resource : undefined;
    return new DatabaseServer({
      server: instance,
      name: instance.instanceIdentifier,
      host: instance.instanceEndpoint.hostname,
      port: instance.instanceEndpoint.port,
      connections: instance,
      isCluster: false,
      takesParameters: () => made !== undefined && made.dbParameterGroupName === undefined,
      attach: (parameters) => {
        made!.dbParameterGroupName = parameters;
      },
    });
  }

  /**
   * A cluster of Aurora MySQL that writes, or that reads, the binary log. One of this app that names no parameter group gets one
   * with the parameters of the guard, in its own stack.
   */
  public static cluster(cluster: IDatabaseCluster): DatabaseServer {
    const resource = cluster.node.defaultChild;
    const made = resource instanceof CfnDBCluster ? resource : undefined;
    return new DatabaseServer({
      server: cluster,
      name: cluster.clusterIdentifier,
      host: cluster.clusterEndpoint.hostname,
      port: cluster.clusterEndpoint.port,
      connections: cluster,
      isCluster: true,
      takesParameters: () => made !== undefined && made.dbClusterParameterGroupName === undefined,
      attach: (parameters) => {
        made!.dbClusterParameterGroupName = parameters;
      },
    });
  }

  /** @internal */
  private constructor(
    /** @internal */
    public readonly _binding: ServerBinding,
  ) {}
}
