/**
 * Works something out once for each object, a document or a resource say, and remembers it as long as that lives. What
 * is asked for every resource of a document has to be an index, or a thousand resources cost a million lookups.
 */
export function oncePer<K extends object, T>(make: (of: K) => T): (of: K) => T {
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
