import { Fn } from 'aws-cdk-lib';
import { FlowLogDestination, IpAddresses, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';

/** A VPC in two zones, of which rejected connections are logged. Jobs and tasks go out through one NAT gateway. */
export function twoZoneVpc(scope: Construct): Vpc {
  return new Vpc(scope, 'Vpc', {
    ipAddresses: IpAddresses.cidr('10.0.0.0/16'),
    maxAzs: 2,
    natGateways: 1,
    flowLogs: { rejected: { destination: FlowLogDestination.toCloudWatchLogs() } },
  });
}

/** Two zones wherever a stack is deployed, by their place in the list: what its `availabilityZones` return. */
export function twoZones(): string[] {
  return [0, 1].map((zone) => Fn.select(zone, Fn.getAzs()));
}
