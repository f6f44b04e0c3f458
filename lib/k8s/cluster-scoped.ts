import { type ApiObject, JsonPatch } from 'cdk8s';
import type { Construct } from 'constructs';
import { hashedName } from './names';
import { namespaceOf } from './promql';

/** Removes the namespace of a cluster-scoped object: cdk8s gives every object that of its chart. */
export function clusterScoped<T extends ApiObject>(object: T): T {
  if (object.metadata.namespace !== undefined) object.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
  return object;
}

/**
 * The name of a cluster-scoped object that belongs to a namespaced one: the owner's name and namespace, because two
 * installations have owners of the same name.
 */
export function namedInCluster(owner: Construct & { readonly name: string }): string {
  const namespace = namespaceOf(owner);
  if (namespace === undefined) return owner.name;
  return hashedName(`${namespace}-${owner.name}`, JSON.stringify([namespace, owner.name]));
}
