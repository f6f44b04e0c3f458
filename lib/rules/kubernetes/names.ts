import type { Rule } from '../rule';
import type { Manifests } from './manifests';

/** Groups whose kinds the API server keeps by name. Files that only look like manifests (kubeconfig, kustomization) are of others. */
const NAMED =
  /^(apps|batch|autoscaling|policy|[a-z.]+\.k8s\.io|keda\.sh|monitoring\.coreos\.com|kafka\.strimzi\.io|rabbitmq\.com|kueue\.x-k8s\.io)\//;

/** Groups of `k8s.io` that are configuration files of a program, and no objects. */
const FILES = /^([a-z.]*\.?config\.k8s\.io|audit\.k8s\.io|authorization\.k8s\.io|authentication\.k8s\.io)\//;

/** Kinds of the core group that stand in manifests. */
const CORE = [
  'ConfigMap',
  'LimitRange',
  'Namespace',
  'PersistentVolumeClaim',
  'Pod',
  'ResourceQuota',
  'Secret',
  'Service',
  'ServiceAccount',
];

/** Rules about manifests as such. */
export const NAME_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-NAME-001',
    title: 'An object without a name is never applied',
    why: 'The API server refuses it. Whatever it was to limit stays without a limit, and when the rest of the file applies nobody may notice.',
    source: 'Kubernetes, Object Names and IDs: metadata.name is required',
    severity: 'error',
    cases: [20],
    *check(manifests) {
      for (const resource of manifests.resources) {
        const { type } = resource;
        if (!(type.includes('/') ? NAMED.test(type) && !FILES.test(type) : CORE.includes(type))) continue;
        const name = resource.at('metadata', 'name');
        if (!name.absent || !resource.at('metadata', 'generateName').absent) continue;
        yield {
          at: name,
          message: `a ${type.slice(type.indexOf('/') + 1)} without metadata.name: it is refused, and nothing of it takes effect`,
          fix: 'give it a metadata.name',
        };
      }
    },
  },
];
