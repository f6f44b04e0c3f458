/** The dashboard of a partitioned stream. */
import { Duration } from 'aws-cdk-lib';
import { type Dashboard, type IMetric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { StreamPlan } from '../../flow/streams/workload';
import { type DashboardSection, dashboardOf, type MetricGraph } from '../dashboard';
import { streamMetric } from '../kinesis-metrics';
import type { ConsumedTopic } from './consumed-topic';
import { groupMetric, recordAge } from './stream-alarm-rows';
import type { StreamAlarms } from './stream-alarms';

/** What the graphs show. */
export interface ShownStream {
  readonly plan: StreamPlan;
  readonly alarms: StreamAlarms;
  readonly stream?: IStream;
  readonly topic?: ConsumedTopic;
  readonly function?: IFunction;
  readonly service?: FargateService;
}

/** Makes the dashboard. */
export function streamDashboard(scope: Construct, shown: ShownStream): Dashboard {
  const { stream, topic, alarms, plan } = shown;
  const period = Duration.seconds(plan.value('alarmWindowSeconds'));
  const sections: DashboardSection[] = [
    { heading: 'Records', graphs: stream === undefined ? ofTopic(topic!, period) : ofStream(stream, shown, period) },
    { heading: 'Consumers', graphs: ofConsumers(shown, period) },
  ];
  return dashboardOf(scope, alarms.all, sections);
}

function ofStream(stream: IStream, shown: ShownStream, period: Duration): MetricGraph[] {
  const metric = (name: string, statistic = Stats.SUM): IMetric => streamMetric(stream, name, statistic)(period);
  return [
    {
      title: 'Records in and out',
      unit: 'records a minute',
      metrics: ['IncomingRecords', 'GetRecords.Records'].map((name) => metric(name)),
    },
    { title: 'Bytes in', unit: 'bytes a minute', metrics: [metric('IncomingBytes')] },
    { title: 'Age of the oldest record', unit: 'ms', metrics: [recordAge(stream, shown.function)(period)] },
    { title: 'Refused writes', unit: 'records a minute', metrics: [metric('WriteProvisionedThroughputExceeded')] },
  ];
}

function ofTopic(topic: ConsumedTopic, period: Duration): MetricGraph[] {
  const metric = (name: string): IMetric => groupMetric(topic, name, Stats.MAXIMUM)(period);
  return [
    {
      title: 'Lag, and that of the fullest partition',
      unit: 'records',
      metrics: ['SumOffsetLag', 'MaxOffsetLag'].map(metric),
    },
    { title: 'Age of the oldest record', unit: 's', metrics: [metric('EstimatedMaxTimeLag')] },
  ];
}

function ofConsumers({ function: fn, service }: ShownStream, period: Duration): MetricGraph[] {
  if (fn !== undefined) {
    return [
      {
        title: 'Batches at a time',
        unit: 'batches',
        metrics: [fn.metric('ConcurrentExecutions', { statistic: Stats.MAXIMUM, period })],
      },
      { title: 'Time of a batch', unit: 'ms', metrics: [fn.metricDuration({ statistic: Stats.MAXIMUM, period })] },
      {
        title: 'Errors and throttles',
        unit: 'batches a minute',
        metrics: [fn.metricErrors({ period }), fn.metricThrottles({ period })],
      },
    ];
  }
  return [
    { title: 'CPU of the tasks', unit: '%', metrics: [service!.metricCpuUtilization({ period })] },
    { title: 'Memory of the tasks', unit: '%', metrics: [service!.metricMemoryUtilization({ period })] },
  ];
}
