/** A collection of Amazon DocumentDB that is there already, and what a `TtlCollection` needs beside it. */
import { DatabaseCluster } from 'aws-cdk-lib/aws-docdb';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster } from 'aws-cdk-lib/aws-ecs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';

/** Props of a collection `events`, without workload and objective. */
export function eventsInDocumentDb(stack: Construct, id = '') {
  const vpc = new Vpc(stack, `${id}Vpc`, { maxAzs: 2, natGateways: 1 });
  return {
    databaseCluster: DatabaseCluster.fromDatabaseClusterAttributes(stack, `${id}Database`, {
      clusterIdentifier: 'events',
      clusterEndpointAddress: 'events.cluster-abc.us-east-1.docdb.amazonaws.com',
      port: 27_017,
      securityGroup: new SecurityGroup(stack, `${id}DatabaseGroup`, {
        vpc,
        description: 'The database',
        allowAllOutbound: false,
      }),
    }),
    secret: Secret.fromSecretNameV2(stack, `${id}Secret`, 'events'),
    databaseName: 'shop',
    collection: 'events',
    cluster: new Cluster(stack, `${id}Cluster`, { vpc }),
  };
}
