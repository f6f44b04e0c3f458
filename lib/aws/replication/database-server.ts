import { Annotations } from 'aws-cdk-lib';
import { CfnDBCluster, CfnDBInstance, type IDatabaseCluster, type IDatabaseInstance } from 'aws-cdk-lib/aws-rds';
import type { IConstruct } from 'constructs';
import type { ServerBinding } from './server-binding';

/**
 * A server of Amazon RDS that takes writes or applies them. Pick one of the two.
 */
export class DatabaseServer {
  /**
   * An instance, made in this app or imported with its endpoint. One of this app that names no parameter group gets that of the
   * guard; it takes effect when the instance is rebooted.
   */
  public static instance(instance: IDatabaseInstance): DatabaseServer {
    const resource = instance.node.defaultChild;
    const made = resource instanceof CfnDBInstance ? resource : undefined;
    return new DatabaseServer({
      name: instance.instanceIdentifier,
      host: instance.instanceEndpoint.hostname,
      port: instance.instanceEndpoint.port,
      connections: instance,
      isCluster: false,
      attach: (parameters) => {
        if (made !== undefined && made.dbParameterGroupName === undefined) made.dbParameterGroupName = parameters;
        else remind(instance, parameters);
      },
    });
  }

  /**
   * A cluster of Aurora MySQL that writes, or that reads, the binary log. One of this app that names no parameter group gets
   * that of the guard.
   */
  public static cluster(cluster: IDatabaseCluster): DatabaseServer {
    const resource = cluster.node.defaultChild;
    const made = resource instanceof CfnDBCluster ? resource : undefined;
    return new DatabaseServer({
      name: cluster.clusterIdentifier,
      host: cluster.clusterEndpoint.hostname,
      port: cluster.clusterEndpoint.port,
      connections: cluster,
      isCluster: true,
      attach: (parameters) => {
        if (made !== undefined && made.dbClusterParameterGroupName === undefined)
          made.dbClusterParameterGroupName = parameters;
        else remind(cluster, parameters);
      },
    });
  }

  /** @internal */
  private constructor(
    /** @internal */
    public readonly _binding: ServerBinding,
  ) {}
}

function remind(server: IConstruct, parameters: string): void {
  Annotations.of(server).addInfoV2(
    'Backpressure::replica-parameters',
    `${server.node.path} has a parameter group of its own, or is imported: give it the parameters of ${parameters}, as the plan of the guard lists them`,
  );
}
