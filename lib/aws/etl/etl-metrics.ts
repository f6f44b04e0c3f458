/** What is measured of a streaming ETL on AWS. */
import type { Duration } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import { FilterPattern, type LogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { installationName } from '../installation-name';
import type { EtlLanding } from './etl-parts';
import type { EtlSource } from './etl-source';

/** Fields of the line that the driver writes once a minute, with the names of their metrics. */
const FIELDS = {
  FreshnessSeconds: 'freshnessSeconds',
  BatchSeconds: 'batchSeconds',
  OffsetsBehind: 'offsetsBehind',
  RejectedRecords: 'rejectedRecords',
  LateRecords: 'lateRecords',
  StateRows: 'stateRows',
} as const;

/** Name of a metric of the driver. */
export type JobMetric = keyof typeof FIELDS;

/** A metric of one job: by the name of the stack and of the query, because no line of the log names the stack. */
export function jobMetric(scope: Construct, queryName: string, metricName: JobMetric, period: Duration): Metric {
  const statistic = metricName === 'RejectedRecords' || metricName === 'LateRecords' ? Stats.SUM : Stats.MAXIMUM;
  return new Metric({ namespace: namespaceOf(scope, queryName), metricName, period, statistic });
}

/** Reads the metrics from the output of the driver: the job needs no permission and no network for them. */
export function createFilters(scope: Construct, queryName: string, logGroup: LogGroup): MetricFilter[] {
  return Object.entries(FIELDS).map(
    ([metricName, field]) =>
      new MetricFilter(scope, `${metricName}Filter`, {
        logGroup,
        filterPattern: FilterPattern.literal(
          `{ $.backpressure = "streaming-etl" && $.query = "${queryName}" && $.${field} = * }`,
        ),
        metricNamespace: namespaceOf(scope, queryName),
        metricName,
        metricValue: `$.${field}`,
      }),
  );
}

function namespaceOf(scope: Construct, queryName: string): string {
  return `Backpressure/StreamingEtl/${installationName(scope, queryName, 200)}`;
}

/** Amazon MSK developer guide, Data delivery, Metric dimensions; Kinesis developer guide, Monitoring data delivery. */
export function landingMetric(
  { channel, channelName }: EtlLanding,
  source: EtlSource,
  stream: IStream | undefined,
  metricName: 'DataFreshness' | 'FailedRowCount' | 'SuccessfulRowCount',
  period: Duration,
): Metric {
  return new Metric({
    namespace: stream === undefined ? 'AWS/Kafka' : 'AWS/Kinesis',
    metricName: `DeliveryToIceberg.${metricName}`,
    dimensionsMap: {
      ChannelName: channelName,
      ...(stream === undefined
        ? source._topicDimensions()
        : { ChannelId: channel.getAtt('ChannelId').toString(), StreamName: stream.streamName }),
    },
    period,
    statistic: metricName === 'DataFreshness' ? Stats.MAXIMUM : Stats.SUM,
  });
}
