import { ApiObject, type Chart } from 'cdk8s';
import { Namespace } from 'cdk8s-plus-28';
import { clusterScoped } from '../lib/k8s/cluster-scoped';

/** The chart's namespace, in which Pod Security `restricted` is enforced. */
export function restrictedNamespace(chart: Chart): Namespace {
  return podSecurityNamespace(chart, 'restricted');
}

/** The chart's namespace with a weaker level, for pods that cannot be restricted; the caller says why. */
export function podSecurityNamespace(chart: Chart, level: string): Namespace {
  const namespace = new Namespace(chart, 'Namespace', {
    metadata: {
      name: chart.namespace,
      labels: {
        'pod-security.kubernetes.io/enforce': level,
        'pod-security.kubernetes.io/warn': 'restricted',
      },
    },
  });
  clusterScoped(ApiObject.of(namespace));
  return namespace;
}
