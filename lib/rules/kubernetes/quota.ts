import { grouped } from '../../flow/grouped';
import type { Resource } from '../document';
import { listed } from '../listed';
import { oncePer } from '../once-per';
import type { Found, Rule } from '../rule';
import { isQueued } from './read/kueue';
import { byNamespace, type Manifests, namespaceOf } from './read/manifests';
import { plain, quantity } from './read/quantities';
import { type Limit, limitsIn, ofRun, quotasOf } from './read/quotas';
import { maxReplicas, scalersOf } from './read/scalers';
import { parallelism } from './read/stampede';

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
        for (const quota of quotasOf(manifests, namespace)) yield* refused(jobs, quota);
      }
    },
  },
  {
    id: 'BP-QUOTA-002',
    title: 'A priority that every tenant may use',
    why: 'A pod that names a higher priority preempts those below it, in any namespace. A ResourceQuota on the class holds only in its own namespace: tenants of every other one can use the class and evict the rest.',
    source:
      'Kubernetes, Pod Priority and Preemption; Resource Quotas, "Limit Priority Class consumption by default": LimitedResources of the API server',
    severity: 'warning',
    cases: [20],
    *check(manifests) {
      // Without any quota among the manifests the cluster is shared in some other way.
      const tenants = byNamespace(manifests.ofType('ResourceQuota'));
      for (const priority of manifests.ofType('scheduling.k8s.io/PriorityClass')) {
        const at = priority.at('value');
        const value = at.number();
        const preempts = priority.at('preemptionPolicy').text('PreemptLowerPriority') === 'PreemptLowerPriority';
        // What every pod has by default is above nobody.
        const usual = priority.at('globalDefault').flag(false) !== false;
        if (value === undefined || value <= 0 || !preempts || usual) continue;
        const name = priority.at('metadata', 'name').text();
        const open = [...tenants].filter(
          ([namespace, quotas]) =>
            !quotas.some((quota) => isAbout(quota, name)) && !usersOf(manifests, name).has(namespace),
        );
        if (open.length === 0) continue;
        const where = open.flatMap(([namespace]) => (namespace === '' ? [] : [namespace]));
        const quotas = open.reduce((sum, [, own]) => sum + own.length, 0);
        yield {
          at,
          message: `value ${value} preempts everything below it, and none of ${quotas} ResourceQuota(s)${where.length === 0 ? '' : ` in ${listed(where)}`} limits its use`,
          fix: `add a ResourceQuota with a scopeSelector for the PriorityClass ${name ?? '(give it a name)'} to every namespace of a tenant, or set preemptionPolicy to Never; in namespaces without a quota only LimitedResources of the API server forbids its use`,
        };
      }
    },
  },
  {
    id: 'BP-QUOTA-003',
    title: 'A scaler wants more pods than its quota admits',
    why: 'Pods above a ResourceQuota are refused when they are made. The scaler asks for them all the same, so the capacity planned for the peak never starts, and only an event of the ReplicaSet tells.',
    source: 'Kubernetes, Resource Quotas: a request that would exceed is rejected with 403',
    severity: 'warning',
    cases: [6, 20],
    *check(manifests) {
      for (const namespace of byNamespace(manifests.ofType('ResourceQuota')).keys()) {
        for (const quota of quotasOf(manifests, namespace))
          for (const limit of limitsIn(quota)) yield* neverStarted(manifests, namespace, quota, limit);
      }
    },
  },
  {
    id: 'BP-QUOTA-004',
    title: 'Finished Jobs use up the quota of Jobs',
    why: 'A quota on the number of objects counts Jobs and pods that have finished as well. When those that are kept reach it, no new one is made, with the cluster empty.',
    source:
      'Kubernetes, Resource Quotas, "Object count quota"; KEDA, ScaledJob specification: 100 of each kept by default',
    severity: 'warning',
    cases: [6, 20],
    *check(manifests) {
      const batch = byNamespace(manifests.ofType(...BATCH));
      for (const namespace of byNamespace(manifests.ofType('ResourceQuota')).keys()) {
        for (const quota of quotasOf(manifests, namespace)) yield* usedUp(batch.get(namespace) ?? [], quota);
      }
    },
  },
];

