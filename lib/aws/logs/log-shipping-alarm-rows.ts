/** What is watched of a log shipping: the stream, the routers by what they log, and the disk of a task. */
import type { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { MetricGraph } from '../dashboard';
import type { AlarmRow } from '../watch';

/** The name of the alarm on a task's disk. */
export const DISK_ALARM = 'taskDisk';

/** What the routers log, counted. */
export interface RouterLines {
  /** Chunks that were discarded. */
  readonly dropped: MetricFilter;
  /** Chunks that Firehose did not take. */
  readonly retried: MetricFilter;
}

/** Lines of Fluent Bit by which chunks are lost. Source: amazon-ecs-firelens-examples, OOMKill guide; aws-for-fluent-bit, debugging. */
export const DROPPED_LINES: readonly string[] = [
  'cannot be retried',
  'to place the incoming data',
  'would exceed total limit size',
  'no available chunk',
];
/** Lines of Fluent Bit by which a chunk stays in the buffer. The same guide. */
export const RETRIED_LINES: readonly string[] = ['failed to flush chunk'];

/** The alarms on the stream, on metrics of Amazon Data Firehose (developer guide, Monitoring with CloudWatch metrics). */
export function streamRows(streamName: string): AlarmRow[] {
  const metric = (name: string, statistic: string) => (period: Duration) =>
    streamMetric(streamName, name, statistic, period);
  return [
    {
      id: 'DeliveryLate',
      severity: 'critical',
      metric: metric('DeliveryToS3.DataFreshness', Stats.MAXIMUM),
      threshold: 'alarmFreshnessSeconds',
      seconds: 'alarmPeriodSeconds',
      text: 'Firehose does not write to the bucket. It keeps lines for 24 h and then discards them. Its errors are in the log group, in the stream of the delivery: a policy of the bucket or its key, a bucket that is gone. It catches up by itself.',
    },
    {
      id: 'DeliveryFailed',
      severity: 'critical',
      metric: metric('DeliveryToS3.Success', Stats.AVERAGE),
      threshold: 'alarmSuccessRatio',
      seconds: 'alarmPeriodSeconds',
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      text: 'Firehose failed to write an object. It tries again for 24 h. Its errors are in the log group, in the stream of the delivery.',
    },
    {
      id: 'StreamThrottled',
      severity: 'warning',
      metric: metric('ThrottledRecords', Stats.SUM),
      threshold: 'alarmThrottledRecords',
      seconds: 'alarmPeriodSeconds',
      periods: 'alarmThrottledPeriods',
      text: 'The stream takes less than the routers send, and the rest waits in their buffers. After an outage that is so until they are empty; the plan says for how long. Otherwise ask AWS for a larger quota, and give it as streamBytesPerSecond. One-minute metrics hide bursts: this can fire though IncomingBytes shows room.',
    },
    {
      id: 'StreamNearQuota',
      severity: 'warning',
      metric: (period) =>
        new MathExpression({
          expression: 'incoming / PERIOD(incoming) / quota',
          usingMetrics: {
            incoming: metric('IncomingBytes', Stats.SUM)(period),
            quota: metric('BytesPerSecondLimit', Stats.MINIMUM)(period),
          },
          label: 'share of the quota',
          period,
        }),
      threshold: 'alarmStreamRatio',
      seconds: 'alarmPeriodSeconds',
      text: 'More arrives than planned, or the quota is smaller than planned. Measure the workload and give it to the construct; ask AWS for a larger quota before it is needed.',
    },
  ];
}

/** The alarms on what the routers log. */
export function routerRows({ dropped, retried }: RouterLines): AlarmRow[] {
  const counted = (lines: MetricFilter) => (period: Duration) => lines.metric({ statistic: Stats.SUM, period });
  return [
    {
      id: 'ChunksDropped',
      severity: 'critical',
      metric: counted(dropped),
      threshold: 'alarmDroppedChunks',
      seconds: 'alarmRouterSeconds',
      text: 'A router discarded lines: its buffer is full, or Firehose refused them for good. The log group has the reason. A full buffer means an outage that is longer than planned: give the real one as outageSeconds.',
    },
    {
      id: 'ChunksRetried',
      severity: 'critical',
      metric: counted(retried),
      threshold: 'alarmRetriedChunks',
      seconds: 'alarmRouterSeconds',
      periods: 'alarmRetriedPeriods',
      text: 'Firehose does not take lines, and the buffers of the tasks fill. The log group has the error: no route to Firehose (its VPC endpoint), no permission for firehose:PutRecordBatch, a stream that is gone or throttles. Do not replace tasks before it is repaired: the buffer of a task goes with it.',
    },
  ];
}

/** The alarm on the disk of the tasks of one family, from Container Insights. */
export function diskRow(clusterName: string, family: string): AlarmRow {
  return {
    id: 'TaskDisk',
    severity: 'warning',
    metric: (period) => diskMetric(clusterName, family, period),
    threshold: 'alarmEphemeralGib',
    seconds: 'alarmPeriodSeconds',
    text: 'Less of a task’s disk is free than the buffer of its router may still need. If chunks are tried again, the buffer itself fills: see there. Otherwise the program writes to the disk: give the task definition a larger ephemeralStorageGiB.',
  };
}

/** A metric of one stream. */
function streamMetric(streamName: string, metricName: string, statistic: string, period: Duration): Metric {
  const dimensionsMap = { DeliveryStreamName: streamName };
  return new Metric({ namespace: 'AWS/Firehose', metricName, dimensionsMap, statistic, period });
}

function diskMetric(clusterName: string, family: string, period: Duration): Metric {
  return new Metric({
    namespace: 'ECS/ContainerInsights',
    metricName: 'EphemeralStorageUtilized',
    dimensionsMap: { ClusterName: clusterName, TaskDefinitionFamily: family },
    statistic: Stats.MAXIMUM,
    period,
  });
}

/** The graphs of a shipping. */
export function shippingGraphs(streamName: string, lines: RouterLines, period: Duration): MetricGraph[] {
  const metric = (name: string, statistic: string): IMetric => streamMetric(streamName, name, statistic, period);
  const counted = (filter: MetricFilter): IMetric => filter.metric({ statistic: Stats.SUM, period });
  return [
    { title: 'Into Firehose', unit: 'bytes in a period', metrics: [metric('IncomingBytes', Stats.SUM)] },
    { title: 'Age of the oldest line', unit: 's', metrics: [metric('DeliveryToS3.DataFreshness', Stats.MAXIMUM)] },
    { title: 'Throttled', unit: 'records in a period', metrics: [metric('ThrottledRecords', Stats.SUM)] },
    { title: 'Chunks', unit: 'in a period', metrics: [counted(lines.retried), counted(lines.dropped)] },
  ];
}
