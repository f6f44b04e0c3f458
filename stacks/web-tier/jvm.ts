/** An API in a JVM whose heap bears what it allocates (case 10). */

import { Repository } from 'aws-cdk-lib/aws-ecr';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { JvmService } from '../../lib/aws/jvm/jvm-service';
import { BUSY_JVM } from '../../lib/cases/case-10-allocation-outruns-gc';
import { acknowledge } from '../acknowledgements';
import { SUBNETS, type WebTier } from './network';

/** Adds the API. Its image and that of Node.js are in the account's registry before it is deployed. */
export function addJvm(scope: Construct, { cluster, alarmTopic, endpoints }: WebTier): JvmService {
  const image = (id: string, name: string, tag: string) =>
    ContainerImage.fromEcrRepository(Repository.fromRepositoryName(scope, id, name), tag);
  const api = new JvmService(scope, 'Api', {
    ...BUSY_JVM,
    cluster,
    image: image('ApiImage', 'web-tier/api', '1.0.0'),
    exporterImage: image('NodeImage', 'web-tier/node', '24.21.0-alpine3.24'),
    vpcSubnets: { subnetGroupName: SUBNETS.services },
    alarmTopic,
  });
  api.service.node.addDependency(endpoints);
  acknowledge(api.taskDefinition.executionRole!.node.findChild('DefaultPolicy'), {
    'AwsSolutions-IAM5[Resource::*]': 'ecr:GetAuthorizationToken is of the registry, and takes no resource.',
  });
  return api;
}
