/**
 * Alerts and graphs of a fair share, on Kueue's own metrics, and on kube-state-metrics for pods that bypass Kueue.
 * Kueue exports usage and quotas only with `metrics.enableClusterQueueResources: true` in its configuration.
 *
 * Source: Kueue, Reference, Prometheus metrics; `pkg/metrics/metrics.go`.
 */
import type { SharesPlan } from '../../flow/shares/workload';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { anyOf, matching } from '../promql';

/** What the alerts are about. */
export interface Watched {
  readonly plan: SharesPlan;
  readonly cohort: string;
  /** Names of the tenants' queues and namespaces, in the order of the plan. */
  readonly queues: readonly string[];
}

/** The alerts of a fair share. */
export function fairShareAlerts(watched: Watched): Alert[] {
  const { plan, cohort, queues } = watched;
  const value = (name: string) => plan.value(name);
  const ours = `cluster_queue=~${anyOf(queues)}`;
  const [usage, nominal] = [cpuOf('usage', cohort), cpuOf('quota', cohort)];
  return [
    {
      name: 'TenantWaitsWhileOthersBorrow',
      expr:
        `(${pendingOf(ours)} > ${value('alarmWaitingJobs')} ` +
        `and on (cluster_queue) ${usage} < ${nominal}) and on () count(${usage} > ${nominal}) > ${value('alarmBorrowers')}`,
      forSeconds: value('alarmBelowShareSeconds'),
      severity: 'critical',
      summary: 'Jobs of {{ $labels.cluster_queue }} wait below its share while other tenants borrow.',
      runbook:
        'kubectl describe the pending Workload: its condition QuotaReserved says what it waits for. If Kueue reports too little quota although another tenant is above its share, fair sharing or reclaiming is off: check fairSharing in the configuration of kueue-controller-manager and reclaimWithinCohort in the ClusterQueue. If the job is larger than the share, split it or raise nominalJobs.',
    },
    ...lateJobs(watched),
    {
      name: 'TenantQueueInactive',
      expr: `max by (cluster_queue) (kueue_cluster_queue_status{${ours},status="active"}) == 0`,
      forSeconds: value('alarmWindowSeconds'),
      severity: 'critical',
      summary: 'The queue {{ $labels.cluster_queue }} admits nothing.',
      runbook:
        'kubectl describe the ClusterQueue: its condition Active names the missing flavor or check, or says that it was stopped by hand (stopPolicy).',
    },
    {
      name: 'TenantAroundTheQueue',
      expr: queues
        .map((queue, i) => {
          const used = `kube_resourcequota${matching({ namespace: queue, resourcequota: 'upper-bound', resource: 'pods', type: 'used' })}`;
          return `max by (namespace) (${used}) > ${value(`alarmPods.${plan.tenants[i].name}`)}`;
        })
        .join(' or '),
      forSeconds: value('alarmHoldSeconds'),
      severity: 'warning',
      summary: 'More pods run in {{ $labels.namespace }} than its queue admits.',
      ofOtherNamespaces: true,
      runbook:
        'Some pods bypass Kueue. List the pods without the label kueue.x-k8s.io/queue-name; enable the Kueue integration of their controller, or manageJobsWithoutQueueName. At the quota the next pod is refused with 403; it is not queued.',
    },
    {
      name: 'TenantAtItsBound',
      expr: queues
        .map((queue, i) => {
          const used = `max by (cluster_queue) (kueue_cluster_queue_resource_usage${matching({ cohort, cluster_queue: queue, resource: 'cpu' })})`;
          return `${used} >= ${value(`alarmCpu.${plan.tenants[i].name}`)}`;
        })
        .join(' or '),
      forSeconds: value('alarmAtBoundSeconds'),
      severity: 'warning',
      summary: '{{ $labels.cluster_queue }} uses its whole share and its whole borrowing limit.',
      runbook:
        'The tenant submits more than its workload says. Only its own jobs wait. Ask the tenant; if the load is permanent, put the new numbers into its workload and deploy.',
    },
  ];
}

/** A wait that is longer than the promise minus the time of the job. */
function lateJobs({ plan, queues }: Watched): Alert[] {
  const late = queues.flatMap((queue, i) => {
    const longest = plan.knobs.find(({ name }) => name === `alarmWaitSeconds.${plan.tenants[i].name}`);
    return longest === undefined ? [] : [`${waitOf(plan, matching({ cluster_queue: queue }))} > ${longest.value}`];
  });
  if (late.length === 0) return [];
  return [
    {
      name: 'TenantJobsLate',
      expr: late.join(' or '),
      forSeconds: plan.value('alarmWindowSeconds'),
      severity: 'warning',
      summary: 'Jobs of {{ $labels.cluster_queue }} wait longer than the promise minus the time of the job.',
      runbook:
        'Check whether the tenant submits more or longer jobs than its workload says (then TenantAtItsBound fires too), or has less than its share (then TenantWaitsWhileOthersBorrow fires).',
    },
  ];
}

/** The graphs of a fair share. */
export function fairShareGraphs({ plan, cohort, queues }: Watched): Graph[] {
  const ours = `cluster_queue=~${anyOf(queues)}`;
  const legend = '{{cluster_queue}}';
  return [
    {
      title: 'CPU in use',
      unit: 'short',
      lines: [
        { legend, expr: cpuOf('usage', cohort) },
        { legend: `${legend} share`, expr: cpuOf('quota', cohort) },
      ],
    },
    {
      title: 'Jobs that wait',
      unit: 'short',
      lines: [{ legend, expr: pendingOf(ours) }],
    },
    {
      title: `Wait until admitted, P${Math.round(100 * plan.value('latencyQuantile'))}`,
      unit: 's',
      lines: [{ legend, expr: waitOf(plan, `{${ours}}`) }],
    },
    {
      title: 'Borrowed, by weight',
      unit: 'short',
      lines: [{ legend, expr: `max by (cluster_queue) (kueue_cluster_queue_weighted_share{${ours}})` }],
    },
  ];
}

/** The wait until a job is admitted, at the promised quantile. */
function waitOf(plan: SharesPlan, selector: string): string {
  const waits = `rate(kueue_admission_wait_time_seconds_bucket${selector}[${plan.value('alarmWindowSeconds')}s])`;
  return `histogram_quantile(${plan.value('latencyQuantile')}, sum by (le, cluster_queue) (${waits}))`;
}

/** Each replica of Kueue has its own series; the leader's is correct, and it is the largest. */
function pendingOf(selector: string): string {
  return `sum by (cluster_queue) (max by (cluster_queue, status) (kueue_pending_workloads{${selector}}))`;
}

function cpuOf(what: 'usage' | 'quota', cohort: string): string {
  const metric = what === 'usage' ? 'kueue_cluster_queue_resource_usage' : 'kueue_cluster_queue_nominal_quota';
  return `max by (cluster_queue) (${metric}${matching({ cohort, resource: 'cpu' })})`;
}
