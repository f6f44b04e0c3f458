/** What a plan assumes of a workload that is there already. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { QueuePlan } from '../../flow/queue/workload';
import { namespaceOf } from '../promql';
import { type ProbedContainer, startupSecondsOf } from '../startup-seconds';
import type { ScaleTarget } from './scale-target';

/** Kubernetes, Pod lifecycle: `terminationGracePeriodSeconds` when it is left out. */
const KUBERNETES_GRACE_SECONDS = 30;

/** Those fields of a pod that are read here. */
interface WrittenPod {
  readonly terminationGracePeriodSeconds?: number;
  readonly containers?: readonly ProbedContainer[];
}

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

/** Where the target is in the same app, its grace period and the probes of its containers are read at synthesis. */
export function checkTarget(scope: Construct, target: ScaleTarget, plan: QueuePlan, startSeconds: number): void {
  const wanted = plan.value('terminationGracePeriodSeconds');
  const namespace = namespaceOf(scope);
  const { kind, name } = targetReference(target);
  scope.node.addValidation({
    validate: () =>
      scope.node.root.node
        .findAll()
        .filter((one): one is ApiObject => ApiObject.isApiObject(one))
        .filter((one) => one.kind === kind && one.name === name && one.metadata.namespace === namespace)
        .flatMap((one) => {
          const pod: WrittenPod = one.toJson().spec?.template?.spec ?? {};
          const { terminationGracePeriodSeconds: grace = KUBERNETES_GRACE_SECONDS, containers = [] } = pod;
          const early = Math.min(...containers.map((container) => startupSecondsOf(container) ?? startSeconds));
          return [
            ...(grace < wanted
              ? [
                  `${scope.node.id}: terminationGracePeriodSeconds of ${kind} ${name} must be at least ${wanted}, the P99.9 of the service time + 5 s to close, got ${grace}`,
                ]
              : []),
            ...(early < startSeconds
              ? [
                  `${scope.node.id}: the probes of ${kind} ${name} must let a container start for ${startSeconds} s, consumer.startSeconds, before they restart it, got ${early} s; give its startup probe a higher failureThreshold, or the consumer a shorter start`,
                ]
              : []),
          ];
        }),
  });
}
