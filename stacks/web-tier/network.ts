/** The network of the web tier: two zones, no NAT, and an endpoint for each service that a task needs to start. */
import { RemovalPolicy } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { Cluster } from 'aws-cdk-lib/aws-ecs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

const ADDRESSES = '10.0.0.0/16';

/** Names of the subnets, for `vpcSubnets: { subnetGroupName }`. */
export const SUBNETS = {
  /** Load balancers; nothing else has a way to the internet. */
  edge: 'Edge',
  /** Tasks. */
  services: 'Services',
  /** Databases. */
  data: 'Data',
} as const;

/** What the parts of the web tier share. */
export interface WebTier {
  readonly vpc: Vpc;
  /** Has Container Insights. */
  readonly cluster: Cluster;
  readonly alarmTopic: Topic;
}

/** A VPC from which tasks pull images of the account's own registry and write logs, and reach nothing else. */
export class WebTierNetwork extends Construct {
  public readonly vpc: Vpc;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const isolated = { subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 };
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(ADDRESSES),
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [
        { name: SUBNETS.edge, subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        { name: SUBNETS.services, ...isolated },
        { name: SUBNETS.data, ...isolated },
      ],
    });
    const logGroup = new LogGroup(this, 'FlowLogs', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.vpc.addFlowLog('Rejected', { destination: FlowLogDestination.toCloudWatchLogs(logGroup) });
    this.addEndpoints();
  }

  /** Amazon ECR user guide, interface VPC endpoints: API, Docker, and S3 for the layers of an image. */
  private addEndpoints(): void {
    const securityGroup = new SecurityGroup(this, 'Endpoints', {
      vpc: this.vpc,
      description: 'Endpoints of AWS services, for everything in the VPC',
      allowAllOutbound: false,
    });
    securityGroup.addIngressRule(Peer.ipv4(ADDRESSES), Port.tcp(443), 'HTTPS of the VPC');
    const services = {
      EcrApi: InterfaceVpcEndpointAwsService.ECR,
      EcrDocker: InterfaceVpcEndpointAwsService.ECR_DOCKER,
      Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    };
    for (const [id, service] of Object.entries(services)) {
      this.vpc.addInterfaceEndpoint(id, {
        service,
        securityGroups: [securityGroup],
        subnets: { subnetGroupName: SUBNETS.services },
        // The group admits the VPC, by a rule that can be read.
        open: false,
      });
    }
    this.vpc.addGatewayEndpoint('S3', {
      service: GatewayVpcEndpointAwsService.S3,
      subnets: [{ subnetGroupName: SUBNETS.services }],
    });
  }
}
