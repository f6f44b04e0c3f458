/** What pods of Spark have in common, whatever they run: who they are, what they may do, and how they are closed. */
import { ApiObject } from 'cdk8s';
import type * as kplus from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { Plan } from '../flow/plan';
import type { SparkPodSpec } from './operators/spark-operator';
import { namespaceOf } from './promql';
import { chartLabels, LINUX } from './restricted-pod';

/** The user of Spark's images. */
const SPARK_USER = 185;
/** Room for what a batch sorts, and for RocksDB. */
const TEMPORARY_SIZE = '8Gi';

/** The version that the images of the examples have. */
export const SPARK_VERSION = '3.5.7';

/** HTTPS of storage, and the API server behind either of its ports. */
export const SPARK_OUTSIDE_PORTS = [443, 6443];

/** Driver or executor: cores and memory by the plan, Pod Security `restricted`, on Linux. */
export function sparkPod(
  scope: Construct,
  role: 'driver' | 'executor',
  plan: Plan,
  labels: Readonly<Record<string, string>>,
  mounts: SparkPodSpec['volumeMounts'],
): SparkPodSpec {
  const value = (name: string) => plan.value(name);
  return {
    cores: value(`${role}Cores`),
    memory: `${value(`${role}MemoryMib`)}m`,
    memoryOverhead: `${value(`${role}MemoryOverheadMib`)}m`,
    labels: { ...chartLabels(scope), ...labels },
    nodeSelector: { ...LINUX },
    podSecurityContext: {
      runAsUser: SPARK_USER,
      runAsGroup: SPARK_USER,
      fsGroup: SPARK_USER,
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: SPARK_USER,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [
      ...mounts,
      { name: 'temporary', mountPath: '/tmp' },
      // Spark's images start in it, and unpack into it.
      { name: 'work', mountPath: '/opt/spark/work-dir' },
    ],
  };
}

/** The volumes that every pod of Spark writes to. */
export const SPARK_WRITABLE: readonly object[] = ['temporary', 'work'].map((name) => ({
  name,
  emptyDir: { sizeLimit: TEMPORARY_SIZE },
}));

/** The driver makes executors, their service and their settings, and deletes them. */
export function sparkRole(scope: Construct, name: string): ApiObject {
  const verbs = ['create', 'get', 'list', 'watch', 'update', 'patch', 'delete', 'deletecollection'];
  return new ApiObject(scope, 'Role', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name },
    rules: [{ apiGroups: [''], resources: ['pods', 'services', 'configmaps', 'persistentvolumeclaims'], verbs }],
  });
}

/** Gives it to the driver. */
export function bindSparkRole(scope: Construct, name: string, account: kplus.IServiceAccount): ApiObject {
  return new ApiObject(scope, 'RoleBinding', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name: account.name, namespace: namespaceOf(scope) }],
  });
}

/** Ports of driver and executors are any: each connects to the other. */
export function sparkInnerPolicy(scope: Construct, matchLabels: Record<string, string>): ApiObject {
  const own = [{ podSelector: { matchLabels } }];
  return new ApiObject(scope, 'InnerPolicy', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    spec: {
      podSelector: { matchLabels },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: own }],
      egress: [{ to: own }],
    },
  });
}
