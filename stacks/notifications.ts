import { CfnOutput, CfnParameter, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { EmailIdentity } from 'aws-cdk-lib/aws-ses';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { CoalescingQueue } from '../lib/aws/merging/coalescing-queue';
import { Invalidator } from '../lib/aws/merging/invalidator';
import { WorkerCompute } from '../lib/aws/queue/queue-worker';
import { RateLimitedSender } from '../lib/aws/rates/rate-limited-sender';
import { RuntimeFunction } from '../lib/aws/runtime-function';
import { SpreadSchedule } from '../lib/aws/schedule/spread-schedule';
import { CHORES } from '../lib/cases/case-04-cron-stampede';
import { MAILING } from '../lib/cases/case-07-mail-rate-limit';
import { STORM } from '../lib/cases/case-09-invalidation-storm';
import { planCoalescing } from '../lib/flow/merging/plan';

/** Twice the time of a chore, as the plan of the queue asks. */
const FUNCTION_TIMEOUT = Duration.seconds(2 * CHORES.jobs[0].durationSeconds);
/** 1,769 MiB are one vCPU (AWS Lambda developer guide, Configure function memory); a chore is limited to a fifth. */
const CHORE_MIB = 354;

/**
 * Notifications: the hourly chores of 36 services, each at its own minute, four at a time (case 4); a campaign that leaves at
 * the rate that Amazon SES takes, each mail once (case 7); and announcements of changes, merged by the key of the cached page
 * (case 9). The functions do nothing; put your own in their place. The account needs a verified domain, and a sending quota
 * of 100 a second and 700,000 a day.
 */
export class NotificationsStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, {
      description: 'Notifications: hourly jobs spread over the hour, a campaign at its rate, and changes merged by key',
      ...props,
    });
    const alarms = new Topic(this, 'Alarms', { enforceSSL: true });
    const runner = new RuntimeFunction(this, 'Runner', {
      bundle: 'notifications',
      description: 'Runs one chore of one service',
      timeout: FUNCTION_TIMEOUT,
      memorySize: CHORE_MIB,
    });
    const chores = new SpreadSchedule(this, 'Chores', {
      ...CHORES,
      compute: WorkerCompute.lambda({ function: runner }),
      alarmTopic: alarms,
    });
    const callSeconds = planCoalescing('Invalidations', STORM).value('callTimeoutSeconds');
    const rebuilder = new RuntimeFunction(this, 'Rebuilder', {
      bundle: 'rebuild',
      description: 'Rebuilds the cached pages of the keys that it gets',
      // The merger waits as long for it; whichever ends first, the call has failed.
      timeout: Duration.seconds(callSeconds),
    });
    const invalidations = new CoalescingQueue(this, 'Invalidations', {
      ...STORM,
      invalidator: Invalidator.lambda({ function: rebuilder }),
      alarmTopic: alarms,
    });
    new CfnOutput(this, 'InvalidationStream', { value: invalidations.stream!.streamName });
    new CfnOutput(this, 'InvalidationsAsideUrl', { value: invalidations.asideQueue.queueUrl });
    new CfnOutput(this, 'QueueUrl', { value: chores.queue.queueUrl });
    new CfnOutput(this, 'ScheduleGroupName', { value: chores.scheduleGroup.scheduleGroupName });
    this.createMailing(alarms);
  }

  private createMailing(alarmTopic: Topic): void {
    const domain = new CfnParameter(this, 'Domain', {
      default: 'example.com',
      description: 'A domain that is verified in Amazon SES in this region',
    }).valueAsString;
    const mailing = new RateLimitedSender(this, 'Mailing', {
      ...MAILING,
      identity: EmailIdentity.fromEmailIdentityName(this, 'Identity', domain),
      from: `Mailing <mailing@${domain}>`,
      alarmTopic,
    });
    const outputs = {
      MailingQueueUrl: mailing.queue.queueUrl,
      MailingQuarantineQueueUrl: mailing.quarantineQueue.queueUrl,
      MailingConfigurationSet: mailing.configurationSet.configurationSetName,
      MailingTable: mailing.table.tableName,
      // Resumes by hand: aws lambda invoke --function-name … --payload '{"action":"resume"}'
      MailingBreakerFunction: mailing.breaker?.functionName ?? 'none',
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
