/**
 * Computes a value once for each object, such as a document or a resource, and keeps it as long as the object lives. A
 * lookup for every resource of a document has to be an index, or a thousand resources cost a million steps.
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
