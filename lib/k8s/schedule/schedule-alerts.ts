/**
 * Alerts and graphs of a spread schedule, on kube-state-metrics: silent, failed, missing and suspended jobs, and runs at
 * once against the plan. CPU is the kubelet's.
 *
 * Source: kube-state-metrics, CronJob Metrics and Job Metrics.
 */
import { grouped } from '../../flow/grouped';
import type { SchedulePlan } from '../../flow/schedule/workload';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { aboutObject, anyOf, eachStarting, matching } from '../promql';

/** The name of the container whose CPU is drawn. */
export const CONTAINER = 'job';
const MINUTE_SECONDS = 60;
/** What the controller puts behind the name of a CronJob for a run: its minute. A run by hand has another ending. */
const RUN = '-[0-9]+';

/** The alerts of a schedule. */
export function scheduleAlerts(plan: SchedulePlan, namespace: string | undefined): Alert[] {
  const all = plan.jobs.map(({ name }) => name);
  const hold = plan.value('alarmHoldSeconds');
  const [most, count] = [plan.value('maxConcurrent'), plan.value('alarmJobs')];
  const created = ofCronJobs('kube_cronjob_created', all, namespace);
  return [
    {
      name: 'ScheduledJobSilent',
      expr: bySilence(plan)
        .map(([seconds, names]) => `${silentFor(names, namespace)} > ${seconds}`)
        .join(' or '),
      forSeconds: 0,
      severity: 'critical',
      summary: 'No run of {{ $labels.cronjob }} ended well for longer than two of its periods and a run.',
      runbook:
        'If ScheduledJobFailed or ScheduledJobSuspended fires for it too, begin there. kubectl describe cronjob: MissSchedule means that the controller came later than startingDeadlineSeconds, JobAlreadyActive that the last run still runs. kubectl get pods: a pending pod waits for a node, or in Kueue for its turn.',
    },
    {
      name: 'ScheduledJobFailed',
      // A failed Job is kept for its logs; it is news for as long as silence would be.
      expr: bySilence(plan)
        .map(([seconds, names]) => `(${failedSince(names, namespace, plan.value('alarmFailedRuns'), seconds)})`)
        .join(' or '),
      forSeconds: 0,
      severity: 'warning',
      summary: 'The run {{ $labels.job_name }} failed, and is not retried before its next minute.',
      runbook:
        'kubectl describe job: DeadlineExceeded means longer than activeDeadlineSeconds, so measure durationSeconds again; BackoffLimitExceeded means that the program failed or its pod was removed: kubectl logs of its pod. To run it at once: kubectl create job --from=cronjob/<name> <name>-by-hand, outside of the busy minutes.',
    },
    {
      name: 'ScheduledRunsAboveMaximum',
      expr: `sum(${activeRuns(all, namespace)}) > ${most}`,
      forSeconds: hold,
      severity: 'warning',
      summary: `More than ${most} runs have been active at once for ${hold} s: the schedule is fuller than its plan.`,
      runbook:
        'Runs take longer than durationSeconds, or pods wait for nodes: compare kube_job_status_completion_time with kube_job_status_start_time. Put the measured times into the jobs and deploy: later jobs move to other minutes. A bound that holds whatever runs take is a queue: ownQueue.',
    },
    {
      name: 'ScheduledJobSuspended',
      expr: `max by (cronjob) (${ofCronJobs('kube_cronjob_spec_suspend', all, namespace)}) == 1`,
      forSeconds: hold,
      severity: 'warning',
      summary: '{{ $labels.cronjob }} is suspended: it does not run.',
      runbook:
        'A person has set spec.suspend. Find out why, then: kubectl patch cronjob <name> -p \'{"spec":{"suspend":false}}\'. The next deployment does it as well.',
    },
    {
      name: 'ScheduledJobMissing',
      // Nothing to count is no series, and as bad as none.
      expr: `(count(max by (cronjob) (${created})) or vector(0)) < ${count}`,
      forSeconds: hold,
      severity: 'critical',
      summary: `Fewer than the ${count} CronJobs of the schedule are known.`,
      runbook:
        'kubectl get cronjobs: one that was deleted comes back with the next deployment. If all are there, kube-state-metrics is down or not scraped, and the other alerts of the schedule are blind.',
    },
  ];
}

