import type { Workload } from '../flow/queue/workload';
import { Case } from './case';
import type { Deployments } from './scenario';

/** The busy hour of the images and its objective. */
export const IMAGES = {
  workload: {
    steadyPerSecond: 16,
    peakPerSecond: 56.5,
    peakSeconds: 1_800,
    serviceSeconds: 2,
    serviceVariation: 0.5,
  },
  on: {
    aws: {
      platform: 'fargate',
      broker: 'sqs',
      objective: { latencySeconds: 90, latencyQuantile: 0.95 },
      consumer: { slotsPerInstance: 4 },
      redrive: {},
    },
    k8s: {
      platform: 'keda',
      broker: 'sqs',
      objective: { latencySeconds: 90, latencyQuantile: 0.95 },
      consumer: { slotsPerInstance: 4, startSeconds: 60 },
    },
    gcp: {
      platform: 'cloud-run-pool',
      broker: 'pubsub',
      objective: { latencySeconds: 90, latencyQuantile: 0.95 },
      consumer: { slotsPerInstance: 4 },
    },
  },
} as const satisfies Deployments & { workload: Workload };

export const imageJobs: Case = {
  number: 6,
  slug: 'image-jobs',
  title: 'Image jobs pile up',
  summary:
    'Users upload large photographs and each one costs seconds of CPU for its thumbnails and versions. The number of workers is fixed, so at the busy hour the queue grows for as long as the hour lasts, and users wait or leave. The number of workers has to follow the backlog, with a ceiling on the cost.',
  levers: ['scale'],
  difficulty: 'intermediate',
  domains: ['performance', 'integration'],
  dependsOn: [],
  headline: {
    text: 'P95 wait 12 min → < 90 s',
    changes: [
      {
        measure: 'wait P95',
        unit: 's',
        before: { relation: 'is', value: 720 },
        after: { relation: 'below', value: 90 },
      },
    ],
  },
  constructs: [
    {
      name: 'QueueWorker',
      engines: ['aws'],
      form: 'SQS and Fargate, scaled on backlog per task',
      available: true,
      deployed: 'ImageProcessing/Worker',
    },
    {
      name: 'QueueWorker',
      engines: ['k8s'],
      form: 'SQS or RabbitMQ, scaled by KEDA',
      available: true,
      deployed: 'image-processing/Images',
    },
    {
      name: 'QueueWorker',
      engines: ['gcp'],
      form: 'Pub/Sub and a Cloud Run worker pool, scaled by CREMA',
      available: true,
      deployed: 'gcp/images',
    },
  ],
  trap: '`queueLength: "500"` is not a threshold but the backlog for each replica: 500 images in 90 s is 180 ms an image. It is also deprecated, and user and password are in plain text beside it.',
  scenario: {
    kind: 'queue',
    calibration:
      'Twenty instances with four slots work 2 s on an image: 40 images a second at most, while 56.5 arrive for half an hour. The line grows to 30,000 images, and one in twenty waits longer than 12 minutes. After: the same instances, started and stopped as the backlog asks; one takes 60 s to start. Fargate decides on metrics of three minutes, longer than the promise, so that most tasks stay; pods come within it. A worker pool on Google Cloud is scaled by a metric that is 150 s late, so two thirds of it stay. The wait is measured to the end of the work, which is stricter.',
    answers: [{ measure: 'wait P95', by: 'latencyP95Seconds' }],
    workload: IMAGES.workload,
    before: { instances: 20, slotsPerInstance: 4 },
    after: { on: IMAGES.on },
  },
};
