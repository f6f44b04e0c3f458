/**
 * Alerts and graphs of a fair share, on Kueue's own metrics, and on kube-state-metrics for pods that bypass Kueue.
 * Kueue exports usage and quotas only with `metrics.enableClusterQueueResources: true` in its configuration.
 *
 * Source: Kueue, Reference, Prometheus metrics; `pkg/metrics/metrics.go`.
 */
import type { SharesPlan } from '../../flow/shares/workload';
import { type Alert, RATE_WINDOW_SECONDS } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { anyOf, matching } from '../promql';

/** Largest bucket of Kueue's wait histograms: 2.5 s doubled twelve times. No quantile above it can be computed. */
const LONGEST_BUCKET_SECONDS = 10_240;
const WINDOW = `${RATE_WINDOW_SECONDS}s`;

/** What the alerts are about. */
export interface Watched {
  readonly plan: SharesPlan;
  readonly cohort: string;
  /** Names of the tenants' queues and namespaces, in the order of the plan. */
  readonly queues: readonly string[];
  /** Within which a job must end. */
  readonly latencySeconds: number;
  readonly quantile: number;
  /** How long a job of each tenant takes, in the order of the plan. */
  readonly serviceSeconds: readonly number[];
}

/** The alerts of a fair share. */
export function fairShareAlerts(watched: Watched): Alert[] {
  const { plan, cohort, queues, latencySeconds, serviceSeconds } = watched;
  const ours = `cluster_queue=~${anyOf(queues)}`;
  const [usage, nominal] = [cpuOf('usage', cohort), cpuOf('quota', cohort)];
  return [
    {
      name: 'TenantWaitsWhileOthersBorrow',
      expr:
        `(${pendingOf(ours)} > 0 ` +
        `and on (cluster_queue) ${usage} < ${nominal}) and on () count(${usage} > ${nominal}) > 0`,
      // Half of the promised time, so that the other half is left to react.
      forSeconds: Math.max(60, Math.floor(latencySeconds / 2)),
      severity: 'critical',
      summary: 'Jobs of {{ $labels.cluster_queue }} wait below its share while other tenants borrow.',
      runbook:
        'kubectl describe the pending Workload: its condition QuotaReserved says what it waits for. If Kueue reports too little quota although another tenant is above its share, fair sharing or reclaiming is off: check fairSharing in the configuration of kueue-controller-manager and reclaimWithinCohort in the ClusterQueue. If the job is larger than the share, split it or raise nominalJobs.',
    },
    ...lateJobs(watched),
    {
      name: 'TenantQueueInactive',
      expr: `max by (cluster_queue) (kueue_cluster_queue_status{${ours},status="active"}) == 0`,
      forSeconds: RATE_WINDOW_SECONDS,
      severity: 'critical',
      summary: 'The queue {{ $labels.cluster_queue }} admits nothing.',
      runbook:
        'kubectl describe the ClusterQueue: its condition Active names the missing flavor or check, or says that it was stopped by hand (stopPolicy).',
    },
    {
      name: 'TenantAroundTheQueue',
      expr: queues
        .map((queue, i) => {
          const { nominalJobs, borrowedJobs } = plan.tenants[i];
          const used = `kube_resourcequota${matching({ namespace: queue, resourcequota: 'upper-bound', resource: 'pods', type: 'used' })}`;
          return `max by (namespace) (${used}) > ${nominalJobs + borrowedJobs}`;
        })
        .join(' or '),
      forSeconds: 2 * RATE_WINDOW_SECONDS,
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
          const { nominalJobs, borrowedJobs, jobCpu } = plan.tenants[i];
          const used = `max by (cluster_queue) (kueue_cluster_queue_resource_usage${matching({ cohort, cluster_queue: queue, resource: 'cpu' })})`;
          return `${used} >= ${Math.round((nominalJobs + borrowedJobs) * jobCpu * 1000) / 1000}`;
        })
        .join(' or '),
      forSeconds: Math.max(2 * RATE_WINDOW_SECONDS, Math.ceil(Math.max(...serviceSeconds))),
      severity: 'warning',
      summary: '{{ $labels.cluster_queue }} uses its whole share and its whole borrowing limit.',
      runbook:
        'The tenant submits more than its workload says. Only its own jobs wait. Ask the tenant; if the load is permanent, put the new numbers into its workload and deploy.',
    },
  ];
}

/** A wait that is longer than the promise minus the time of the job. */
function lateJobs({ queues, latencySeconds, quantile, serviceSeconds }: Watched): Alert[] {
  const late = queues.flatMap((queue, i) => {
    const longest = Math.floor(latencySeconds - serviceSeconds[i]);
    if (longest >= LONGEST_BUCKET_SECONDS) return [];
    return [
      `histogram_quantile(${quantile}, sum by (le, cluster_queue) (rate(kueue_admission_wait_time_seconds_bucket${matching({ cluster_queue: queue })}[${WINDOW}]))) > ${longest}`,
    ];
  });
  if (late.length === 0) return [];
  return [
    {
      name: 'TenantJobsLate',
      expr: late.join(' or '),
      forSeconds: RATE_WINDOW_SECONDS,
      severity: 'warning',
      summary: 'Jobs of {{ $labels.cluster_queue }} wait longer than the promise minus the time of the job.',
      runbook:
        'Check whether the tenant submits more or longer jobs than its workload says (then TenantAtItsBound fires too), or has less than its share (then TenantWaitsWhileOthersBorrow fires).',
    },
  ];
}

/** The graphs of a fair share. */
export function fairShareGraphs({ cohort, queues, quantile }: Watched): Graph[] {
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
      title: `Wait until admitted, P${Math.round(100 * quantile)}`,
      unit: 's',
      lines: [
        {
          legend,
          expr: `histogram_quantile(${quantile}, sum by (le, cluster_queue) (rate(kueue_admission_wait_time_seconds_bucket{${ours}}[${WINDOW}])))`,
        },
      ],
    },
    {
      title: 'Borrowed, by weight',
      unit: 'short',
      lines: [{ legend, expr: `max by (cluster_queue) (kueue_cluster_queue_weighted_share{${ours}})` }],
    },
  ];
}

/** Each replica of Kueue has its own series; the leader's is correct, and it is the largest. */
function pendingOf(selector: string): string {
  return `sum by (cluster_queue) (max by (cluster_queue, status) (kueue_pending_workloads{${selector}}))`;
}

function cpuOf(what: 'usage' | 'quota', cohort: string): string {
  const metric = what === 'usage' ? 'kueue_cluster_queue_resource_usage' : 'kueue_cluster_queue_nominal_quota';
  return `max by (cluster_queue) (${metric}${matching({ cohort, resource: 'cpu' })})`;
}
