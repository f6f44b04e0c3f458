import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { imageJobs } from './batch-pricing/images';
import { restrictedNamespace } from './namespace';

/**
 * Image processing: images from an SQS queue, processed by pods that KEDA scales on the backlog (case 6). Expects
 * KEDA, the Prometheus operator, and a queue with a role that may read it: `ImageProcessing` on AWS makes one.
 */
export class ImageProcessingChart extends Chart {
  constructor(scope: Construct, id: string, props: ChartProps = {}) {
    super(scope, id, { namespace: 'images', ...props });
    restrictedNamespace(this);
    imageJobs(this);
  }
}
