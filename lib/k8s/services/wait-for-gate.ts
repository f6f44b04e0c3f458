/** The start and the end of a program behind its gate, as its Deployment has them. */
import { ApiObject, JsonPatch } from 'cdk8s';
import type * as kplus from 'cdk8s-plus-28';
import type { ServicePlan } from '../../flow/services/workload';
import { keepPatches } from '../keep-patches';
import type { ProbedContainer } from '../startup-seconds';

/** Where the hooks of the program are: it is the first container. */
const LIFECYCLE = '/spec/template/spec/containers/0/lifecycle';

/** Those fields of a container that are read here. */
interface WrittenContainer extends ProbedContainer {
  readonly lifecycle?: Readonly<Record<string, unknown>>;
}

/** What the program of a Deployment does after its start and before its end, with what was patched. */
export function hooksOf(deployment: kplus.Deployment): Readonly<Record<string, unknown>> {
  return programOf(deployment).lifecycle ?? {};
}

/** The container of the program as it is written, with what was patched. */
export function programOf(deployment: kplus.Deployment): WrittenContainer {
  if (deployment.containers.length === 0) return {};
  return ApiObject.of(deployment).toJson().spec.template.spec.containers[0];
}

/**
 * The program sleeps before it is told to end, until its gate has answered all that it accepted. It does not tell the gate: the
 * kubelet runs this hook after a failed liveness probe as well, and then the program comes back behind the same gate.
 *
 * By a patch: cdk8s-plus-28 does not know the hook. The other hooks stay.
 *
 * @param hooks of a Deployment that is there already
 */
export function waitForGate(
  deployment: kplus.Deployment,
  plan: ServicePlan,
  hooks: Readonly<Record<string, unknown>>,
): void {
  const preStop = { sleep: { seconds: plan.value('preStopSeconds') } };
  ApiObject.of(keepPatches(deployment)).addJsonPatch(JsonPatch.add(LIFECYCLE, { ...hooks, preStop }));
}
