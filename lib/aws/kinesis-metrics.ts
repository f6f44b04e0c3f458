/** Metrics of a stream of Amazon Kinesis and of the function that reads it. */
import { type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';

/** A metric of the whole stream. */
export function streamMetric(stream: IStream, metricName: string, statistic: string) {
  return (period: Metric['period']): Metric =>
    new Metric({
      namespace: 'AWS/Kinesis',
      metricName,
      dimensionsMap: { StreamName: stream.streamName },
      statistic,
      period,
    });
}

/** The age of the oldest record in milliseconds, as the stream and its reader see it. */
export function oldestAge(stream: IStream, reader: IFunction, label: string) {
  return (period: Metric['period']): IMetric =>
    // Lambda reads ahead of a batch that fails, so that the age at the stream may look young then.
    new MathExpression({
      expression: 'MAX([FILL(stream, 0), FILL(reader, 0)])',
      usingMetrics: {
        stream: streamMetric(stream, 'GetRecords.IteratorAgeMilliseconds', Stats.MAXIMUM)(period),
        reader: reader.metric('IteratorAge', { period, statistic: Stats.MAXIMUM }),
      },
      label,
      period,
    });
}

/** What comes into the stream while nothing reads it: no call, no age. */
export function unreadRecords(stream: IStream, reads: IMetric, label: string) {
  return (period: Metric['period']): IMetric =>
    new MathExpression({
      expression: 'IF(FILL(reads, 0) == 0, FILL(incoming, 0), 0)',
      usingMetrics: { incoming: streamMetric(stream, 'IncomingRecords', Stats.SUM)(period), reads },
      label,
      period,
    });
}
