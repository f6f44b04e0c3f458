/** The replica of the orders' database: imports slow down before readers see old data (case 8). */
import { CfnOutput, CfnParameter } from 'aws-cdk-lib';
import { GatewayVpcEndpointAwsService, InterfaceVpcEndpointAwsService, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { DatabaseInstance } from 'aws-cdk-lib/aws-rds';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct, type IDependable } from 'constructs';
import { DatabaseServer } from '../../lib/aws/replication/database-server';
import { ReplicaLagGuard } from '../../lib/aws/replication/replica-lag-guard';
import { WRITE_PEAK } from '../../lib/cases/case-08-replica-lag';
import { acknowledge } from '../acknowledgements';
import { SUBNETS, type WebTier } from './network';

/**
 * Adds the guard. Source and replica, `orders-source` and `orders-replica` with the endpoints of the parameters, are put into the
 * subnets `Data` with the group of the output after the first deployment; the secret `orders/replica-guard` has their user, the
 * repository `replica-guard` the image of `Dockerfile`.
 */
export function addReplica(scope: Construct, { vpc, cluster, alarmTopic, endpoints }: WebTier): ReplicaLagGuard {
  const part = new Construct(scope, 'OrdersDatabase');
  const databases = new SecurityGroup(part, 'Databases', {
    vpc,
    description: 'Source and replica of the orders',
    allowAllOutbound: false,
  });
  const server = (id: string, name: string) =>
    DatabaseServer.instance(
      DatabaseInstance.fromDatabaseInstanceAttributes(part, id, {
        instanceIdentifier: name,
        // The guard sends its password to no other server: the certificate has to be one for this name.
        instanceEndpointAddress: new CfnParameter(part, `${id}Endpoint`, {
          description: `Endpoint of the instance ${name}`,
          default: `${name}.example.eu-west-1.rds.amazonaws.com`,
        }).valueAsString,
        port: 3306,
        securityGroups: [databases],
      }),
    );
  // A database is reached when it is in this VPC and has this group.
  new CfnOutput(part, 'DatabasesSecurityGroup', { value: databases.securityGroupId });
  const guard = new ReplicaLagGuard(part, 'Replica', {
    ...WRITE_PEAK,
    source: server('Source', 'orders-source'),
    replicas: [server('ReadReplica', 'orders-replica')],
    secret: Secret.fromSecretNameV2(part, 'Secret', 'orders/replica-guard'),
    cluster,
    vpcSubnets: { subnetGroupName: SUBNETS.services },
    image: ContainerImage.fromEcrRepository(Repository.fromRepositoryName(part, 'Image', 'replica-guard'), '1.0.0'),
    alarmTopic,
  });
  guard.service.node.addDependency(endpoints, ...addEndpoints(part, vpc, guard));
  acknowledge(guard.taskDefinition.executionRole?.node.findChild('DefaultPolicy'), {
    'AwsSolutions-IAM5[Resource::*]':
      'A token for the registry is of the account: ecr:GetAuthorizationToken takes no resource.',
  });
  return guard;
}

/** What a task of the guard needs besides the endpoints of every task: its password, and the table of the signal. */
function addEndpoints(scope: Construct, vpc: WebTier['vpc'], guard: ReplicaLagGuard): IDependable[] {
  const securityGroup = new SecurityGroup(scope, 'Endpoint', {
    vpc,
    description: 'Endpoint of Secrets Manager, for the guard',
    allowAllOutbound: false,
  });
  securityGroup.connections.allowFrom(guard, Port.tcp(443), 'HTTPS of the guard');
  const secrets = vpc.addInterfaceEndpoint('SecretsManager', {
    service: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
    securityGroups: [securityGroup],
    subnets: { subnetGroupName: SUBNETS.services },
    open: false,
  });
  const table = vpc.addGatewayEndpoint('DynamoDb', {
    service: GatewayVpcEndpointAwsService.DYNAMODB,
    subnets: [{ subnetGroupName: SUBNETS.services }],
  });
  return [secrets, table];
}
