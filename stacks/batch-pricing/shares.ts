import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { FairShare } from '../../lib/aws/shares/fair-share';
import { RATING_ON_BATCH } from '../../lib/cases/case-20-tenant-starvation';

/**
 * Rating jobs of four tenants on one job queue of AWS Batch, each of which comes to its share (case 20). The image is an
 * example; give your own.
 */
export class RatingJobs extends Construct {
  /** The queue and its shares. */
  public readonly rating: FairShare;

  constructor(scope: Construct, id: string, { alarmTopic, vpc }: { readonly alarmTopic: ITopic; readonly vpc: IVpc }) {
    super(scope, id);
    const { maxvCpus, tenants, objective } = RATING_ON_BATCH;
    this.rating = new FairShare(this, 'Rating', {
      maxvCpus,
      tenants: [...tenants],
      objective,
      vpc,
      image: ContainerImage.fromRegistry('public.ecr.aws/docker/library/example-rating:1.0.0'),
      alarmTopic,
    });
  }
}
