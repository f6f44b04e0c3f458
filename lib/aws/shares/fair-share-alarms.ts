/** The alarms and graphs of a job queue with a fair-share policy. */
import type { Duration } from 'aws-cdk-lib';
import { Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { DashboardSection } from '../dashboard';
import type { AlarmRow } from '../watch';

/** The names of all alarms that a fair share can have. */
export const FAIR_SHARE_ALARMS: readonly string[] = ['starved', 'blocked', 'undeclared', 'snapshotErrors'];

/** What the function reports of a tenant. */
export type ShareMetricName = 'RunnableJobs' | 'UsedVcpus' | 'OldestRunnableSeconds';

/** A metric of one tenant. */
export function shareMetric(from: IFunction, share: string, metricName: ShareMetricName, period: Duration): Metric {
  return new Metric({
    namespace: 'Backpressure',
    metricName,
    dimensionsMap: { FunctionName: from.functionName, Share: share },
    label: share,
    statistic: Stats.MAXIMUM,
    period,
  });
}

function queueMetric(from: IFunction, metricName: string, statistic: string) {
  return (period: Duration) =>
    new Metric({
      namespace: 'Backpressure',
      metricName,
      dimensionsMap: { FunctionName: from.functionName },
      statistic,
      period,
    });
}

/** Tenants of which the function cannot say whether they wait too long: they are not listed, or not all jobs were read. */
export function unknownSharesMetric(from: IFunction, period: Duration): Metric {
  return queueMetric(from, 'UnknownShares', Stats.MAXIMUM)(period);
}

/** The alarms. */
export function fairShareRows(from: IFunction): AlarmRow[] {
  const seconds = 'snapshotSeconds';
  return [
    {
      id: 'Starved',
      severity: 'critical',
      metric: queueMetric(from, 'StarvedSeconds', Stats.MAXIMUM),
      threshold: 'alarmWaitSeconds',
      seconds,
      periods: 'alarmStarvedSnapshots',
      text: "Jobs of a tenant that uses less than its share have waited so long that they will be late. The function's log names the tenant. Is the queue blocked? Are as many vCPUs running as planned: the quota of the account, addresses of the subnets, a compute environment that is INVALID? Do jobs of others run longer than was planned? AWS Batch ends none for this one: terminate some, or raise maxvCpus.",
    },
    {
      id: 'Blocked',
      severity: 'critical',
      metric: queueMetric(from, 'BlockedJobs', Stats.MAXIMUM),
      threshold: 'alarmBlocked',
      seconds,
      text: "The job at the head of the queue cannot start and those behind it wait. The function's log has the job and the reason. A job that fits no compute environment is cancelled by itself; for a lack of capacity add instance types or zones.",
    },
    {
      id: 'Undeclared',
      severity: 'warning',
      metric: queueMetric(from, 'UndeclaredJobs', Stats.MAXIMUM),
      threshold: 'alarmUndeclaredJobs',
      seconds,
      text: "Jobs wait under share identifiers that no tenant has. Each such identifier gets as much as the smallest tenant, so every tenant comes to less than planned. The function's log names them. Let only grantSubmit give the permission to submit, and add the tenant to the plan.",
    },
    {
      id: 'SnapshotErrors',
      severity: 'warning',
      metric: (period) => from.metricErrors({ period, statistic: Stats.SUM }),
      threshold: 'alarmSnapshotErrors',
      seconds,
      periods: 'alarmErrorSnapshots',
      // Lambda reports 0 for an invocation without an error: no value is no invocation.
      missing: TreatMissingData.BREACHING,
      text: 'The function that reads the job queue fails or is not started, so the other alarms are blind. Its log has the reason: a permission, a throttled call, or a rule that is disabled. Jobs run as before.',
    },
  ];
}

/** The graphs. */
export function fairShareSections(from: IFunction, shares: readonly string[], period: Duration): DashboardSection[] {
  const each = (metricName: ShareMetricName) => shares.map((share) => shareMetric(from, share, metricName, period));
  return [
    {
      heading: 'Shares',
      graphs: [
        { title: 'vCPUs in use', unit: 'vCPUs', metrics: each('UsedVcpus') },
        { title: 'Jobs that wait', unit: 'jobs', metrics: each('RunnableJobs') },
        { title: 'Age of the oldest of them', unit: 'seconds', metrics: each('OldestRunnableSeconds') },
        {
          title: 'Longest wait of a tenant below its share',
          unit: 'seconds',
          metrics: [queueMetric(from, 'StarvedSeconds', Stats.MAXIMUM)(period)],
        },
        {
          title: 'Tenants of which that is not known',
          unit: 'tenants',
          metrics: [unknownSharesMetric(from, period)],
        },
      ],
    },
  ];
}
