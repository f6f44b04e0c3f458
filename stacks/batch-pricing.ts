import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { Retention } from './batch-pricing/retention';

/**
 * Batch pricing: jobs of several tenants and what they leave behind. Their events expire, in a table that keeps below its
 * size (case 16).
 */
export class BatchPricingStack extends Stack {
  /** The events of the jobs. */
  public readonly retention: Retention;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, {
      description: 'Batch pricing: jobs of several tenants, and events that expire',
      ...props,
    });
    const alarmTopic = new Topic(this, 'Alarms', { enforceSSL: true });

    // A part each, in a file of its own below batch-pricing/.
    this.retention = new Retention(this, 'Retention', { alarmTopic });

    new CfnOutput(this, 'EventsTableName', { value: this.retention.events.table.tableName });
  }
}
