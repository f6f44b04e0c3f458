/** Security groups that an L2 makes by itself. */
import { CfnSecurityGroup, type IConnectable } from 'aws-cdk-lib/aws-ec2';
import { groupDescription } from './descriptions';

/** The L2 puts the construct path in the group's description. EC2 refuses it when an id is not in Latin script. */
export function describeGroups({ connections }: IConnectable): void {
  for (const group of connections.securityGroups) {
    const resource = group.node.defaultChild;
    if (resource instanceof CfnSecurityGroup) resource.groupDescription = groupDescription(resource.groupDescription);
  }
}
