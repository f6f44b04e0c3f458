/** The alarms and the graphs of a streaming ETL on AWS. */
import type { Duration } from 'aws-cdk-lib';
import { Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { DashboardSection } from '../dashboard';
import type { AlarmRow } from '../watch';
import type { JobMetric } from './etl-metrics';

/** A metric of the driver. */
export type OfJob = (name: JobMetric, period: Duration) => Metric;
/** A metric of the delivery. */
export type OfLanding = (name: 'DataFreshness' | 'FailedRowCount' | 'SuccessfulRowCount', period: Duration) => Metric;

/** The alarms of a Spark job. */
export function jobRows(of: OfJob, keeper: IFunction): AlarmRow[] {
  const metric = (name: JobMetric) => (period: Duration) => of(name, period);
  return [
    {
      id: 'LateAlarm',
      name: 'late',
      severity: 'critical',
      metric: metric('FreshnessSeconds'),
      threshold: 'alarmFreshnessSeconds',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmLateWindows',
      // The driver reports every minute, busy or not: no value is no driver.
      missing: TreatMissingData.BREACHING,
      text: "The table is staler than promised, or the driver reports nothing. Is there no run (aws emr-serverless list-job-runs), its last one has the reason in stateDetails; a run that a person cancelled starts with the next deployment. Does one run, its driver's log has the error of a batch that fails and is repeated. After an outage it catches up by itself within the time that the plan says. Never start a second run on the checkpoint by hand.",
    },
    {
      id: 'SlowAlarm',
      name: 'slow',
      severity: 'warning',
      metric: metric('BatchSeconds'),
      threshold: 'alarmBatchSeconds',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmSlowWindows',
      text: 'Batches take longer than the time between two triggers: each delays the next. In the UI of Spark, which EMR Studio opens: one task far longer than the rest is a skewed key, a slow MERGE is a table of many small files. If records have become dearer, measure coreSecondsPerRecord and batchSeconds again and give them to the plan.',
    },
    {
      id: 'BehindAlarm',
      name: 'behind',
      severity: 'warning',
      metric: metric('OffsetsBehind'),
      threshold: 'alarmOffsetsBehind',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmSlowWindows',
      text: 'Records wait in the topic after a batch. After an outage this ends by itself. If it grows, more arrives than was planned for: tell the plan, or raise executors; maxOffsetsPerTrigger alone only makes batches longer. The lag metrics of Amazon MSK show nothing: Spark commits no offsets.',
    },
    {
      id: 'RejectedAlarm',
      name: 'rejected',
      severity: 'warning',
      metric: metric('RejectedRecords'),
      threshold: 'alarmRejected',
      seconds: 'alarmWindowSeconds',
      text: 'Records could not be read and are in the table whose name ends in _rejected, with topic, partition, offset and value. Mend the producer or the schema, then produce the records again: they are counted like any other.',
    },
    {
      id: 'RestartedAlarm',
      name: 'restarted',
      severity: 'warning',
      metric: (period) =>
        new Metric({
          namespace: 'Backpressure',
          metricName: 'RunsRestarted',
          dimensionsMap: { FunctionName: keeper.functionName },
          period,
          statistic: Stats.SUM,
        }),
      threshold: 'alarmRestarted',
      seconds: 'keeperCheckSeconds',
      text: "Amazon EMR Serverless gave a run up, and the keeper has started the next one. stateDetails of the failed run and its driver's log have the reason: a jar that is missing, a permission, brokers that are out of reach, or the quota of vCPUs. It starts again for as long as this lasts.",
    },
    {
      id: 'KeeperErrorsAlarm',
      name: 'keeperErrors',
      severity: 'critical',
      metric: (period) => keeper.metricErrors({ period, statistic: Stats.SUM }),
      threshold: 'alarmKeeperErrors',
      seconds: 'keeperCheckSeconds',
      text: "The keeper cannot see or start runs. A run that is there goes on; one that ends is not started again. The function's log has the cause: a permission, or a quota of Amazon EMR Serverless.",
    },
  ];
}

/** The alarms of a delivery. */
export function landingRows(of: OfLanding): AlarmRow[] {
  return [
    {
      id: 'LateAlarm',
      name: 'late',
      severity: 'critical',
      metric: (period) => of('DataFreshness', period),
      threshold: 'alarmFreshnessSeconds',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmLateWindows',
      // Without records there is no age.
      missing: TreatMissingData.IGNORE,
      text: 'The delivery is later than it was asked to be. Is it suspended (describe-channel), its table was deleted or its schema changed: make another one with another table name. Its log has refused permissions. In hours with few records it may take longer: give a freshness of 900 s.',
    },
    {
      id: 'RejectedAlarm',
      name: 'rejected',
      severity: 'warning',
      metric: (period) => of('FailedRowCount', period),
      threshold: 'alarmRejected',
      seconds: 'alarmWindowSeconds',
      text: 'Records were not delivered. The bucket of dead letters has their identifiers, not their content: read them from the source before its retention ends, mend the producer, and produce them again.',
    },
  ];
}

/** The graphs of a Spark job. */
export function jobSections(of: OfJob, period: Duration): DashboardSection[] {
  return [
    {
      heading: 'Table',
      graphs: [
        {
          title: 'Age of the oldest record that is not in the table',
          unit: 'seconds',
          metrics: [of('FreshnessSeconds', period)],
        },
        {
          title: 'Records that are not in the table',
          unit: 'records',
          metrics: [of('RejectedRecords', period), of('LateRecords', period)],
        },
      ],
    },
    {
      heading: 'Job',
      graphs: [
        { title: 'Length of a batch', unit: 'seconds', metrics: [of('BatchSeconds', period)] },
        { title: 'Records that wait after a batch', unit: 'records', metrics: [of('OffsetsBehind', period)] },
        { title: 'Keys of open windows', unit: 'keys', metrics: [of('StateRows', period)] },
      ],
    },
  ];
}

/** The graphs of a delivery. */
export function landingSections(of: OfLanding, period: Duration): DashboardSection[] {
  return [
    {
      heading: 'Delivery',
      graphs: [
        { title: 'Age of the oldest record', unit: 'seconds', metrics: [of('DataFreshness', period)] },
        {
          title: 'Rows',
          unit: 'rows',
          metrics: [of('SuccessfulRowCount', period), of('FailedRowCount', period)],
        },
      ],
    },
  ];
}
