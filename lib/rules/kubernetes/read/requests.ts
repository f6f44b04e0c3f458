/** Requests of the containers of a workload, and defaults of a namespace. */
import type { Resource, Value } from '../../document';
import { oncePer } from '../../once-per';
import { byNamespace, type Manifests, namespaceOf } from './manifests';
import { quantity } from './quantities';

/** A resource that pods request. */
export type Asked = 'cpu' | 'memory';

/** Request of one pod of a workload: the sum of its containers; undefined when one of them has none. */
export function podRequest(manifests: Manifests, workload: Resource, resource: Asked): number | undefined {
  const amounts = manifests.containers(workload).map((container) => {
    const own = container.at('resources', 'requests', resource);
    // A container with a limit and no request requests its limit.
    return quantity(own.absent ? container.at('resources', 'limits', resource) : own);
  });
  if (amounts.length === 0 || amounts.includes(undefined)) return undefined;
  return amounts.reduce((sum: number, amount) => sum + amount!, 0);
}

/** Limit of one pod of a workload: the sum of its containers; undefined when one of them has none. */
export function podLimit(manifests: Manifests, workload: Resource, resource: Asked): number | undefined {
  const amounts = manifests
    .containers(workload)
    .map((container) => quantity(container.at('resources', 'limits', resource)));
  if (amounts.length === 0 || amounts.includes(undefined)) return undefined;
  return amounts.reduce((sum: number, amount) => sum + amount!, 0);
}

/** Devices of one pod, such as `nvidia.com/gpu`: a container without them has none. Undefined when not decided. */
export function podDevices(manifests: Manifests, workload: Resource, device: string): number | undefined {
  const amounts = manifests.containers(workload).map((container) => {
    const own = container.at('resources', 'requests', device);
    const place = own.absent ? container.at('resources', 'limits', device) : own;
    return place.absent ? 0 : quantity(place);
  });
  if (amounts.length === 0 || amounts.includes(undefined)) return undefined;
  return amounts.reduce((sum: number, amount) => sum + amount!, 0);
}

/** Whether it is certain that a container has no request for this, from any source. */
export function hasNoRequest(manifests: Manifests, workload: Resource, container: Value, resource: Asked): boolean {
  return (
    ['requests', 'limits'].every(
      (kind) =>
        container.at('resources', kind, resource).absent &&
        manifests.podSpec(workload).at('resources', kind, resource).absent,
    ) && !isDefaulted(manifests, workload, ['default', 'defaultRequest', 'max'], resource)
  );
}

/** Whether it is certain that a container has no limit for this, from any source. */
export function hasNoLimit(manifests: Manifests, workload: Resource, container: Value, resource: Asked): boolean {
  return (
    container.at('resources', 'limits', resource).absent &&
    manifests.podSpec(workload).at('resources', 'limits', resource).absent &&
    !isDefaulted(manifests, workload, ['default', 'max'], resource)
  );
}

/** Whether a LimitRange of the namespace fills in what a container leaves out. */
function isDefaulted(manifests: Manifests, workload: Resource, keys: readonly string[], resource: Asked): boolean {
  const known = defaulted(manifests);
  const name = [namespaceOf(workload), resource, ...keys].join('\n');
  let found = known.get(name);
  if (found === undefined) {
    found = (limitRanges(manifests).get(namespaceOf(workload)) ?? []).some((range) =>
      range
        .at('spec', 'limits')
        .items()
        .some((limit) => keys.some((key) => !limit.at(key, resource).absent)),
    );
    known.set(name, found);
  }
  return found;
}

/** Defaults of the LimitRanges, by namespace, resource and keys. */
const defaulted = oncePer((_: Manifests) => new Map<string, boolean>());

const limitRanges = oncePer((manifests: Manifests) => byNamespace(manifests.ofType('LimitRange')));
