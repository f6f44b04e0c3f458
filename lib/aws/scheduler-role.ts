/** The role with which EventBridge Scheduler calls the targets of a group. */
import { Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { roleDescription } from './descriptions';

/** Only schedules of the group may use it: without the condition another account could (the confused deputy). */
export function schedulerRole(scope: Construct, group: IScheduleGroup, description: string): Role {
  return new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: {
        StringEquals: { 'aws:SourceAccount': Stack.of(scope).account, 'aws:SourceArn': group.scheduleGroupArn },
      },
    }),
    description: roleDescription(description),
  });
}
