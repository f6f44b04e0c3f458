import type { Resource } from '../document';
import type { Rule } from '../rule';
import type { Manifests } from './read/manifests';

/**
 * Groups in which the API server keeps every kind by name. Excluded are files that only look like manifests
 * (kubeconfig, kustomization, a program's configuration) and the kinds that are only asked about (reviews).
 */
const GROUPS = [
  'apps',
  'autoscaling',
  'batch',
  'kafka.strimzi.io',
  'keda.sh',
  'kueue.x-k8s.io',
  'monitoring.coreos.com',
  'networking.k8s.io',
  'policy',
  'rabbitmq.com',
  'rbac.authorization.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
];

/**
 * Kinds of the core group that occur in manifests. A Pod without a name is a template for a program that makes Pods of
 * it: agents of Jenkins, Airflow, Spark.
 */
const CORE = [
  'ConfigMap',
  'LimitRange',
  'Namespace',
  'PersistentVolumeClaim',
  'ResourceQuota',
  'Secret',
  'Service',
  'ServiceAccount',
];

/** Workloads that the API server refuses without a selector. */
const SELECTING = ['apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet', 'apps/ReplicaSet'];

/** Whether a manifest is only a part of one: a patch, whose target is named elsewhere. */
function isPart(resource: Resource): boolean {
  return SELECTING.includes(resource.type) && resource.at('spec', 'selector').absent;
}

/** Rules about manifests as such. */
export const NAME_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-NAME-001',
    title: 'An object without a name is never applied',
    why: 'The API server refuses it. Its limits do not take effect, and if the rest of the file is applied this is easy to miss.',
    source: 'Kubernetes, Object Names and IDs: metadata.name is required',
    severity: 'error',
    cases: [20],
    *check(manifests) {
      for (const resource of manifests.resources) {
        const [group, kind] = resource.type.split('/');
        if (kind === undefined ? !CORE.includes(group) : !GROUPS.includes(group)) continue;
        const name = resource.at('metadata', 'name');
        if (isPart(resource)) continue;
        if (!name.absent || !resource.at('metadata', 'generateName').absent) continue;
        yield {
          at: name,
          message: `this ${kind ?? group} has no metadata.name: it is refused and has no effect`,
          fix: 'give it a metadata.name',
        };
      }
    },
  },
];
