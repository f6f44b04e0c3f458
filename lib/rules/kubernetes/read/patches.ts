/**
 * Patches of manifests: strategic merges, and the operations of JSON Patch.
 */
import { isMapping } from '../../resolved';

/** Lists whose items are merged by a key, as Kubernetes' own types say. Others are replaced. */
const KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  env: 'name',
  volumes: 'name',
  imagePullSecrets: 'name',
  volumeMounts: 'mountPath',
  ports: 'containerPort',
};

/** A value with a strategic merge patch applied; what the patch sets to null is removed. */
export function merged(value: unknown, patch: unknown): unknown {
  if (!isMapping(patch)) return patch;
  if (patch.$patch === 'delete') return undefined;
  const before = isMapping(value) && patch.$patch !== 'replace' ? value : {};
  const result: Record<string, unknown> = { ...before };
  for (const [key, change] of Object.entries(patch)) {
    if (key === '$patch') continue;
    const own = Object.hasOwn(result, key) ? result[key] : undefined;
    const by = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    const next = Array.isArray(own) && Array.isArray(change) && by ? mergedList(own, change, by) : merged(own, change);
    if (next === null || next === undefined) delete result[key];
    else result[key] = next;
  }
  return result;
}

function mergedList(items: readonly unknown[], changes: readonly unknown[], by: string): unknown[] {
  const result = [...items];
  for (const change of changes) {
    const key = isMapping(change) ? change[by] : undefined;
    const place = key === undefined ? -1 : result.findIndex((item) => isMapping(item) && item[by] === key);
    const next = merged(place < 0 ? undefined : result[place], change);
    if (place < 0) result.push(next);
    else result[place] = next;
  }
  return result.filter((item) => item !== undefined);
}

/** A value with the operations of a JSON Patch applied; one that does not fit is left out. */
export function patched(value: unknown, operations: readonly unknown[]): unknown {
  let result = value;
  for (const operation of operations) {
    if (!isMapping(operation) || typeof operation.path !== 'string') continue;
    const way = operation.path
      .split('/')
      .slice(1)
      .map((key) => key.replace(/~1/g, '/').replace(/~0/g, '~'));
    if (operation.op === 'add' || operation.op === 'replace' || operation.op === 'remove')
      result = changedAt(result, way, operation.op, operation.value);
  }
  return result;
}

function changedAt(value: unknown, [key, ...rest]: readonly string[], op: string, change: unknown): unknown {
  if (key === undefined) return op === 'remove' ? undefined : change;
  if (Array.isArray(value)) {
    const place = key === '-' ? value.length : Number(key);
    if (!Number.isInteger(place) || place < 0 || place > value.length) return value;
    if (rest.length > 0) return value.map((item, i) => (i === place ? changedAt(item, rest, op, change) : item));
    const removed = op === 'add' ? 0 : 1;
    return [...value.slice(0, place), ...(op === 'remove' ? [] : [change]), ...value.slice(place + removed)];
  }
  if (!isMapping(value)) return value;
  const result = { ...value };
  const next = rest.length > 0 ? changedAt(Object.hasOwn(value, key) ? value[key] : {}, rest, op, change) : change;
  if (op === 'remove' && rest.length === 0) delete result[key];
  else result[key] = next;
  return result;
}
