/** The dashboard of a RabbitMQ queue: alarms, queue, dead letters, broker. */
import { type Dashboard, MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { dashboardOf, type MetricGraph } from '../dashboard';
import type { RabbitMqAlarms } from './rabbit-mq-alarms';
import { brokerMetric, type MeasuredQueue, queueMetric } from './rabbit-mq-metrics';

/** What the dashboard shows. */
export interface ShownQueue extends MeasuredQueue {
  readonly deadLetterQueueName: string;
  readonly alarms: RabbitMqAlarms;
}

/** Makes the dashboard inside `scope`. */
export function createRabbitMqDashboard(scope: Construct, subject: string, shown: ShownQueue): Dashboard {
  const { brokerName, vhost, deadLetterQueueName, alarms } = shown;
  return dashboardOf(scope, alarms.all, [
    {
      heading: subject,
      graphs: [
        messagesIn(shown),
        {
          title: 'Consumers',
          unit: 'consumers',
          metrics: [queueMetric('ConsumerCount', shown).with({ label: 'consumers' })],
        },
      ],
    },
    {
      heading: `${subject}: dead letters`,
      graphs: [messagesIn({ brokerName, vhost, queueName: deadLetterQueueName })],
    },
    { heading: `${subject}: broker`, graphs: brokerGraphs(brokerName) },
  ]);
}

function messagesIn(queue: MeasuredQueue): MetricGraph {
  return {
    title: 'Messages',
    unit: 'messages',
    metrics: [
      queueMetric('MessageReadyCount', queue).with({ label: 'waiting' }),
      queueMetric('MessageUnacknowledgedCount', queue).with({ label: 'in work' }),
    ],
  };
}

function brokerGraphs(brokerName: string): MetricGraph[] {
  const worst = (name: string, statistic: string) => brokerMetric(name, brokerName, statistic);
  const memory = new MathExpression({
    expression: '100 * used / limit',
    label: 'memory, % of the limit',
    usingMetrics: {
      used: worst('RabbitMQMemUsed', Stats.MAXIMUM),
      limit: worst('RabbitMQMemLimit', Stats.MINIMUM),
    },
  });
  const cpu = worst('SystemCpuUtilization', Stats.AVERAGE).with({ label: 'CPU' });
  const rate = (name: string, label: string) => worst(name, Stats.AVERAGE).with({ label });
  return [
    { title: 'Memory and CPU', unit: '%', metrics: [memory, cpu] },
    {
      title: 'Free disk',
      unit: 'bytes',
      metrics: [
        worst('RabbitMQDiskFree', Stats.MINIMUM).with({ label: 'free' }),
        worst('RabbitMQDiskFreeLimit', Stats.MAXIMUM).with({ label: 'limit: producers are blocked' }),
      ],
    },
    {
      title: 'In and out, all queues',
      unit: 'messages/s',
      metrics: [rate('PublishRate', 'published'), rate('AckRate', 'acknowledged')],
    },
    { title: 'Connections', unit: 'connections', metrics: [rate('ConnectionCount', 'connections')] },
  ];
}
