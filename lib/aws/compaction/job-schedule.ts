/** What starts the job of a Delta table: by the clock, and a start that fails is kept. */
import { Duration, RemovalPolicy, Stack, TimeZone } from 'aws-cdk-lib';
import type { CfnJob } from 'aws-cdk-lib/aws-glue';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Schedule,
  ScheduleExpression,
  ScheduleGroup,
  ScheduleTargetInput,
  TimeWindow,
} from 'aws-cdk-lib/aws-scheduler';
import { Universal } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Starts } from '../../flow/compaction/clock';
import type { CompactionPlan } from '../../flow/compaction/workload';
import { roleDescription } from '../descriptions';
import { parkedQueue } from '../parked-queue';

/** The schedule, and what belongs to it. */
export interface JobSchedule {
  readonly schedule: Schedule;
  readonly scheduleGroup: ScheduleGroup;
  readonly scheduleRole: Role;
  readonly undeliveredQueue: Queue;
}

/** What is started, when, and where failed starts are kept. */
export interface JobScheduleProps {
  readonly job: CfnJob;
  readonly starts: Starts;
  readonly plan: CompactionPlan;
  readonly encryptionKey?: IKey;
  readonly removalPolicy?: RemovalPolicy;
}

/** Starts the job by the clock, in UTC. */
export function createJobSchedule(scope: Construct, props: JobScheduleProps): JobSchedule {
  const { job, starts, plan, encryptionKey, removalPolicy } = props;
  const undeliveredQueue = parkedQueue(scope, 'Undelivered', {
    retentionSeconds: plan.value('undeliveredRetentionSeconds'),
    encryptionKey,
    removalPolicy,
    holds: 'It is the dead-letter queue of the schedule.',
  });
  const scheduleGroup = new ScheduleGroup(scope, 'ScheduleGroup', { removalPolicy: RemovalPolicy.DESTROY });
  const scheduleRole = createRole(scope, job, scheduleGroup, undeliveredQueue);
  const schedule = new Schedule(scope, 'Schedule', {
    schedule: ScheduleExpression.expression(`cron(${starts.minutes} ${starts.hours} * * ? *)`, TimeZone.ETC_UTC),
    // The minute is chosen: a window would move it.
    timeWindow: TimeWindow.off(),
    scheduleGroup,
    description: `Compacts ${scope.node.path}`.slice(0, 512),
    target: new Universal({
      service: 'glue',
      action: 'startJobRun',
      input: ScheduleTargetInput.fromObject({ JobName: job.ref }),
      deadLetterQueue: undeliveredQueue,
      // A start while a run goes on is refused by Glue, and repeated until then.
      maxEventAge: Duration.seconds(plan.value('startingDeadlineSeconds')),
      policyStatements: [startStatement(Stack.of(scope), job)],
      role: scheduleRole.withoutPolicyUpdates(),
    }),
  });
  schedule.node.addDependency(scheduleRole);
  return { schedule, scheduleGroup, scheduleRole, undeliveredQueue };
}

/** Only schedules of the group may use it: without the condition another account could (the confused deputy). */
function createRole(scope: Construct, job: CfnJob, group: ScheduleGroup, undelivered: Queue): Role {
  const stack = Stack.of(scope);
  const role = new Role(scope, 'ScheduleRole', {
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: {
        StringEquals: { 'aws:SourceAccount': stack.account, 'aws:SourceArn': group.scheduleGroupArn },
      },
    }),
    description: roleDescription(`Starts the compaction of ${scope.node.path}`),
  });
  role.addToPolicy(startStatement(stack, job));
  undelivered.grant(role, 'sqs:SendMessage');
  undelivered.encryptionMasterKey?.grant(role, 'kms:GenerateDataKey', 'kms:Decrypt');
  return role;
}

function startStatement(stack: Stack, job: CfnJob): PolicyStatement {
  return new PolicyStatement({
    actions: ['glue:StartJobRun'],
    resources: [stack.formatArn({ service: 'glue', resource: 'job', resourceName: job.ref })],
  });
}
