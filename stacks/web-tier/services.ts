/** Orders: a service that accepts what it can answer in time, and refuses the rest at once (case 12). */

import { Repository } from 'aws-cdk-lib/aws-ecr';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { BoundedService } from '../../lib/aws/services/bounded-service';
import { OVERRUN_API } from '../../lib/cases/case-12-unbounded-thread-pool';
import { ServiceAdmission } from '../../lib/flow/services/workload';
import { acknowledge } from '../acknowledgements';
import { SUBNETS, type WebTier } from './network';

/** Adds the service. Its image and that of the agent are in the account's registry before it is deployed. */
export function addBounded(scope: Construct, { cluster, alarmTopic, endpoints }: WebTier): BoundedService {
  const image = (id: string, name: string, tag: string) =>
    ContainerImage.fromEcrRepository(Repository.fromRepositoryName(scope, id, name), tag);
  const orders = new BoundedService(scope, 'Orders', {
    ...OVERRUN_API,
    cluster,
    image: image('OrdersImage', 'web-tier/orders', '1.0.0'),
    admission: ServiceAdmission.TARGET_OPTIMIZER,
    agentImage: image('AgentImage', 'web-tier/target-control-agent', '1.0.0'),
    vpcSubnets: { subnetGroupName: SUBNETS.services },
    loadBalancerSubnets: { subnetGroupName: SUBNETS.services },
    alarmTopic,
  });
  orders.service.node.addDependency(endpoints);
  acknowledge(orders.taskDefinition.executionRole!.node.findChild('DefaultPolicy'), {
    'AwsSolutions-IAM5[Resource::*]': 'ecr:GetAuthorizationToken is of the registry, and takes no resource.',
  });
  acknowledge(orders.loadBalancer!, {
    'AwsSolutions-ELB2':
      'Callers are services of the VPC, which log what they call; access logs need a bucket of the account and a region that is known at synthesis.',
  });
  return orders;
}
