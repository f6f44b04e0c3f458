import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { QueuePlatform } from '../../lib/aws/queue/queue-platform';
import { QueueWorker, WorkerCompute } from '../../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../../lib/aws/queue/redrive-queue';
import { IMAGES } from '../../lib/cases/case-06-image-jobs';

/**
 * The queue of the uploads, and the tasks that make the thumbnails (case 6). They are made in `scope` itself, so that they
 * have the same names in every stack that includes them.
 */
export function imageJobs(
  scope: Construct,
  { alarmTopic, vpc }: { readonly alarmTopic: ITopic; readonly vpc: IVpc },
): RedriveQueue {
  const { objective, consumer } = IMAGES.on.aws;
  const images = new RedriveQueue(scope, 'Images', {
    workload: IMAGES.workload,
    objective,
    consumer,
    platform: QueuePlatform.FARGATE,
    alarmTopic,
  });
  const cluster = new Cluster(scope, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });
  new QueueWorker(scope, 'Worker', {
    queue: images,
    compute: WorkerCompute.fargate({
      cluster,
      image: ContainerImage.fromRegistry('public.ecr.aws/docker/library/example-thumbnails:1.0.0'),
      cpu: 4096,
      memoryLimitMiB: 8192,
    }),
  });
  return images;
}
