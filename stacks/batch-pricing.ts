import { Stack, type StackProps } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { twoZones, twoZoneVpc } from './batch-pricing/network';
import { RatingJobs } from './batch-pricing/shares';

/** Batch pricing: jobs of several tenants (case 20). */
export class BatchPricingStack extends Stack {
  /** The rating jobs. */
  public readonly shares: RatingJobs;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: 'Batch pricing: jobs of several tenants', ...props });
    const alarmTopic = new Topic(this, 'Alarms', { enforceSSL: true });
    this.shares = new RatingJobs(this, 'Shares', { alarmTopic, vpc: twoZoneVpc(this) });
  }

  /** Two wherever it is deployed, by their place in the list. */
  public override get availabilityZones(): string[] {
    return twoZones();
  }
}
