/** Alerts and graphs of a runner set: jobs that wait, runners that fail, and a listener that is gone. */
import type { CiPlan } from '../../flow/ci/workload';
import { duration } from '../../flow/figures';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { aboutObject } from '../promql';

/** The labels of a runner set's metrics. */
export interface RunnerSeries {
  readonly namespace?: string;
  /** Name of the runner set. */
  readonly name: string;
}

/** The alerts of a runner set. */
export function ciAlerts(plan: CiPlan, series: RunnerSeries): Alert[] {
  const of = (metric: string) => metricOf(series, metric);
  const value = (name: string) => plan.value(name);
  return [
    {
      name: 'CiJobsWait',
      expr: `max(${of('gha_assigned_jobs')}) - max(${of('gha_running_jobs')}) > ${value('alarmWaitingJobs')}`,
      forSeconds: value('alarmWaitingSeconds'),
      severity: 'warning',
      summary: `So many jobs wait that a new one waits longer than ${duration(value('alarmWaitSeconds'))}, as promised.`,
      runbook:
        'Are all runners busy (CiRunnersSaturated)? Then more is pushed than planned, or jobs take longer: compare both with the plan on the dashboard, and give the measured numbers to the workload. Are there runners that do not take jobs? kubectl get ephemeralrunners: pods that are pending want nodes, failed ones are CiRunnersFailed.',
    },
    {
      name: 'CiRunnersSaturated',
      // Not of the desired runners: idle ones are among them, and they are at the maximum before all are busy.
      expr: `max(${of('gha_assigned_jobs')}) >= ${value('maxRunners')}`,
      forSeconds: value('alarmSaturatedSeconds'),
      severity: 'warning',
      summary: 'There are as many jobs as there may be runners, and the next job waits.',
      runbook:
        'Do runs of outdated commits still hold runners? Look whether every workflow has its concurrency group. Then give the measured pushes and times to the workload, and deploy the larger pool that follows.',
    },
    {
      name: 'CiRunnersFailed',
      expr: `max(${of('gha_controller_failed_ephemeral_runners')}) > ${value('alarmFailedRunners')}`,
      forSeconds: value('alarmFailedSeconds'),
      severity: 'critical',
      summary: 'Runners failed and keep their places, so the pool is smaller than planned.',
      runbook:
        'kubectl get ephemeralrunners, and kubectl describe one that failed: an image that cannot be pulled, a quota, a node without room. Mend it, then delete the failed ones: the controller makes new ones.',
    },
    {
      name: 'CiListenerMissing',
      expr: `absent(${of('gha_assigned_jobs')})`,
      forSeconds: value('alarmDownSeconds'),
      severity: 'critical',
      summary:
        'The listener of the runner set is gone or not scraped: no job gets a runner, and no other alert has data.',
      runbook:
        "kubectl get autoscalinglisteners in the controller's namespace, and the controller's log. A set whose label app.kubernetes.io/version is not the controller's version is ignored. Are metrics switched on in the controller's Helm values (metrics.listenerAddr)?",
    },
  ];
}

/** The graphs of a runner set. */
export function ciGraphs(plan: CiPlan, series: RunnerSeries): Graph[] {
  const of = (metric: string) => `max(${metricOf(series, metric)})`;
  const planned = (name: string) => `vector(${plan.value(name)})`;
  return [
    {
      title: 'Runners',
      unit: 'short',
      lines: [
        { legend: 'busy', expr: of('gha_busy_runners') },
        { legend: 'idle', expr: of('gha_idle_runners') },
        { legend: 'desired', expr: of('gha_desired_runners') },
        { legend: 'at most', expr: planned('maxRunners') },
      ],
    },
    {
      title: 'Jobs',
      unit: 'short',
      lines: [
        { legend: 'assigned', expr: of('gha_assigned_jobs') },
        { legend: 'running', expr: of('gha_running_jobs') },
        { legend: 'waiting, alarm', expr: planned('alarmWaitingJobs') },
      ],
    },
    {
      title: 'Runners that do not run',
      unit: 'short',
      lines: [
        { legend: 'pending', expr: of('gha_controller_pending_ephemeral_runners') },
        { legend: 'failed', expr: of('gha_controller_failed_ephemeral_runners') },
      ],
    },
  ];
}

/** A metric of the listener or of the controller, which run in another namespace and put the set's into a label. */
function metricOf({ namespace, name }: RunnerSeries, metric: string): string {
  return aboutObject(metric, { name }, namespace);
}
