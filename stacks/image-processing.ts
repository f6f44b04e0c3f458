import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { imageJobs } from './batch-pricing/images';
import { twoZones, twoZoneVpc } from './batch-pricing/network';

/**
 * Image processing: uploads wait in a queue, and Fargate tasks, scaled on backlog per task, make the thumbnails
 * (case 6). The image is an example; give your own.
 */
export class ImageProcessingStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, {
      description: 'Image processing: a queue and Fargate tasks scaled on backlog per task',
      ...props,
    });
    const alarmTopic = new Topic(this, 'Alarms', { enforceSSL: true });
    const images = imageJobs(this, { alarmTopic, vpc: twoZoneVpc(this) });
    new CfnOutput(this, 'QueueUrl', { value: images.queueUrl });
  }

  /** Two wherever it is deployed, by their place in the list. */
  public override get availabilityZones(): string[] {
    return twoZones();
  }
}
