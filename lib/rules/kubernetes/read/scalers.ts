/** Scalers of a workload: KEDA's ScaledObjects, and autoscalers without KEDA. */

import { grouped } from '../../../flow/grouped';
import type { Resource, Value } from '../../document';
import { oncePer } from '../../once-per';
import { type Manifests, namespaceOf } from './manifests';

/** KEDA's default maximum of pods for a ScaledObject or ScaledJob. */
export const DEFAULT_MAX_REPLICAS = 100;

const AUTOSCALER = 'autoscaling/HorizontalPodAutoscaler';
/** KEDA's scaler of a workload that keeps running. */
export const SCALED_OBJECT = 'keda.sh/ScaledObject';

/** Every trigger of every ScaledObject and ScaledJob. */
export function triggers(manifests: Manifests): { scaler: Resource; trigger: Value }[] {
  return manifests
    .ofType(SCALED_OBJECT, 'keda.sh/ScaledJob')
    .flatMap((scaler) => triggersOf(scaler).map((trigger) => ({ scaler, trigger })));
}

/** The triggers of one scaler. */
export function triggersOf(scaler: Resource): Value[] {
  return scaler.at('spec', 'triggers').items();
}

/** Every ScaledObject, and every autoscaler that KEDA did not make for one. */
export const scalers = oncePer((manifests: Manifests): readonly Resource[] =>
  manifests.ofType(SCALED_OBJECT, AUTOSCALER).filter(
    ({ body }) =>
      !body
        .at('metadata', 'ownerReferences')
        .items()
        .some((owner) => owner.mayBe('ScaledObject') || owner.at('kind').mayBe('ScaledObject')),
  ),
);

/** The place in which a scaler names its target. */
export function targetRef(scaler: Resource): Value {
  return scaler.at('spec', 'scaleTargetRef');
}

/** Namespace, kind and name of a scaler's target; undefined when the manifest does not decide it. */
export function targetName(scaler: Resource): string | undefined {
  const ref = targetRef(scaler);
  const kind = ref.at('kind').text('Deployment');
  const name = targetNameIn(ref);
  return kind === undefined || name === undefined ? undefined : `${namespaceOf(scaler)}/${kind}/${name}`;
}

/** A scaler's target, if it is among the manifests. */
export function targetOf(manifests: Manifests, scaler: Resource): Resource | undefined {
  return targets(manifests).get(scaler);
}

const targets = oncePer(
  (manifests: Manifests) =>
    new Map(
      manifests.ofType(SCALED_OBJECT, AUTOSCALER).map((scaler) => {
        const ref = targetRef(scaler);
        const type = `${groupOf(ref)}${ref.at('kind').text('Deployment')}`;
        return [scaler, manifests.beside(scaler, type, targetNameIn(ref))] as const;
      }),
    ),
);

/** The name in a reference; KEDA 1 had a key of its own for it. */
function targetNameIn(ref: Value): string | undefined {
  return ref.at('deploymentName').text(ref.at('name').text());
}

/** The API group of a target, with its slash: `apps/` unless the reference names another one. */
function groupOf(ref: Value): string {
  const version = ref.at('apiVersion').text('apps/v1') ?? '';
  return version.includes('/') ? version.slice(0, version.lastIndexOf('/') + 1) : '';
}

/** The scalers of a workload. */
export function scalersOf(manifests: Manifests, workload: Resource): readonly Resource[] {
  return scaling(manifests).get(workload) ?? [];
}

const scaling = oncePer((manifests: Manifests) =>
  grouped(scalers(manifests).map((scaler) => [targetOf(manifests, scaler), scaler] as const)),
);

/** Pods that a scaler starts at most. */
export function maxReplicas(scaler: Resource): number | undefined {
  if (scaler.type === AUTOSCALER) return scaler.at('spec', 'maxReplicas').number();
  return scaler.at('spec', 'maxReplicaCount').number(DEFAULT_MAX_REPLICAS);
}
