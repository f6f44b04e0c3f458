/** Metrics of Amazon MQ for RabbitMQ: Amazon MQ developer guide, Available CloudWatch metrics for RabbitMQ brokers. */
import type { Duration } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';

const NAMESPACE = 'AWS/AmazonMQ';

/** A queue as its metrics name it. */
export interface MeasuredQueue {
  readonly brokerName: string;
  readonly vhost: string;
  readonly queueName: string;
}

/** What is published of a queue. */
export type QueueMetric = 'MessageReadyCount' | 'MessageUnacknowledgedCount' | 'ConsumerCount';

/** One number of a queue. */
export function queueMetric(
  metricName: QueueMetric,
  { brokerName, vhost, queueName }: MeasuredQueue,
  statistic: string = Stats.AVERAGE,
  period?: Duration,
): Metric {
  const dimensionsMap = { Broker: brokerName, VirtualHost: vhost, Queue: queueName };
  return new Metric({ namespace: NAMESPACE, metricName, dimensionsMap, statistic, period });
}

/** One number of a broker, all its nodes and queues together. */
export function brokerMetric(metricName: string, brokerName: string, statistic: string, period?: Duration): Metric {
  return new Metric({ namespace: NAMESPACE, metricName, dimensionsMap: { Broker: brokerName }, statistic, period });
}
