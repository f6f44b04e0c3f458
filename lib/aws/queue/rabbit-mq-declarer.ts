/** The function that declares the objects of a queue on its broker, as a resource of the stack and every hour. */
import { CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type IInterfaceVpcEndpoint, Peer, Port, SecurityGroup, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct, IConstruct } from 'constructs';
import type { QueuePlan } from '../../flow/queue/workload';
import type { Topology } from '../../runtime/rabbitmq-topology/topology';
import { cut, groupDescription } from '../descriptions';
import { createResourceProvider } from '../resource-provider';
import { RuntimeFunction } from '../runtime-function';
import { grantSecretValue } from '../secret-value';
import { singleStart } from '../single-start';
import { BROKER_PORTS, type BrokerParts, managementOf } from './rabbit-mq-broker';

/** What is declared, and where. */
export interface DeclarerProps {
  readonly broker: BrokerParts;
  readonly topology: Topology;
  /** The secrets of the users that are declared. */
  readonly secrets: readonly ISecret[];
  readonly plan: QueuePlan;
  readonly vpcSubnets?: SubnetSelection;
  readonly secretsManagerEndpoint?: IInterfaceVpcEndpoint;
  readonly takeOver: boolean;
  readonly removalPolicy: RemovalPolicy;
}

/** The function and what it makes. */
export interface Declarer {
  readonly declarer: LambdaFunction;
  readonly securityGroup: SecurityGroup;
  readonly resource: CustomResource;
  readonly rule: Rule;
}

/** Makes the function inside the VPC of the broker, the resource and the hourly check. */
export function createDeclarer(scope: Construct, props: DeclarerProps): Declarer {
  const { broker, plan, topology, secrets, takeOver, removalPolicy } = props;
  const { securityGroup, admitted } = createGroup(scope, props);
  const declarer = new RuntimeFunction(scope, 'Declarer', {
    bundle: 'rabbitmq-topology',
    description: `Declares the queue of ${scope.node.path} on its broker and repairs it`,
    timeout: Duration.seconds(plan.value('declareTimeoutSeconds')),
    network: { vpc: broker.vpc, vpcSubnets: props.vpcSubnets, securityGroup },
  });
  for (const secret of [broker.adminSecret, ...secrets]) grantSecretValue(secret, declarer);
  const where = { Management: managementOf(broker.endpoint), AdminSecretArn: broker.adminSecret.secretArn };
  const resource = new CustomResource(scope, 'Topology', {
    serviceToken: createResourceProvider(scope, { onEventHandler: declarer, plan }).serviceToken,
    resourceType: 'Custom::RabbitMqTopology',
    properties: { ...where, Topology: JSON.stringify(topology), ...(takeOver && { TakeOver: 'true' }) },
    // A rolled-back creation removes nothing either: it may have taken over a queue that was there.
    removalPolicy: removalPolicy === RemovalPolicy.DESTROY ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
  });
  // The broker must be reachable before the first object is declared, and until the last is removed.
  resource.node.addDependency(securityGroup, ...admitted, declarer);
  if (broker.resource !== undefined) resource.node.addDependency(broker.resource);
  const interval = Duration.seconds(plan.value('repairIntervalSeconds'));
  const rule = new Rule(scope, 'Repair', {
    description: cut(`Declares the queue of ${scope.node.path} again when it was changed on the broker`, 512),
    schedule: Schedule.rate(interval),
    targets: [
      // The next check repairs what a lost one missed.
      singleStart(declarer, {
        event: RuleTargetInput.fromObject({ Repair: { ...where, Topology: topology } }),
        maxEventAge: interval,
      }),
    ],
  });
  // Deleted before the objects: a late check would declare them again, and they would stay.
  rule.node.addDependency(resource);
  return { declarer, securityGroup, resource, rule };
}

/** The group of the function, and the rules of the broker's group that admit it. */
function createGroup(
  scope: Construct,
  { broker, secretsManagerEndpoint }: DeclarerProps,
): { securityGroup: SecurityGroup; admitted: IConstruct[] } {
  const securityGroup = new SecurityGroup(scope, 'DeclarerGroup', {
    vpc: broker.vpc,
    description: groupDescription(`Declares the RabbitMQ queue of ${scope.node.path}`),
    allowAllOutbound: false,
  });
  // Not the whole group: rules of the worker, which waits for what is declared, are added to it later.
  const before = new Set(broker.securityGroup.node.children);
  securityGroup.connections.allowTo(broker.securityGroup, Port.tcp(BROKER_PORTS.management), 'RabbitMQ management API');
  const admitted = broker.securityGroup.node.children.filter((child) => !before.has(child));
  const https = Port.tcp(443);
  if (secretsManagerEndpoint) securityGroup.connections.allowTo(secretsManagerEndpoint, https, 'Secrets Manager');
  else securityGroup.addEgressRule(Peer.anyIpv4(), https, 'Secrets Manager, by an endpoint or a NAT gateway');
  return { securityGroup, admitted };
}
