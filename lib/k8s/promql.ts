/** Label matchers of PromQL. A value is always quoted here, and nowhere else. */

/** `{name="value",…}` for a metric. */
export function matching(labels: Readonly<Record<string, string>>): string {
  const matchers = Object.entries(labels).map(([name, value]) => `${name}=${quoted(value)}`);
  return `{${matchers.join(',')}}`;
}

/** A string of PromQL. Source: Prometheus documentation, Querying basics, String literals. */
export function quoted(value: string): string {
  return `"${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

/** The pattern, quoted, that matches one of these values and nothing else. */
export function anyOf(values: readonly string[]): string {
  return quoted(values.map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'));
}
