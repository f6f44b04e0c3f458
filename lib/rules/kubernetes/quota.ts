import type { Resource } from '../document';
import { oncePer } from '../once-per';
import type { Found, Rule } from '../rule';
import { isQueued } from './read/kueue';
import { byNamespace, type Manifests } from './read/manifests';
import { quantity } from './read/quantities';
import { maxReplicas } from './read/scalers';
import { LIMITS, type Limit, parallelism, quotasOf } from './read/stampede';

/** Work that ends, and can wait. */
const BATCH = ['batch/Job', 'batch/CronJob', 'keda.sh/ScaledJob'];

/** Rules about limits of a cluster's tenants. */
export const QUOTA_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-QUOTA-001',
    title: 'Jobs that do not fit their quota are refused, not queued',
    why: 'A ResourceQuota is checked when a pod is made. Pods above it are refused and retried by the Job controller, at growing intervals and in no order; they have no place in a queue.',
    source: 'Kubernetes, Resource Quotas: a request that would exceed is rejected with 403; Kueue, "Run a Job"',
    severity: 'warning',
    cases: [20],
    *check(manifests) {
      const batch = byNamespace(manifests.ofType(...BATCH).filter((job) => !isQueued(job)));
      for (const namespace of byNamespace(manifests.ofType('ResourceQuota')).keys()) {
        const jobs = batch.get(namespace) ?? [];
        for (const quota of quotasOf(manifests, namespace)) yield* refused(manifests, jobs, quota);
      }
    },
  },
  {
    id: 'BP-QUOTA-002',
    title: 'A priority that every tenant may use',
    why: 'A pod that names a higher priority preempts those below it. Without a quota on the class every tenant can use it and evict the others.',
    source: 'Kubernetes, Pod Priority and Preemption; Resource Quotas, "Resource quota per PriorityClass"',
    severity: 'warning',
    cases: [20],
    *check(manifests) {
      const quotas = manifests.ofType('ResourceQuota');
      for (const priority of manifests.ofType('scheduling.k8s.io/PriorityClass')) {
        const at = priority.at('value');
        const value = at.number();
        const preempts = priority.at('preemptionPolicy').text('PreemptLowerPriority') === 'PreemptLowerPriority';
        // Without any quota among the manifests the cluster is shared in some other way.
        if (value === undefined || value <= 0 || !preempts || quotas.length === 0) continue;
        const name = priority.at('metadata', 'name').text();
        if (quotas.some((quota) => isAbout(quota, name))) continue;
        yield {
          at,
          message: `value ${value} preempts everything below it, and none of ${quotas.length} ResourceQuota(s) limits its use`,
          fix: `add a ResourceQuota with a scopeSelector for the PriorityClass ${name ?? '(give it a name)'}, or set preemptionPolicy to Never`,
        };
      }
    },
  },
];

/** Batch work of a namespace that can never run at once under its quota. */
function* refused(manifests: Manifests, batch: readonly Resource[], quota: Resource): Iterable<Found> {
  for (const limit of LIMITS) {
    const at = quota.at('spec', 'hard', limit.key);
    const hard = quantity(at);
    if (hard === undefined) continue;
    for (const { jobs, asked } of demands(batch)(manifests, limit)) {
      if (asked <= hard) continue;
      yield {
        at,
        message: `${limit.key} ${limit.show(hard)}, while ${jobs.map((job) => job.name).join(' and ')} may request ${limit.show(asked)} at once: pods above it are refused, not queued`,
        fix: 'label the Jobs kueue.x-k8s.io/queue-name and let a ClusterQueue hold the nominal quota; keep the ResourceQuota as an upper bound above it',
      };
      return;
    }
  }
}

/**
 * Batch work of a namespace that may run at once, and its requests, by limit. Jobs and ScaledJobs may all run at once;
 * CronJobs need not coincide (BP-CRON-001 says when they do).
 */
const demands = oncePer((batch: readonly Resource[]) => {
  const known = new Map<Limit, readonly { readonly jobs: readonly Resource[]; readonly asked: number }[]>();
  return (manifests: Manifests, limit: Limit) => {
    let found = known.get(limit);
    if (!found) {
      const use = (job: Resource) => {
        const one = limit.use(manifests, job);
        return one === undefined ? 0 : one * runs(job);
      };
      const lasting = batch.filter(({ type }) => type !== 'batch/CronJob');
      const groups = [lasting, ...batch.filter(({ type }) => type === 'batch/CronJob').map((job) => [job])];
      found = groups.map((jobs) => ({ jobs, asked: jobs.reduce((sum, job) => sum + use(job), 0) }));
      known.set(limit, found);
    }
    return found;
  };
});

/** Jobs of a workload that run at once. */
function runs(workload: Resource): number {
  if (workload.type !== 'keda.sh/ScaledJob') return parallelism(workload) === undefined ? 0 : 1;
  return maxReplicas(workload) ?? 0;
}

/** Whether a quota is, or may be, about this priority class. */
function isAbout(quota: Resource, name: string | undefined): boolean {
  const scopes = quota.at('spec', 'scopeSelector', 'matchExpressions');
  return scopes.items().some((scope) => {
    if (!scope.at('scopeName').mayBe('PriorityClass')) return false;
    const values = scope.at('values').items();
    switch (scope.at('operator').text()) {
      case 'In':
        return name === undefined || values.some((value) => value.mayBe(name));
      case 'NotIn':
        return name !== undefined && !values.some((value) => value.text() === name);
      default:
        return true;
    }
  });
}
