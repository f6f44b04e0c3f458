import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { IMAGES } from '../lib/cases/case-06-image-jobs';
import { QueueTrigger } from '../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../lib/k8s/queue/queue-worker';
import { restrictedNamespace } from './namespace';

/**
 * Image processing: images from an SQS queue, processed by pods that KEDA scales on the backlog (case 6). Expects
 * KEDA, the Prometheus operator, and a queue with a role that may read it: `ImageProcessing` on AWS makes one.
 */
export class ImageProcessingChart extends Chart {
  constructor(scope: Construct, id: string, props: ChartProps = {}) {
    super(scope, id, { namespace: 'images', ...props });
    restrictedNamespace(this);
    const { objective, consumer } = IMAGES.on.k8s;
    new QueueWorker(this, 'Images', {
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
}
