/**
 * Works something out once for each object, a document or a resource say, and remembers it as long as that lives. What
 * is asked for every resource of a document has to be an index, or a thousand resources cost a million looks.
 */
export function once<K extends object, T>(make: (of: K) => T): (of: K) => T {
  const made = new WeakMap<K, { readonly value: T }>();
  return (of) => {
    let found = made.get(of);
    if (!found) {
      found = { value: make(of) };
      made.set(of, found);
    }
    return found.value;
  };
}

/** What goes together, by key: an index for `once`. */
export function grouped<K, V>(entries: Iterable<readonly [K | undefined, V]>): ReadonlyMap<K, readonly V[]> {
  const groups = new Map<K, V[]>();
  for (const [key, value] of entries) {
    if (key === undefined) continue;
    const same = groups.get(key);
    if (same) same.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}
