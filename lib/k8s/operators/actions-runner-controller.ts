/** The custom resources of Actions Runner Controller that constructs use, with the fields they use. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';

/** Spec of an `AutoscalingRunnerSet`. */
export interface AutoscalingRunnerSetSpec {
  /** Without a slash at its end. */
  readonly githubConfigUrl: string;
  /** Name of a Secret of the same namespace. */
  readonly githubConfigSecret: string;
  readonly runnerGroup?: string;
  readonly minRunners: number;
  readonly maxRunners: number;
  readonly template: { readonly metadata: object; readonly spec: object };
}

/**
 * `AutoscalingRunnerSet`: the controller keeps idle runners and adds one for each job, up to the most.
 *
 * @param version of the controller: it deletes a set that is of another one
 * @param cleanup annotations that name what the controller may delete with the set
 */
export function autoscalingRunnerSet(
  scope: Construct,
  id: string,
  name: string,
  version: string,
  cleanup: Readonly<Record<string, string>>,
  spec: AutoscalingRunnerSetSpec,
): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: 'actions.github.com/v1alpha1',
    kind: 'AutoscalingRunnerSet',
    metadata: { name, labels: runnerSetLabels(name, version), annotations: { ...cleanup } },
    spec,
  });
}

/** Labels of the objects of a runner set. */
export function runnerSetLabels(name: string, version: string): Record<string, string> {
  return {
    'app.kubernetes.io/part-of': 'gha-rs',
    'app.kubernetes.io/component': 'autoscaling-runner-set',
    'app.kubernetes.io/version': version,
    'actions.github.com/scale-set-name': name,
  };
}

/** What the controller may do in the namespace of a runner set. Source: its Helm chart, manager_role.yaml. */
export const MANAGER_RULES: readonly object[] = [
  { apiGroups: [''], resources: ['pods'], verbs: ['create', 'delete', 'get', 'patch', 'update'] },
  { apiGroups: [''], resources: ['pods/status'], verbs: ['get'] },
  {
    apiGroups: [''],
    resources: ['secrets', 'serviceaccounts'],
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update'],
  },
  {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['rolebindings', 'roles'],
    verbs: ['create', 'delete', 'get', 'patch', 'update'],
  },
];

/** The controller takes it away when it has let go of the set. Source: its Helm chart. */
export const CLEANUP_FINALIZER = 'actions.github.com/cleanup-protection';
