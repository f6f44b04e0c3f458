/** Entries grouped by key; entries without a key are left out. */
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
