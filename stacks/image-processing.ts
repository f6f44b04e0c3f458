import { CfnOutput, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import { FlowLogDestination, IpAddresses, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { QueuePlatform } from '../lib/aws/queue/queue-platform';
import { QueueWorker, WorkerCompute } from '../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../lib/aws/queue/redrive-queue';
import { IMAGES } from '../lib/cases/case-06-image-jobs';

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
    const alarms = new Topic(this, 'Alarms', { enforceSSL: true });
    const { objective, consumer } = IMAGES.on.aws;
    const images = new RedriveQueue(this, 'Images', {
      workload: IMAGES.workload,
      objective,
      consumer,
      platform: QueuePlatform.FARGATE,
      alarmTopic: alarms,
    });
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.0.0.0/16'),
      maxAzs: 2,
      natGateways: 1,
      flowLogs: { rejected: { destination: FlowLogDestination.toCloudWatchLogs() } },
    });
    const cluster = new Cluster(this, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });
    new QueueWorker(this, 'Worker', {
      queue: images,
      compute: WorkerCompute.fargate({
        cluster,
        image: ContainerImage.fromRegistry('public.ecr.aws/docker/library/example-thumbnails:1.0.0'),
        cpu: 4096,
        memoryLimitMiB: 8192,
      }),
    });
    new CfnOutput(this, 'QueueUrl', { value: images.queueUrl });
  }

  /** Two wherever it is deployed, by their place in the list. */
  public override get availabilityZones(): string[] {
    return [0, 1].map((zone) => Fn.select(zone, Fn.getAzs()));
  }
}
