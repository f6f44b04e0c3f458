/** The dashboard of a queue: alarms, queue, dead letters, quarantine, redriver. */
import { type Dashboard, type IMetric, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { type DashboardSection, dashboardOf, type MetricGraph } from '../dashboard';
import { type FairQueueMetric, fairQueueMetric, type QueueAlarms } from './queue-alarms';

/** What the dashboard shows. */
export interface QueueDashboardProps {
  /** Name of the queue for people. */
  readonly subject: string;
  readonly queue: IQueue;
  readonly deadLetterQueue: IQueue;
  readonly quarantineQueue: IQueue;
  readonly redriver?: LambdaFunction;
  /** Whether its messages have groups. */
  readonly fairQueue?: boolean;
  readonly alarms: QueueAlarms;
  /** The expression that the alarm on the time to drain watches. */
  readonly timeToDrain: IMetric;
}

/** Makes the dashboard inside `scope`. */
export function createQueueDashboard(scope: Construct, props: QueueDashboardProps): Dashboard {
  const { subject, queue, deadLetterQueue, quarantineQueue, redriver, fairQueue, alarms, timeToDrain } = props;
  return dashboardOf(scope, alarms.all, [
    {
      heading: subject,
      graphs: [
        ...waitingIn(queue),
        { title: 'In and out', unit: 'messages/s', metrics: [rate('sent', queue), rate('deleted', queue)] },
        { title: 'Time to drain', unit: 's', metrics: [timeToDrain] },
      ],
    },
    ...(fairQueue ? [ofGroups(subject, queue)] : []),
    { heading: `${subject}: dead letters`, graphs: waitingIn(deadLetterQueue) },
    { heading: `${subject}: quarantine`, graphs: waitingIn(quarantineQueue) },
    ...(redriver ? [ofRedriver(subject, redriver)] : []),
  ]);
}

/** What waits in a queue, and for how long. */
function waitingIn(queue: IQueue): MetricGraph[] {
  return [
    {
      title: 'Messages',
      unit: 'messages',
      metrics: [
        queue.metricApproximateNumberOfMessagesVisible({ label: 'waiting' }),
        queue.metricApproximateNumberOfMessagesNotVisible({ label: 'in work' }),
      ],
    },
    {
      title: 'Age of the oldest message',
      unit: 's',
      metrics: [queue.metricApproximateAgeOfOldestMessage({ label: 'age' })],
    },
  ];
}

/** What the tenants of a fair queue see. */
function ofGroups(subject: string, queue: IQueue): DashboardSection {
  const of = (name: FairQueueMetric, label: string) => fairQueueMetric(queue, name).with({ label });
  return {
    heading: `${subject}: groups`,
    graphs: [
      { title: 'Noisy groups', unit: 'groups', metrics: [of('ApproximateNumberOfNoisyGroups', 'noisy')] },
      {
        title: 'Messages in quiet groups',
        unit: 'messages',
        metrics: [
          of('ApproximateNumberOfMessagesVisibleInQuietGroups', 'waiting'),
          of('ApproximateNumberOfMessagesNotVisibleInQuietGroups', 'in work'),
        ],
      },
      {
        title: 'Age of the oldest message in quiet groups',
        unit: 's',
        metrics: [of('ApproximateAgeOfOldestMessageInQuietGroups', 'age')],
      },
    ],
  };
}

/** Messages a second that are sent or deleted. */
function rate(what: 'sent' | 'deleted', queue: IQueue): IMetric {
  const metric = what === 'sent' ? queue.metricNumberOfMessagesSent() : queue.metricNumberOfMessagesDeleted();
  return new MathExpression({
    expression: `FILL(${what}, 0) / PERIOD(${what})`,
    usingMetrics: { [what]: metric },
    label: what,
    period: metric.period,
  });
}

function ofRedriver(subject: string, redriver: LambdaFunction): DashboardSection {
  return {
    heading: `${subject}: redriver`,
    graphs: [
      {
        title: 'Invocations and errors',
        unit: 'invocations',
        metrics: [redriver.metricInvocations({ label: 'invocations' }), redriver.metricErrors({ label: 'errors' })],
      },
      { title: 'Duration', unit: 'ms', metrics: [redriver.metricDuration({ statistic: 'p99', label: 'p99' })] },
    ],
  };
}
