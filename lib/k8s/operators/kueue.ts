/** The custom resources of Kueue that constructs use, with the fields they use. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { clusterScoped } from '../cluster-scoped';

/** Stored from Kueue 0.16 on (its CHANGELOG); `v1beta1` is deprecated. */
const API_VERSION = 'kueue.x-k8s.io/v1beta2';

/** One resource of a queue. Quantities as Kubernetes writes them. */
export interface ResourceShare {
  readonly name: 'cpu' | 'memory' | 'pods';
  readonly nominalQuota: string;
  /** Only in a cohort. */
  readonly borrowingLimit?: string;
}

/** Quotas of one flavor. */
export interface ResourceGroup {
  readonly coveredResources: readonly string[];
  readonly flavors: readonly { readonly name: string; readonly resources: readonly ResourceShare[] }[];
}

/** Spec of a `ClusterQueue`. */
export interface ClusterQueueSpec {
  /** Without one it neither lends nor borrows. */
  readonly cohortName?: string;
  readonly namespaceSelector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly queueingStrategy: 'BestEffortFIFO';
  readonly resourceGroups: readonly ResourceGroup[];
  /** Only in a cohort. */
  readonly fairSharing?: { readonly weight: string };
  readonly preemption: {
    readonly reclaimWithinCohort: 'Never' | 'Any';
    readonly withinClusterQueue: 'Never' | 'LowerPriority';
  };
}

/** `ResourceFlavor`: the nodes that quotas apply to. */
export function resourceFlavor(
  scope: Construct,
  id: string,
  name: string,
  nodeLabels: Readonly<Record<string, string>>,
): ApiObject {
  return named(scope, id, 'ResourceFlavor', name, { nodeLabels });
}

/** `Cohort`: queues that lend to each other, and the capacity that belongs to none of them. */
export function cohort(
  scope: Construct,
  id: string,
  name: string,
  resourceGroups: readonly ResourceGroup[],
): ApiObject {
  return named(scope, id, 'Cohort', name, { resourceGroups });
}

/** `ClusterQueue`: the bound on jobs admitted at the same time. */
export function clusterQueue(scope: Construct, id: string, name: string, spec: ClusterQueueSpec): ApiObject {
  return named(scope, id, 'ClusterQueue', name, spec);
}

/** `LocalQueue`: where the jobs of a namespace queue. */
export function localQueue(
  scope: Construct,
  id: string,
  name: string,
  namespace: string,
  clusterQueueName: string,
): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'LocalQueue',
    metadata: { name, namespace },
    spec: { clusterQueue: clusterQueueName },
  });
}

function named(scope: Construct, id: string, kind: string, name: string, spec: unknown): ApiObject {
  return clusterScoped(new ApiObject(scope, id, { apiVersion: API_VERSION, kind, metadata: { name }, spec }));
}
