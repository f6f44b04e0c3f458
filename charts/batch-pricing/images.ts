import type { Construct } from 'constructs';
import { IMAGES } from '../../lib/cases/case-06-image-jobs';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../lib/k8s/queue/queue-worker';

/** The pods that make the thumbnails, from a queue that the stack `ImageProcessing` makes, or your own (case 6). */
export function imageJobs(scope: Construct): QueueWorker {
  const { objective, consumer } = IMAGES.on.k8s;
  return new QueueWorker(scope, 'Images', {
    workload: IMAGES.workload,
    objective,
    consumer,
    trigger: QueueTrigger.sqs({
      queueUrl: 'https://sqs.eu-central-1.amazonaws.com/111122223333/images',
      region: 'eu-central-1',
      roleArn: 'arn:aws:iam::111122223333:role/images',
    }),
    image: 'docker.io/example/thumbnails:1.0.0',
  });
}
