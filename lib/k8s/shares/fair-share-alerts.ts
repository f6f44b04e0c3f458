/**
 * What a fair share is watched by: Kueue's own metrics, and kube-state-metrics for what goes around Kueue. Usage and
 * quotas are exported only with `metrics.enableClusterQueueResources: true` in Kueue's configuration.
 *
 * Source: Kueue, Reference, Prometheus metrics; `pkg/metrics/metrics.go`.
 */
import type { SharesPlan } from '../../flow/shares/workload';
import { type Alert, RATE_WINDOW_SECONDS } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { anyOf, matching } from '../promql';

/** Largest bucket of Kueue's wait histograms: 2.5 s doubled twelve times. Above it no quantile can be seen. */
const LONGEST_BUCKET_SECONDS = 10_240;
const WINDOW = `${RATE_WINDOW_SECONDS}s`;

/** What the alerts are about. */
export interface Watched {
  readonly plan: SharesPlan;
  readonly cohort: string;
  /** Names of the tenants' queues and namespaces, in the order of the plan. */
  readonly queues: readonly string[];
  /** Within which a job has to end. */
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
      // Half of what a job may take, so that the other half is left to help it.
      forSeconds: Math.max(60, Math.floor(latencySeconds / 2)),
      severity: 'critical',
      summary: 'Jobs of {{ $labels.cluster_queue }} wait below its share while other tenants borrow.',
      runbook:
        'kubectl describe the pending Workload: its condition QuotaReserved says what it waits for. If Kueue names no room although another tenant is above its share, fair sharing or reclaiming is off: look for fairSharing in the configuration of kueue-controller-manager and for reclaimWithinCohort in the ClusterQueue. If the job is larger than the share, split it or raise nominalJobs.',
    },
    ...lateJobs(watched),
    {
      name: 'TenantQueueInactive',
      expr: `max by (cluster_queue) (kueue_cluster_queue_status{${ours},status="active"}) == 0`,
      forSeconds: RATE_WINDOW_SECONDS,
      severity: 'critical',
      summary: 'The queue {{ $labels.cluster_queue }} admits nothing.',
      runbook:
        'kubectl describe the ClusterQueue: its condition Active names the flavor or the check that is missing, or that it was stopped by hand (stopPolicy).',
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
        'Somebody starts pods that Kueue does not see. List the pods without the label kueue.x-k8s.io/queue-name; switch on the integration of what made them, or manageJobsWithoutQueueName. At the quota the next pod is refused with 403 and nothing waits.',
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
      summary: '{{ $labels.cluster_queue }} runs all that it may, share and loan.',
      runbook:
        'It submits more than it said. Nobody else suffers, its own jobs wait. Ask the tenant; if the load is to stay, put the new numbers into its workload and deploy.',
    },
  ];
}

/** A wait beyond what the promise leaves beside the job itself. */
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
      summary: 'Jobs of {{ $labels.cluster_queue }} wait longer than the promise leaves beside the job itself.',
      runbook:
        'See whether the tenant submits more or longer jobs than its workload says (then TenantAtItsBound fires too), or has less than its share (then TenantWaitsWhileOthersBorrow does).',
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

/** Each replica of Kueue has its own series, of which the leader's is the one that is right and the largest. */
function pendingOf(selector: string): string {
  return `sum by (cluster_queue) (max by (cluster_queue, status) (kueue_pending_workloads{${selector}}))`;
}

function cpuOf(what: 'usage' | 'quota', cohort: string): string {
  const metric = what === 'usage' ? 'kueue_cluster_queue_resource_usage' : 'kueue_cluster_queue_nominal_quota';
  return `max by (cluster_queue) (${metric}${matching({ cohort, resource: 'cpu' })})`;
}
