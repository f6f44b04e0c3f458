/**
 * How instances come, one row a platform: what decides how many run, what it reads and how often, how long a decision
 * and a start take, what waking from zero costs, and the limits. Every number that a platform brings into a plan stands
 * here and nowhere else.
 */
import type { BrokerName } from '../brokers/facts';

/** The facts of one platform. */
export interface PlatformFacts {
  /** As it stands in sentences. */
  readonly title: string;
  /** The brokers that it takes items from; the first one unless the question names another. */
  readonly brokers: readonly BrokerName[];
  /** What one instance is called. */
  readonly instance: string;
  /** What decides how many run, and what it reads. */
  readonly scalesOn: string;
  /** Seconds between two readings. */
  readonly pollSeconds: number;
  /** Seconds from a reading to the order for more instances. */
  readonly decideSeconds: number;
  /** Seconds from the order to an instance's first item. */
  readonly startSeconds: number;
  /** Seconds from the first item to the order for the first instance; undefined where it cannot sleep. */
  readonly wakeUpSeconds?: number;
  /** Whether a backlog for each instance is what the scaler is told. */
  readonly followsBacklog: boolean;
  /** The most instances. */
  readonly instanceLimit?: number;
  /** What sets that limit. */
  readonly limitedBy?: string;
  /** How an instance is paid: per hour that it runs, or per hour that it works. */
  readonly paid: 'running' | 'working' | 'unknown';
  /** Where the numbers come from. */
  readonly source: string;
}

/** Names of the platforms, as a question and the command line give them. */
export type PlatformName =
  | 'lambda'
  | 'lambda-provisioned'
  | 'fargate'
  | 'keda'
  | 'keda-job'
  | 'cloud-run'
  | 'cloud-run-pool'
  | 'other';

const LAMBDA_SCALING = 'AWS Lambda developer guide, Configuring scaling behavior for SQS event source mappings';
const KEDA_SCALING =
  'kube-controller-manager, --horizontal-pod-autoscaler-sync-period; KEDA, ScaledObject specification, pollingInterval';

const ANY_BROKER: readonly BrokerName[] = ['sqs', 'rabbitmq', 'kafka', 'redis', 'pubsub', 'other'];

/** The platforms. */
export const PLATFORM_FACTS: Readonly<Record<PlatformName, PlatformFacts>> = {
  lambda: {
    title: 'AWS Lambda',
    brokers: ['sqs'],
    instance: 'concurrent invocation',
    scalesOn: 'pollers of the event source mapping: 5 at once, then 300 a minute while messages are left',
    followsBacklog: false,
    pollSeconds: 0,
    decideSeconds: 0,
    // A cold start; measure yours.
    startSeconds: 1,
    instanceLimit: 1000,
    limitedBy: 'an event source mapping',
    paid: 'working',
    source: LAMBDA_SCALING,
  },
  'lambda-provisioned': {
    title: 'AWS Lambda with provisioned pollers',
    brokers: ['sqs'],
    instance: 'concurrent invocation',
    scalesOn: 'pollers of the event source mapping: the minimum always, each up to 10 invocations; 1,000 more a minute',
    followsBacklog: false,
    pollSeconds: 0,
    decideSeconds: 0,
    startSeconds: 1,
    instanceLimit: 20_000,
    limitedBy: 'an event source mapping with 2,000 provisioned pollers',
    paid: 'working',
    source: `${LAMBDA_SCALING}: provisioned mode`,
  },
  fargate: {
    title: 'AWS Fargate',
    brokers: ['sqs', 'rabbitmq', 'amazon-mq', 'kafka', 'redis'],
    instance: 'task',
    scalesOn: 'target tracking on (waiting + in work) ÷ running tasks, published once a minute, three periods above it',
    followsBacklog: true,
    pollSeconds: 60,
    decideSeconds: 180,
    // Image pull and container start; measured starts of small images are 30 to 60 s.
    startSeconds: 60,
    // One period of the metric and one of the alarm.
    wakeUpSeconds: 120,
    paid: 'running',
    source:
      'Application Auto Scaling user guide, target tracking; Amazon SQS, Amazon MQ and Container Insights publish once a minute',
  },
  keda: {
    title: 'Kubernetes Deployment scaled by KEDA',
    brokers: ANY_BROKER,
    instance: 'pod',
    scalesOn: 'the horizontal pod autoscaler on items ÷ replicas, every 15 s; from zero KEDA, every 30 s',
    followsBacklog: true,
    pollSeconds: 15,
    decideSeconds: 0,
    // Image pull and start of a small image.
    startSeconds: 30,
    // KEDA's pollingInterval, then the autoscaler goes on from one.
    wakeUpSeconds: 30 + 15,
    paid: 'running',
    source: KEDA_SCALING,
  },
  'keda-job': {
    title: 'Kubernetes job for each item, started by KEDA',
    brokers: ANY_BROKER,
    instance: 'job',
    scalesOn: 'KEDA on items without a job, every 30 s',
    followsBacklog: false,
    pollSeconds: 30,
    decideSeconds: 0,
    startSeconds: 30,
    wakeUpSeconds: 30 + 15,
    paid: 'running',
    source: 'KEDA, Scaling Jobs',
  },
  'cloud-run': {
    title: 'Cloud Run, pushed to by Pub/Sub',
    brokers: ['pubsub'],
    instance: 'instance',
    scalesOn: 'concurrent requests and CPU over a window of one minute',
    followsBacklog: false,
    pollSeconds: 60,
    decideSeconds: 0,
    // Container start; an assumption, set consumer.startSeconds to yours.
    startSeconds: 10,
    instanceLimit: 1000,
    limitedBy: 'a revision with 1 vCPU',
    paid: 'unknown',
    source: 'Cloud Run documentation, About instance autoscaling: one minute window',
  },
  'cloud-run-pool': {
    title: 'Cloud Run worker pool, scaled by CREMA',
    brokers: ['pubsub'],
    instance: 'instance',
    scalesOn: 'CREMA on messages ÷ instances, every 30 s, of a metric that Cloud Monitoring shows 150 s late',
    followsBacklog: true,
    pollSeconds: 30,
    // The metric is sampled each minute and shown two minutes later or more: 120 s and half a sample.
    decideSeconds: 150,
    // Image pull and container start; an assumption, set consumer.startSeconds to yours.
    startSeconds: 20,
    // One poll of a metric as old as that.
    wakeUpSeconds: 30 + 150,
    paid: 'running',
    source:
      'Cloud Run External Metrics Autoscaling (CREMA), README, known issues: metrics of Cloud Monitoring are 2 minutes late or more; pollingInterval',
  },
  other: {
    title: 'a platform that was not named',
    brokers: ANY_BROKER,
    instance: 'instance',
    scalesOn: 'the backlog; slower than most: every 30 s, decided within 15 s, started within 30 s',
    followsBacklog: true,
    pollSeconds: 30,
    decideSeconds: 15,
    startSeconds: 30,
    wakeUpSeconds: 45,
    paid: 'unknown',
    source: 'defaults of KEDA and of the horizontal pod autoscaler added up',
  },
};
