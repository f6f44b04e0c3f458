/**
 * The entry of a table under a name that a document chose. Objects inherit `constructor`, `toString` and `__proto__`, so
 * that `table[name]` is a function for a resource whose type is written like that.
 */
export function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
