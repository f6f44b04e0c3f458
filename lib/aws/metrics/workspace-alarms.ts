/**
 * Alarms and graphs of a workspace, on the metrics of Amazon Managed Service for Prometheus. Where the documentation names only
 * some of the dimensions, they are found by a query of Metrics Insights.
 *
 * Source: Amazon Managed Service for Prometheus user guide, CloudWatch metrics. The dimensions of metrics per label set and the
 * text of a label set: AWS Cloud Operations Blog, Optimizing metrics ingestion with Amazon Managed Service for Prometheus.
 */
import { type Duration } from 'aws-cdk-lib';
import type { CfnWorkspace } from 'aws-cdk-lib/aws-aps';
import { MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { DashboardSection } from '../dashboard';
import type { AlarmRow } from '../watch';

const NAMESPACE = 'AWS/Prometheus';

/** What is watched. */
export interface WatchedWorkspace {
  readonly workspace: CfnWorkspace;
  /** Names of the sources, each with a limit of its own. */
  readonly sources: readonly string[];
  /** Whether it evaluates rules. */
  readonly records: boolean;
}

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

/** A count of a workspace, over all its other dimensions: reasons, groups of rules. */
function countMetric(workspace: CfnWorkspace, name: string, label: string, period: Duration): MathExpression {
  return new MathExpression({
    expression: `SELECT SUM(${name}) FROM "${NAMESPACE}" WHERE "Workspace" = '${workspace.attrWorkspaceId}'`,
    label,
    period,
  });
}

/** Active series of one source, by the label that its limit is on. */
function seriesMetric(workspace: CfnWorkspace, source: string, period: Duration): Metric {
  return new Metric({
    namespace: NAMESPACE,
    metricName: 'ActiveSeriesPerLabelSet',
    dimensionsMap: { Workspace: workspace.attrWorkspaceId, LabelSet: `{job="${source}"}` },
    statistic: Stats.MAXIMUM,
    period,
  });
}

/** The construct id of the alarm on one source. */
export function sourceAlarmId(source: string): string {
  return `SeriesAlarm-${source}`;
}

/** The alarms of a workspace. */
export function workspaceRows({ workspace, sources, records }: WatchedWorkspace): AlarmRow[] {
  return [
    {
      id: 'ActiveSeriesAlarm',
      name: 'activeSeries',
      severity: 'critical',
      metric: (period) => usageMetric(workspace, 'ActiveSeries', 'active series', period),
      threshold: 'alarmSeries',
      seconds: 'alarmPeriodSeconds',
      periods: 'alarmPeriods',
      text: 'The budget of series is nearly used up; above the limit of its source new series are discarded. Which family grew: topk(10, count by (job, __name__) ({__name__=~".+"})). Remove the label whose values do not end in the program; do not drop it while scraping, sums would be wrong.',
    },
    ...sources.map(
      (source): AlarmRow => ({
        id: sourceAlarmId(source),
        name: `series.${source}`,
        severity: 'warning',
        metric: (period) => seriesMetric(workspace, source, period),
        threshold: `alarmSeries.${source}`,
        seconds: 'alarmPeriodSeconds',
        periods: 'alarmPeriods',
        text: `The series of ${source} are close to its limit, whatever is left of the budget; above it its new series are discarded. Which family grew: topk(10, count by (__name__) ({job="${source}"})). Wanted: give the measured numbers to the workload. Not wanted: remove the label whose values do not end, in the program.`,
      }),
    ),
    {
      id: 'DiscardedSamplesAlarm',
      name: 'discardedSamples',
      severity: 'critical',
      metric: (period) => countMetric(workspace, 'DiscardedSamples', 'discarded samples', period),
      threshold: 'alarmDiscardedSamples',
      seconds: 'alarmPeriodSeconds',
      text: 'The workspace discards samples: they are lost. The dimension Reason of DiscardedSamples says why. per_labelset_series_limit: a source is above its limit, and DiscardedSamplesPerLabelSet says which. per_user_series_limit and rate_limited: a quota of the workspace, ask for more. sample-out-of-order and new-value-for-timestamp: two Prometheus write the same series.',
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
    ...(records ? [ruleRow(workspace)] : []),
  ];
}

function ruleRow(workspace: CfnWorkspace): AlarmRow {
  return {
    id: 'RecordingFailuresAlarm',
    name: 'recordingFailures',
    severity: 'warning',
    metric: (period) => countMetric(workspace, 'RuleEvaluationFailures', 'failed evaluations', period),
    threshold: 'alarmRecordingFailures',
    seconds: 'alarmPeriodSeconds',
    text: 'Rules of the workspace fail: what they record has a gap, and alerts on it are silent. The log group of the workspace has the rule and the error. Too many series in one query: sum fewer of them.',
  };
}

/** The graphs of a workspace. */
export function workspaceSections(
  { workspace, sources, records }: WatchedWorkspace,
  period: Duration,
): DashboardSection[] {
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
          title: 'Active series by source',
          unit: 'series',
          metrics: sources.map((source) => seriesMetric(workspace, source, period).with({ label: source })),
        },
        {
          title: 'Ingestion',
          unit: 'samples per second',
          metrics: [usageMetric(workspace, 'IngestionRate', 'samples per second', period)],
        },
        {
          title: 'Discarded samples, failed rules',
          unit: 'a period',
          metrics: [
            countMetric(workspace, 'DiscardedSamples', 'discarded samples', period),
            ...(records ? [countMetric(workspace, 'RuleEvaluationFailures', 'failed evaluations', period)] : []),
          ],
        },
      ],
    },
  ];
}
