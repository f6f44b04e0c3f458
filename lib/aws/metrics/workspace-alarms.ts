/**
 * Alarms and graphs of a workspace, on the usage metrics of Amazon Managed Service for Prometheus. They are found by a query of
 * Metrics Insights: the documentation names their resource and the id of the workspace, and no other dimension.
 *
 * Source: Amazon Managed Service for Prometheus user guide, CloudWatch metrics.
 */
import { type Duration } from 'aws-cdk-lib';
import type { CfnWorkspace } from 'aws-cdk-lib/aws-aps';
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import type { DashboardSection } from '../dashboard';
import type { AlarmRow } from '../watch';

/** One usage metric of a workspace. */
export function usageMetric(
  workspace: CfnWorkspace,
  resource: string,
  label: string,
  period: Duration,
): MathExpression {
  return new MathExpression({
    expression: `SELECT MAX(ResourceCount) FROM "AWS/Usage" WHERE "Resource" = '${resource}' AND "ResourceId" = '${workspace.attrWorkspaceId}'`,
    label,
    period,
  });
}

/** The alarms of a workspace. */
export function workspaceRows(workspace: CfnWorkspace): AlarmRow[] {
  return [
    {
      id: 'ActiveSeriesAlarm',
      name: 'activeSeries',
      severity: 'critical',
      metric: (period) => usageMetric(workspace, 'ActiveSeries', 'active series', period),
      threshold: 'alarmSeries',
      seconds: 'alarmPeriodSeconds',
      periods: 'alarmPeriods',
      text: 'The budget of series is nearly used up; above the limit of its source new series are discarded, and nobody is told but by DiscardedSamples. Which family grew: topk(10, count by (job, __name__) ({__name__=~".+"})). Remove the label whose values do not end in the program; do not drop it while scraping, sums would be wrong.',
    },
    {
      id: 'IngestionRateAlarm',
      name: 'ingestionRate',
      severity: 'warning',
      metric: (period) => usageMetric(workspace, 'IngestionRate', 'samples per second', period),
      threshold: 'alarmSamplesPerSecond',
      seconds: 'alarmPeriodSeconds',
      periods: 'alarmPeriods',
      text: 'More samples arrive than were planned, and each is paid for. Is a second Prometheus writing the same series, is the interval shorter than planned, or are there more targets? Give the measured numbers to the workload.',
    },
  ];
}

/** The graphs of a workspace. */
export function workspaceSections(workspace: CfnWorkspace, period: Duration): DashboardSection[] {
  return [
    {
      heading: 'Workspace',
      graphs: [
        {
          title: 'Active series',
          unit: 'series',
          metrics: [usageMetric(workspace, 'ActiveSeries', 'active series', period)],
        },
        {
          title: 'Ingestion',
          unit: 'samples per second',
          metrics: [usageMetric(workspace, 'IngestionRate', 'samples per second', period)],
        },
      ],
    },
  ];
}
