import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { imageJobs } from './batch-pricing/images';
import { twoZones, twoZoneVpc } from './batch-pricing/network';
import { Retention } from './batch-pricing/retention';
import { RatingJobs } from './batch-pricing/shares';

/**
 * Batch pricing: rating jobs of several tenants that share places by weight (case 20), images of what was priced (case 6), and
 * the events of the jobs, which expire in a table and in a collection that keep below their size (case 16).
 */
export class BatchPricingStack extends Stack {
  /** The rating jobs. */
  public readonly shares: RatingJobs;

  /** The events of the jobs. */
  public readonly retention: Retention;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, {
      description: 'Batch pricing: jobs of several tenants, images, and events that expire',
      ...props,
    });
    const alarmTopic = new Topic(this, 'Alarms', { enforceSSL: true });
    const vpc = twoZoneVpc(this);

    // A part each, in a file of its own.
    this.shares = new RatingJobs(this, 'Shares', { alarmTopic, vpc });
    imageJobs(this, { alarmTopic, vpc });
    this.retention = new Retention(this, 'Retention', { alarmTopic, vpc });

    new CfnOutput(this, 'EventsTableName', { value: this.retention.events.table.tableName });
  }

  /** Two wherever it is deployed, by their place in the list. */
  public override get availabilityZones(): string[] {
    return twoZones();
  }
}
