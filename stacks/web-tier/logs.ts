/** A service whose every line is kept for audit (case 1). */
import { InterfaceVpcEndpointAwsService, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { ContainerImage, CpuArchitecture, FargateService, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { Construct, type IDependable } from 'constructs';
import { LogShipping } from '../../lib/aws/logs/log-shipping';
import { TASK_LOGS } from '../../lib/cases/case-01-log-flood';
import { acknowledge } from '../acknowledgements';
import { SUBNETS, type WebTier } from './network';

/** Adds the service. Its image and that of Fluent Bit are in the account's registry before it is deployed. */
export function addAudit(scope: Construct, { vpc, cluster, alarmTopic, endpoints }: WebTier): LogShipping {
  const image = (id: string, name: string, tag: string) =>
    ContainerImage.fromEcrRepository(Repository.fromRepositoryName(scope, id, name), tag);
  const logs = new LogShipping(scope, 'AuditLogs', {
    ...TASK_LOGS,
    service: 'audit',
    image: image('RouterImage', 'web-tier/aws-for-fluent-bit', '3.2.2'),
    cluster,
    alarmTopic,
  });
  // Inside of its logs, whose plan has the numbers of its router.
  const taskDefinition = new FargateTaskDefinition(logs, 'Task', {
    cpu: 256,
    memoryLimitMiB: 1024,
    runtimePlatform: { cpuArchitecture: CpuArchitecture.ARM64 },
  });
  taskDefinition.addContainer('Audit', {
    image: image('AuditImage', 'web-tier/audit', '1.0.0'),
    logging: logs.logDriver,
    readonlyRootFilesystem: true,
  });
  const service = new FargateService(scope, 'AuditService', {
    cluster,
    taskDefinition,
    desiredCount: TASK_LOGS.tasks,
    vpcSubnets: { subnetGroupName: SUBNETS.services },
    circuitBreaker: { rollback: true },
    minHealthyPercent: 100,
  });
  service.node.addDependency(endpoints, addEndpoint(scope, vpc, service));
  acknowledge(taskDefinition, {
    'AwsSolutions-ECS2': 'The variable is the configuration of the router, which has no secret.',
  });
  acknowledge(taskDefinition.executionRole!.node.findChild('DefaultPolicy'), {
    'AwsSolutions-IAM5[Resource::*]': 'ecr:GetAuthorizationToken is of the registry, and takes no resource.',
  });
  return logs;
}

/** Where the router sends lines to. */
function addEndpoint(scope: Construct, vpc: WebTier['vpc'], service: FargateService): IDependable {
  const part = new Construct(scope, 'AuditEndpoint');
  const securityGroup = new SecurityGroup(part, 'Group', {
    vpc,
    description: 'Endpoint of Amazon Data Firehose, for the routers of logs',
    allowAllOutbound: false,
  });
  securityGroup.connections.allowFrom(service, Port.tcp(443), 'HTTPS of the routers');
  return vpc.addInterfaceEndpoint('Firehose', {
    service: InterfaceVpcEndpointAwsService.KINESIS_FIREHOSE,
    securityGroups: [securityGroup],
    subnets: { subnetGroupName: SUBNETS.services },
    open: false,
  });
}