/** The graphs of a schedule. */
export function scheduleGraphs(plan: SchedulePlan, namespace: string | undefined): Graph[] {
  const all = plan.jobs.map(({ name }) => name);
  const cores = plan.knobs.find(({ name }) => name === 'coresForRuns');
  const pods = matching({ namespace, container: CONTAINER }, { pod: eachStarting(all, `${RUN}-.+`) });
  const started = ofJobs('kube_job_status_start_time', all, namespace);
  return [
    {
      title: 'Runs at once',
      unit: 'short',
      lines: [
        { legend: 'active', expr: `sum(${activeRuns(all, namespace)}) or vector(0)` },
        { legend: 'fullest minute of the plan', expr: `vector(${plan.value('fullestMinuteRuns')})` },
        { legend: 'most', expr: `vector(${plan.value('maxConcurrent')})` },
      ],
    },
    {
      title: 'Runs started a minute',
      unit: 'short',
      lines: [
        {
          legend: 'started',
          expr: `count((time() - max by (job_name) (${started})) < ${MINUTE_SECONDS}) or vector(0)`,
        },
      ],
    },
    {
      title: 'Time since the last good run',
      unit: 's',
      lines: [
        {
          legend: '{{cronjob}}',
          expr: `time() - max by (cronjob) (${ofCronJobs('kube_cronjob_status_last_successful_time', all, namespace)})`,
        },
      ],
    },
    {
      title: 'CPU of the runs, in cores',
      unit: 'short',
      lines: [
        {
          legend: 'used',
          // The kubelet's own label is the namespace of the pod, whatever honors it.
          expr: `sum(rate(container_cpu_usage_seconds_total${pods}[${plan.value('alarmWindowSeconds')}s])) or vector(0)`,
        },
        ...(cores === undefined ? [] : [{ legend: 'ceiling', expr: `vector(${Number(cores.value.toPrecision(6))})` }]),
      ],
    },
  ];
}

/** A metric about these CronJobs. */
function ofCronJobs(metric: string, names: readonly string[], namespace: string | undefined): string {
  return aboutObject(metric, {}, namespace, undefined, { cronjob: anyOf(names) });
}

/** A metric about the runs of these CronJobs. */
function ofJobs(metric: string, names: readonly string[], namespace: string | undefined): string {
  return aboutObject(metric, {}, namespace, undefined, { job_name: eachStarting(names, RUN) });
}

function activeRuns(names: readonly string[], namespace: string | undefined): string {
  return ofJobs('kube_job_status_active', names, namespace);
}

/** Jobs that count as silent after the same time. */
function bySilence(plan: SchedulePlan): [seconds: number, names: readonly string[]][] {
  return [...grouped(plan.jobs.map(({ name }) => [plan.value(`alarmSilenceSeconds.${name}`), name] as const))];
}

/** Seconds since the last run that ended well; since it was made where none has. */
function silentFor(names: readonly string[], namespace: string | undefined): string {
  const latest = (metric: string) => `max by (cronjob) (${ofCronJobs(metric, names, namespace)})`;
  return `time() - (${latest('kube_cronjob_status_last_successful_time')} or ${latest('kube_cronjob_created')})`;
}

/** Runs that have failed, and began within so many seconds. */
function failedSince(
  names: readonly string[],
  namespace: string | undefined,
  allowed: number,
  seconds: number,
): string {
  const of = (metric: string) => `max by (job_name) (${ofJobs(metric, names, namespace)})`;
  return `${of('kube_job_status_failed')} > ${allowed} and on (job_name) time() - ${of('kube_job_status_start_time')} < ${seconds}`;
}