/** Batch work of a namespace that can never run at once under its quota. */
function* refused(batch: readonly Resource[], quota: Resource): Iterable<Found> {
  for (const limit of limitsIn(quota)) {
    const at = quota.at('spec', 'hard', limit.key);
    const hard = quantity(at);
    if (hard === undefined) continue;
    for (const { jobs, asked } of demands(batch)(limit)) {
      if (asked <= hard) continue;
      yield {
        at,
        message: `${limit.key} ${limit.show(hard)}, while ${jobs.map((job) => job.name).join(' and ')} may request ${limit.show(asked)} at once: pods above it are refused, not queued`,
        // A Job that waits in Kueue is an object all the same.
        fix:
          limit.ofJob === undefined
            ? 'label the Jobs kueue.x-k8s.io/queue-name and let a ClusterQueue hold the nominal quota; keep the ResourceQuota as an upper bound above it'
            : `set ${limit.key} to ${limit.show(asked)} and the finished Jobs that are kept, or let fewer run`,
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
  return (limit: Limit) => {
    let found = known.get(limit);
    if (!found) {
      const use = (job: Resource) => {
        const one = ofRun(limit, job);
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

/** Workloads that run a number of pods all the time. */
const REPLICATED = ['apps/Deployment', 'apps/StatefulSet', 'argoproj.io/Rollout'];

/** Those of each namespace. */
const replicated = oncePer((manifests: Manifests) => byNamespace(manifests.ofType(...REPLICATED)));

/** What all workloads of a namespace take at least, by limit. */
const taken = oncePer((_: readonly Resource[]) => new Map<Limit, number>());

function* neverStarted(manifests: Manifests, namespace: string, quota: Resource, limit: Limit): Iterable<Found> {
  const hard = quantity(quota.at('spec', 'hard', limit.key));
  const workloads = replicated(manifests).get(namespace) ?? [];
  if (hard === undefined || workloads.length === 0) return;
  const known = taken(workloads);
  const least = (workload: Resource) => (fewest(manifests, workload) ?? 0) * (limit.ofPod(workload) ?? 0);
  const all = known.get(limit) ?? workloads.reduce((sum, workload) => sum + least(workload), 0);
  known.set(limit, all);
  for (const workload of workloads) {
    for (const scaler of scalersOf(manifests, workload)) {
      const [one, most] = [limit.ofPod(workload), maxReplicas(scaler)];
      const others = all - least(workload);
      if (!one || most === undefined || others + one * most <= hard) continue;
      const room = Math.max(0, Math.floor((hard - others) / one + 1e-9));
      const at = scaler.at('spec', scaler.type.startsWith('keda.sh/') ? 'maxReplicaCount' : 'maxReplicas');
      yield {
        at,
        message: `${at.absent ? 'by default ' : ''}up to ${most} replicas of ${workload.name} take ${limit.key} ${limit.show(one * most)}${others > 0 ? `, and others at least ${limit.show(others)}` : ''}, while ${quota.name} admits ${limit.show(hard)}: more than ${room} are refused`,
        fix: `set the maximum to ${room}, or ${limit.key} of the quota to ${limit.show(others + one * most)} or more`,
      };
    }
  }
}

/** Pods that a workload has at least; undefined when not decided. */
function fewest(manifests: Manifests, workload: Resource): number | undefined {
  const [scaler] = scalersOf(manifests, workload);
  if (!scaler) return workload.at('spec', 'replicas').number(1);
  return scaler.type === 'keda.sh/ScaledObject'
    ? scaler.at('spec', 'minReplicaCount').number(0)
    : scaler.at('spec', 'minReplicas').number(1);
}

/** Quotas on the number of objects, with the word for what they count. */
const COUNTED: Readonly<Record<string, string>> = { 'count/jobs.batch': 'Jobs', 'count/pods': 'pods' };

function* usedUp(batch: readonly Resource[], quota: Resource): Iterable<Found> {
  for (const [key, what] of Object.entries(COUNTED)) {
    const at = quota.at('spec', 'hard', key);
    const hard = quantity(at);
    // A Job that is made by hand is kept until somebody removes it; nothing says how many there are.
    const jobs = batch.filter(({ type }) => type !== 'batch/Job');
    const kept = jobs.map(keptJobs);
    if (hard === undefined || kept.includes(undefined)) continue;
    const [running, finished] = [batch.reduce((sum, job) => sum + runs(job), 0), sumOf(kept)];
    // What runs alone may be too much: BP-QUOTA-001.
    if (finished === 0 || running > hard || running + finished <= hard) continue;
    const keepers = jobs.filter((_, i) => kept[i]! > 0).map(({ name }) => name);
    yield {
      at,
      message: `${key} ${plain(hard)}, while ${listed(keepers)} keep${keepers.length === 1 ? 's' : ''} up to ${finished} finished Jobs beside ${running} that may run: no more ${what} are made until one is removed`,
      fix: 'set ttlSecondsAfterFinished, or history limits that fit the quota',
    };
  }
}

/** Finished Jobs that a workload keeps; undefined when not decided. */
function keptJobs(workload: Resource): number | undefined {
  const scaled = workload.type === 'keda.sh/ScaledJob';
  const job = scaled ? workload.at('spec', 'jobTargetRef') : workload.at('spec', 'jobTemplate', 'spec');
  if (!job.at('ttlSecondsAfterFinished').absent) return 0;
  const [succeeded, failed] = scaled ? [100, 100] : [3, 1];
  const limits = [
    workload.at('spec', 'successfulJobsHistoryLimit').number(succeeded),
    workload.at('spec', 'failedJobsHistoryLimit').number(failed),
  ];
  return limits.includes(undefined) ? undefined : sumOf(limits);
}

function sumOf(numbers: readonly (number | undefined)[]): number {
  return numbers.reduce((sum: number, one) => sum + (one ?? 0), 0);
}

/** The namespaces whose own pods have a priority class: they are meant to. */
function usersOf(manifests: Manifests, name: string | undefined): ReadonlySet<string> {
  return (name === undefined ? undefined : users(manifests).get(name)) ?? new Set();
}

const users = oncePer((manifests: Manifests) => {
  const named = manifests
    .workloads()
    .map((workload) => [manifests.podSpec(workload).at('priorityClassName').text(), namespaceOf(workload)] as const);
  return new Map([...grouped(named)].map(([name, namespaces]) => [name, new Set(namespaces)]));
});

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
