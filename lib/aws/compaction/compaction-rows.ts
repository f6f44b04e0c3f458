/** What is watched of a compaction, as rows: optimizers by what a function reports, a job by what its runs report. */
import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IRule } from 'aws-cdk-lib/aws-events';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Plan } from '../../flow/plan';
import type { DashboardSection } from '../dashboard';
import { triggersOf } from '../rule-metrics';
import type { AlarmRow } from '../watch';
import { RUN_METRICS } from './delta-job';
import { STATUS_METRICS } from './maintenance-status';

/** What there is to watch; `CompactionAlarmsProps` describes it. */
interface Watched {
  readonly plan: Plan;
  readonly statusFunction?: IFunction;
  readonly reportedAs?: string;
  readonly failedRuns?: IRule;
  readonly undeliveredQueue?: IQueue;
}

/** The alarms. */
export function compactionRows({
  plan,
  statusFunction,
  reportedAs,
  failedRuns,
  undeliveredQueue,
}: Watched): AlarmRow[] {
  const timed = plan.knobs.some(({ name }) => name === 'alarmRunSeconds');
  return [
    ...(statusFunction === undefined ? [] : optimizerRows(statusFunction, timed)),
    ...(reportedAs === undefined ? [] : runRows(reportedAs)),
    ...(failedRuns === undefined ? [] : [failedRow(failedRuns)]),
    ...(undeliveredQueue === undefined ? [] : [undeliveredRow(undeliveredQueue)]),
  ];
}

/** What the function reports. */
function statusMetric(statusFunction: IFunction, metricName: string, statistic: string, period?: Duration): Metric {
  return new Metric({
    namespace: STATUS_METRICS,
    metricName,
    dimensionsMap: { FunctionName: statusFunction.functionName },
    statistic,
    period,
  });
}

/** What a run reports. */
function runMetric(reportedAs: string, metricName: string, statistic: string, period?: Duration): Metric {
  return new Metric({ namespace: RUN_METRICS, metricName, dimensionsMap: { Table: reportedAs }, statistic, period });
}

function optimizerRows(status: IFunction, timed: boolean): AlarmRow[] {
  const seconds = 'checkIntervalSeconds';
  const age = (name: string) => (period: Duration) => statusMetric(status, name, Stats.MAXIMUM, period);
  return [
    {
      id: 'OptimizersFailing',
      severity: 'critical',
      metric: age('FailingOptimizers'),
      threshold: 'alarmMaintenanceFailures',
      seconds,
      periods: 'alarmMaintenanceChecks',
      missing: TreatMissingData.IGNORE,
      text: "The last run of an optimizer failed, and so did every one since. The log of the function names the optimizer and the error; the service's own log groups (/aws-glue/iceberg-compaction/logs) have the rest. Usually the role lacks a permission on the bucket, its key or the table, or Lake Formation denies it. The table is as it was; the service repeats the run by itself.",
    },
    {
      id: 'CompactionLate',
      severity: 'critical',
      metric: age('CompactionAgeSeconds'),
      threshold: 'alarmCompactionAgeSeconds',
      seconds,
      // Never run, or the function does not report: both need a person.
      missing: TreatMissingData.BREACHING,
      text: 'The table was not compacted for so long that queries meet more small files than promised. Is the optimizer enabled, does the function of this compaction fail, do writers make fewer files than planned? Otherwise read the log of the function. After the first deployment the alarm is on until the first compaction has succeeded.',
    },
    {
      id: 'ExpiryLate',
      severity: 'warning',
      metric: age('ExpiryAgeSeconds'),
      threshold: 'alarmExpiryAgeSeconds',
      seconds,
      missing: TreatMissingData.BREACHING,
      text: 'Old snapshots, or files that no snapshot names, were not deleted for days: the table takes twice its size, and then more. Is the optimizer enabled, and may its role delete in the bucket? After the first deployment the alarm is on until both have run once.',
    },
    ...(timed
      ? [
          {
            id: 'RunTooLong',
            severity: 'warning',
            metric: age('CompactionRunSeconds'),
            threshold: 'alarmRunSeconds',
            seconds,
            text: 'A compaction took longer than promised. AWS Glue gives a run its workers by itself: let the writer make larger batches, partition the table finer, or promise a longer run.',
          } as const,
        ]
      : []),
  ];
}

