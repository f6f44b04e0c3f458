/** Who sends, and where its token bucket is: limits once, for plan, constructs and rules. */

import { CLOUD_TASKS } from '../cloud-tasks';
import { SQS_LIMITS } from '../queue/brokers/sqs';
import { LONGEST_FUNCTION_SECONDS } from '../queue/platforms/lambda';
import { DAY_SECONDS } from '../ranges';

/** Memory of a function that sends in MiB. One vCPU: a call that waits for the CPU misses its slot, and new connections cost the most of it. */
export const SENDER_MIB = 1769;

/** Who can send. */
export type SenderName = 'lambda' | 'deployment' | 'cloud-tasks' | 'cloud-run';

/** One kind of sender. */
export interface SenderFacts {
  /** Its name in sentences. */
  readonly title: string;
  /** Instances at least. */
  readonly leastInstances: number;
  /** Instances at most. */
  readonly mostInstances: number;
  /** Messages that one instance has in flight at most. */
  readonly mostPerInstance: number;
  /** Messages per second at most, however many the provider takes. */
  readonly mostPerSecond: number;
  /** Where these limits stand. */
  readonly source: string;
  /** Changes a second that its bucket takes. */
  readonly bucketWrites: { readonly most: number; readonly source: string };
  /** Whether an instance takes messages in batches, the next one only when its last call has ended. */
  readonly batches: boolean;
  /** Seconds that an instance may run, where that is limited. */
  readonly mostSeconds?: number;
  /** Where messages wait, and for how many seconds at most, where that is limited. */
  readonly keeps?: { readonly title: string; readonly seconds: number };
  /** Seconds of its rate that leave at once, where that cannot be set. */
  readonly burstSeconds?: number;
}

/** A tenth of what one core of a Redis server runs scripts at, so that others have room. */
const REDIS_BUCKET = {
  most: 10_000,
  source: 'Redis documentation, benchmarks: 100,000 commands a second without pipelining',
};
const NO_BUCKET = { most: Number.POSITIVE_INFINITY, source: 'the queue is the bucket' };

/** Every sender. */
export const SENDERS: Readonly<Record<SenderName, SenderFacts>> = {
  lambda: {
    title: 'AWS Lambda with a bucket in DynamoDB',
    leastInstances: 2,
    mostInstances: 1000,
    mostPerInstance: 100,
    mostPerSecond: 100_000,
    source: 'AWS Lambda developer guide, Amazon SQS event sources: MaximumConcurrency, 2 to 1,000',
    bucketWrites: {
      most: 1000,
      source: 'Amazon DynamoDB developer guide, partition key design: 1,000 write units a second for one item',
    },
    batches: true,
    mostSeconds: LONGEST_FUNCTION_SECONDS,
    // A day less than a dead letter is kept, which has the age of its message.
    keeps: { title: 'Amazon SQS', seconds: SQS_LIMITS.retentionSeconds.max - DAY_SECONDS },
  },
  deployment: {
    title: 'a Deployment with a bucket in Redis',
    leastInstances: 2,
    mostInstances: 1000,
    mostPerInstance: 200,
    mostPerSecond: 100_000,
    source: 'Kubernetes, Deployment: replicas; two for a node that is away',
    batches: false,
    bucketWrites: REDIS_BUCKET,
  },
  'cloud-tasks': {
    title: 'Google Cloud Tasks',
    leastInstances: 1,
    mostInstances: CLOUD_TASKS.dispatchesAtOnce,
    mostPerInstance: 1,
    mostPerSecond: CLOUD_TASKS.dispatchesPerSecond,
    source: 'Google Cloud Tasks, Quotas and limits: 500 dispatches a second and queue, 5,000 at once',
    bucketWrites: NO_BUCKET,
    batches: false,
    burstSeconds: 0.2,
  },
  'cloud-run': {
    title: 'Cloud Run, called by Google Cloud Tasks, with a bucket in Redis',
    leastInstances: 1,
    mostInstances: CLOUD_TASKS.dispatchesAtOnce,
    mostPerInstance: 1,
    mostPerSecond: CLOUD_TASKS.dispatchesPerSecond,
    source: 'Google Cloud Tasks, Quotas and limits: 500 dispatches a second and queue, 5,000 at once',
    bucketWrites: REDIS_BUCKET,
    batches: false,
  },
};
