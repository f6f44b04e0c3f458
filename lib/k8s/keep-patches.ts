/**
 * Objects of cdk8s-plus-28 that keep what is patched into them. They are turned into JSON after their patches, by the fields
 * that Kubernetes 1.28 had: a newer field, such as `preStop.sleep`, and a port that is a plain number would be dropped in
 * silence, and a rule of a NetworkPolicy without its port opens every port.
 *
 * Source: cdk8s-plus-28, lib/imports/k8s.js, `toJson()` of every class.
 */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';

/** The same construct, whose object keeps every patch that is made from now on. */
export function keepPatches<T extends Construct>(construct: T): T {
  const object = ApiObject.of(construct);
  const known = object.toJson.bind(object);
  const patch = object.addJsonPatch.bind(object);
  // Most objects are never patched, and to turn one into JSON is most of its synthesis.
  object.addJsonPatch = (...ops) => {
    // With its patches, before any field is dropped.
    object.toJson = () => merged(ApiObject.prototype.toJson.call(object), known());
    patch(...ops);
  };
  return construct;
}

/** What is known, and behind it what was dropped. */
function merged(whole: unknown, known: unknown): unknown {
  if (Array.isArray(whole) && Array.isArray(known)) {
    return whole.length === known.length ? whole.map((one, i) => merged(one, known[i])) : known;
  }
  if (!isObject(whole) || !isObject(known)) return known === undefined ? whole : known;
  // Some fields only change their case: `setHostnameAsFqdn` becomes `setHostnameAsFQDN`.
  const fields = new Set(Object.keys(known).map((field) => field.toLowerCase()));
  const dropped = Object.entries(whole).filter(([field]) => !fields.has(field.toLowerCase()));
  return {
    ...Object.fromEntries(Object.entries(known).map(([field, value]) => [field, merged(whole[field], value)])),
    ...Object.fromEntries(dropped),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