function runRows(table: string): AlarmRow[] {
  // One value a run: between two runs the state stays as it is.
  const reported = { seconds: 'alarmPeriodSeconds', missing: TreatMissingData.IGNORE };
  const most = (name: string) => (period: Duration) => runMetric(table, name, Stats.MAXIMUM, period);
  const fewer = { comparison: ComparisonOperator.LESS_THAN_THRESHOLD, missing: TreatMissingData.BREACHING };
  return [
    {
      id: 'SmallFiles',
      severity: 'warning',
      metric: most('SmallFiles'),
      threshold: 'alarmSmallFiles',
      ...reported,
      text: 'A run found more small files than queries may meet. Did it leave partitions to the next one (WaitingPartitions): give it workers. Are runs missing? Otherwise writers make more files than planned: compare with filesPerDay and peakRatio, and let them write larger batches.',
    },
    {
      id: 'RunTooLong',
      severity: 'warning',
      metric: most('RunSeconds'),
      threshold: 'alarmRunSeconds',
      ...reported,
      text: 'A run took longer than promised. Compare RewrittenBytes with the plan. If they are as planned, the job is slower than bytesPerSecond says: measure it and plan again. One partition with most of the files: partition the table finer.',
    },
    {
      id: 'RewritesTooMuch',
      severity: 'warning',
      metric: most('RewrittenBytes'),
      threshold: 'alarmRewrittenBytes',
      ...reported,
      text: 'A run rewrote more than comes in an interval, with its write amplification. After an outage of the compaction one such run is expected. Otherwise: did somebody change the target size of the table, or run a Z-order on it? Both rewrite everything.',
    },
    {
      id: 'Conflicts',
      severity: 'warning',
      metric: (period) => runMetric(table, 'Conflicts', Stats.MINIMUM, period),
      threshold: 'alarmConflicts',
      seconds: 'alarmConflictWindowSeconds',
      text: 'Every one of the last runs gave up partitions because a writer changed them meanwhile. Two drivers on one table on Amazon S3 may lose commits: no writer may run at the same time. Order both in one state machine, with createSchedule false.',
    },
    {
      id: 'PartitionsFailing',
      severity: 'critical',
      metric: most('Failures'),
      threshold: 'alarmFailures',
      ...reported,
      text: 'A run could not rewrite a partition, or not vacuum. Its log names the partition and the error: usually a permission on the bucket or its key, or memory. The table is as it was; the next run retries.',
    },
    {
      id: 'RunsMissing',
      severity: 'critical',
      metric: (period) => runMetric(table, 'Runs', Stats.SUM, period),
      threshold: 'alarmSilenceRuns',
      seconds: 'alarmSilenceSeconds',
      periods: 'alarmSilencePeriods',
      ...fewer,
      text: 'No run has ended for two intervals: small files accumulate, and the other alarms have no data. Look at the runs of the job in AWS Glue: did they fail, did they wait for capacity (class FLEX), or did none begin? Then look at the schedule and its queue of undelivered starts. After the first deployment the alarm is on until the first run has ended.',
    },
    {
      id: 'NeverVacuums',
      severity: 'warning',
      metric: (period) => runMetric(table, 'Vacuums', Stats.SUM, period),
      threshold: 'alarmVacuums',
      seconds: 'alarmVacuumSeconds',
      periods: 'alarmVacuumPeriods',
      ...fewer,
      text: 'Replaced files were not deleted for days: the table takes twice its size, and then more. The log of the first run of a day says why: usually the right to delete. Run it by hand with the same hours, never with fewer.',
    },
  ];
}

function failedRow(rule: IRule): AlarmRow {
  return {
    id: 'FailedRuns',
    severity: 'critical',
    metric: triggersOf(rule),
    threshold: 'alarmFailedRuns',
    seconds: 'alarmPeriodSeconds',
    text: 'A run failed or was ended by its time-out. Its error is with the run in AWS Glue, and its log in the log group of the job. What it committed stays, and the next run goes on; failing again and again it lacks memory or a permission.',
  };
}

function undeliveredRow(queue: IQueue): AlarmRow {
  return {
    id: 'UndeliveredStarts',
    name: 'undelivered',
    severity: 'critical',
    metric: (period) => queue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
    threshold: 'alarmUndelivered',
    seconds: 'alarmPeriodSeconds',
    text: 'EventBridge Scheduler gave up a start of the job. The message has the error in its attributes: a run that still goes on (ConcurrentRunsExceededException), or a permission. Mend it, then delete the message.',
  };
}

/** The graphs: what the optimizers did, or what each run found and did. */
export function compactionSections({ statusFunction, reportedAs }: Watched): DashboardSection[] {
  const hour = Duration.hours(1);
  const status = (name: string, statistic: string) => statusMetric(statusFunction!, name, statistic, hour);
  const run = (name: string) => runMetric(reportedAs!, name, Stats.MAXIMUM, Duration.minutes(5));
  return [
    ...(statusFunction === undefined
      ? []
      : [
          {
            heading: 'Optimizers',
            graphs: [
              { title: 'Last compaction', unit: 's ago', metrics: [status('CompactionAgeSeconds', Stats.MAXIMUM)] },
              { title: 'Last clean-up', unit: 's ago', metrics: [status('ExpiryAgeSeconds', Stats.MAXIMUM)] },
              {
                title: 'Optimizers that fail',
                unit: 'optimizers',
                metrics: [status('FailingOptimizers', Stats.MAXIMUM)],
              },
            ],
          },
        ]),
    ...(reportedAs === undefined
      ? []
      : [
          {
            heading: 'Runs',
            graphs: [
              { title: 'Small files that a run found', unit: 'files', metrics: [run('SmallFiles')] },
              { title: 'Run', unit: 's', metrics: [run('RunSeconds')] },
              { title: 'Rewritten in a run', unit: 'bytes', metrics: [run('RewrittenBytes')] },
              {
                title: 'Partitions of a run',
                unit: 'partitions',
                metrics: ['Partitions', 'WaitingPartitions', 'Conflicts', 'Failures'].map(run),
              },
            ],
          },
        ]),
  ];
}
