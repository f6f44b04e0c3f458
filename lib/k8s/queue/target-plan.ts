/** What a plan assumes of a workload that is there already. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { QueuePlan } from '../../flow/queue/workload';
import { namespaceOf } from '../promql';
import type { ScaleTarget } from './scale-target';

/** What KEDA is told. */
export function targetReference({ name, kind = 'Deployment', apiVersion = 'apps/v1' }: ScaleTarget) {
  return { apiVersion, kind, name };
}

/** One setting of the workload that the plan goes by. */
export interface Assumption {
  /** As part of the key of an annotation. */
  readonly key: string;
  readonly value: string;
  /** What has to be so. */
  readonly sentence: string;
}

/** What the plan assumes of a workload that is not made here. */
export function assumptionsOf(plan: QueuePlan, { kind = 'Deployment' }: ScaleTarget): Assumption[] {
  const knob = (name: string) => plan.knobs.find((one) => one.name === name)?.value;
  const grace = plan.value('terminationGracePeriodSeconds');
  const slots = plan.value('slotsPerInstance');
  const prefetch = knob('prefetch');
  return [
    {
      key: 'termination-grace-period-seconds',
      value: String(grace),
      sentence: `terminationGracePeriodSeconds is at least ${grace}`,
    },
    { key: 'slots', value: String(slots), sentence: `a pod works on ${slots} items at a time` },
    ...(prefetch === undefined
      ? []
      : [{ key: 'prefetch', value: String(prefetch), sentence: `its consumer prefetches ${prefetch} messages` }]),
    { key: 'replicas', value: 'unset', sentence: 'its manifest has no replicas, and no other autoscaler scales it' },
    ...(kind === 'StatefulSet'
      ? [
          {
            key: 'pod-management-policy',
            value: 'Parallel',
            sentence: 'podManagementPolicy is Parallel: all pods of a step start together',
          },
        ]
      : []),
  ];
}

/** The assumptions as annotations. */
export function assumedAnnotations(assumptions: readonly Assumption[]): Record<string, string> {
  return Object.fromEntries(assumptions.map(({ key, value }) => [`backpressure/assumes-${key}`, value]));
}

/** Where the target is in the same app, its grace period is read at synthesis. */
export function checkTarget(scope: Construct, target: ScaleTarget, plan: QueuePlan): void {
  const wanted = plan.value('terminationGracePeriodSeconds');
  const namespace = namespaceOf(scope);
  const { kind, name } = targetReference(target);
  scope.node.addValidation({
    validate: () =>
      scope.node.root.node
        .findAll()
        .filter((one): one is ApiObject => ApiObject.isApiObject(one))
        .filter((one) => one.kind === kind && one.name === name && one.metadata.namespace === namespace)
        // The default of Kubernetes.
        .map((one) => one.toJson().spec?.template?.spec?.terminationGracePeriodSeconds ?? 30)
        .filter((grace) => grace < wanted)
        .map(
          (grace) =>
            `${scope.node.id}: terminationGracePeriodSeconds of ${kind} ${name} must be at least ${wanted}, the P99.9 of the service time + 5 s to close, got ${grace}`,
        ),
  });
}
