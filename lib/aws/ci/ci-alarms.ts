/** The alarms and graphs of runners in CodeBuild. */
import type { Duration } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { DashboardSection } from '../dashboard';
import type { AlarmRow } from '../watch';

/** A metric of a project. Source: AWS CodeBuild user guide, CloudWatch metrics and dimensions. */
export function projectMetric(projectName: string, metricName: string, statistic: string, period: Duration): Metric {
  return new Metric({
    namespace: 'AWS/CodeBuild',
    metricName,
    dimensionsMap: { ProjectName: projectName },
    statistic,
    period,
  });
}

/** The names of all alarms that runners can have. */
export const CI_ALARMS: readonly string[] = ['jobsWait', 'slowStart', 'failedBuilds'];

/** The alarms of a project. */
export function ciRows(projectName: string): AlarmRow[] {
  const of = (metricName: string, statistic: string) => (period: Duration) =>
    projectMetric(projectName, metricName, statistic, period);
  return [
    {
      id: 'JobsWait',
      severity: 'warning',
      metric: of('QueuedDuration', Stats.MAXIMUM),
      threshold: 'alarmWaitSeconds',
      seconds: 'alarmPeriodSeconds',
      periods: 'alarmWaitPeriods',
      text: 'Jobs wait longer for a build than promised. Are as many builds running as the quota of the account allows? Do runs of outdated commits still hold builds: has every workflow its concurrency group? Then give the measured pushes and times to the workload, and ask for the quota that follows.',
    },
    {
      id: 'SlowStart',
      severity: 'warning',
      metric: of('ProvisioningDuration', Stats.MAXIMUM),
      threshold: 'alarmStartSeconds',
      seconds: 'alarmPeriodSeconds',
      periods: 'alarmWaitPeriods',
      text: 'Builds take longer to start than planned, and hold their place meanwhile. A large image of your own is pulled each time; give the measured time as runnerStart, or use a smaller image.',
    },
    {
      id: 'FailedBuilds',
      severity: 'critical',
      metric: of('FailedBuilds', Stats.SUM),
      threshold: 'alarmFailedBuilds',
      seconds: 'alarmPeriodSeconds',
      periods: 'alarmFailedPeriods',
      text: "Builds fail or end by their time-out, so jobs of the forge lose their runner or never get one. The log of the build has the reason: the image, the credentials of the source, a job that hangs. Run the failed jobs again afterwards; the forge doesn't.",
    },
  ];
}

/** The graphs of a project. */
export function ciSections(projectName: string, period: Duration): DashboardSection[] {
  const of = (metricName: string, statistic: string) => projectMetric(projectName, metricName, statistic, period);
  return [
    {
      heading: 'Runners',
      graphs: [
        { title: 'Wait', unit: 'seconds', metrics: [of('QueuedDuration', Stats.MAXIMUM)] },
        { title: 'Start', unit: 'seconds', metrics: [of('ProvisioningDuration', Stats.MAXIMUM)] },
        { title: 'Run', unit: 'seconds', metrics: [of('Duration', Stats.AVERAGE)] },
        { title: 'Builds', unit: 'builds', metrics: [of('Builds', Stats.SUM), of('FailedBuilds', Stats.SUM)] },
      ],
    },
  ];
}
