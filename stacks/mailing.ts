import { CfnOutput, CfnParameter, Stack, type StackProps } from 'aws-cdk-lib';
import { EmailIdentity } from 'aws-cdk-lib/aws-ses';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { RateLimitedSender } from '../lib/aws/rates/rate-limited-sender';
import { MAILING } from '../lib/cases/case-07-mail-rate-limit';

/**
 * Mailing: a campaign leaves at the rate that Amazon SES takes, each mail once (case 7). The account needs a verified
 * domain, and a sending quota of 100 a second and 700,000 a day.
 */
export class MailingStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: 'Mailing: a campaign at the rate of the provider, each mail once', ...props });
    const domain = new CfnParameter(this, 'Domain', {
      default: 'example.com',
      description: 'A domain that is verified in Amazon SES in this region',
    }).valueAsString;
    const alarms = new Topic(this, 'Alarms', { enforceSSL: true });
    const sender = new RateLimitedSender(this, 'Sender', {
      ...MAILING,
      identity: EmailIdentity.fromEmailIdentityName(this, 'Identity', domain),
      from: `Mailing <mailing@${domain}>`,
      alarmTopic: alarms,
    });
    const outputs = {
      QueueUrl: sender.queue.queueUrl,
      QuarantineQueueUrl: sender.quarantineQueue.queueUrl,
      ConfigurationSet: sender.configurationSet.configurationSetName,
      Table: sender.table.tableName,
      // Resumes by hand: aws lambda invoke --function-name … --payload '{"action":"resume"}'
      BreakerFunction: sender.breaker?.functionName ?? 'none',
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
