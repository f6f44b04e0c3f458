/** Where the tasks of a worker take their items from: what they are told, what they may do, and how much is there. */
import type { Duration } from 'aws-cdk-lib';
import type { IMetric, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { FargateService, FargateTaskDefinition, Secret } from 'aws-cdk-lib/aws-ecs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { QueuePlan } from '../../flow/queue/workload';

/** A queue as tasks see it. */
export interface TaskSource {
  /** Variables of the container, beside `SLOTS`. */
  variables(plan: QueuePlan): Readonly<Record<string, string>>;
  /** Secrets of the container, by the name of the variable. */
  readonly secrets: Readonly<Record<string, Secret>>;
  /** Lets the task take items. */
  grantTake(task: FargateTaskDefinition): void;
  /** What the service needs beside permissions; nothing for a queue that is reached over the internet. */
  connect(service: FargateService): void;
  /** Items that wait. */
  waiting(period: Duration): Metric;
  /** Items in work. */
  inWork(period: Duration): Metric;
}

/** The worker that takes from a source. */
export interface SourceContext {
  readonly scope: Construct;
  readonly subject: string;
  readonly source: TaskSource;
}

/** A queue of Amazon SQS. */
export function sqsSource(queue: IQueue): TaskSource {
  const statistic = 'Average';
  return {
    variables: () => ({ QUEUE_URL: queue.queueUrl }),
    secrets: {},
    grantTake: ({ taskRole }) => void queue.grantConsumeMessages(taskRole),
    connect: () => {},
    waiting: (period) => queue.metricApproximateNumberOfMessagesVisible({ period, statistic }),
    inWork: (period) => queue.metricApproximateNumberOfMessagesNotVisible({ period, statistic }),
  };
}

/** One graph of a worker. */
export interface WorkerGraph {
  readonly title: string;
  readonly metrics: readonly IMetric[];
}
