import { ApiObject, type Chart } from 'cdk8s';
import { Namespace } from 'cdk8s-plus-28';
import { clusterScoped } from '../lib/k8s/cluster-scoped';

/** A namespace in which Pod Security `restricted` is enforced. */
export function restrictedNamespace(chart: Chart, name: string): Namespace {
  return podSecurityNamespace(chart, name, 'restricted');
}

/** A namespace with a weaker level, for what cannot be restricted; whoever calls this says why. */
export function podSecurityNamespace(chart: Chart, name: string, level: string): Namespace {
  const namespace = new Namespace(chart, 'Namespace', {
    metadata: {
      name,
      labels: {
        'pod-security.kubernetes.io/enforce': level,
        'pod-security.kubernetes.io/warn': 'restricted',
      },
    },
  });
  clusterScoped(ApiObject.of(namespace));
  return namespace;
}
