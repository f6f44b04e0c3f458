/** Label matchers of PromQL. Values are quoted only here. */
import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';

/**
 * `{name="value",…}` for a metric; a label without a value is left out.
 *
 * @param patterns quoted already, by `anyOf` or `startingWith`
 * @param excluded values that a label must not have
 */
export function matching(
  labels: Readonly<Record<string, string | undefined>>,
  patterns: Readonly<Record<string, string>> = {},
  excluded: Readonly<Record<string, string>> = {},
): string {
  const matchers: string[] = [];
  for (const [name, value] of Object.entries(labels)) {
    if (value !== undefined) matchers.push(`${name}=${quoted(value)}`);
  }
  for (const [name, pattern] of Object.entries(patterns)) matchers.push(`${name}=~${pattern}`);
  for (const [name, value] of Object.entries(excluded)) matchers.push(`${name}!=${quoted(value)}`);
  return `{${matchers.join(',')}}`;
}

/**
 * The namespace of a construct's objects. It distinguishes the series of two installations of one chart, in which all
 * other names are the same.
 */
export function namespaceOf(scope: Construct): string | undefined {
  return Chart.of(scope).namespace;
}

/**
 * A metric about an object in a namespace, from an exporter in another one: `of` applied to both series, joined by
 * `or`. The exporter puts the object's namespace into the label `namespace`. Prometheus keeps that where the scrape has
 * `honorLabels`, as in the monitors of KEDA's own chart and in kube-prometheus-stack's of kube-state-metrics; elsewhere
 * it puts the exporter's namespace there and the object's into `exported_namespace`.
 *
 * @param patterns quoted already, as those of `matching`
 *
 * Source: Prometheus documentation, Configuration, `honor_labels`; kedacore/charts, 17-keda-servicemonitor.yaml.
 */
export function aboutObject(
  metric: string,
  labels: Readonly<Record<string, string>>,
  namespace: string | undefined,
  of: (series: string) => string = (series) => series,
  patterns: Readonly<Record<string, string>> = {},
): string {
  const series = (more: Readonly<Record<string, string>>) =>
    of(`${metric}${matching({ ...more, ...labels }, patterns)}`);
  if (namespace === undefined) return series({});
  return `${series({ namespace, exported_namespace: '' })} or ${series({ exported_namespace: namespace })}`;
}

/** Characters of a string that are escaped. */
const SPECIAL = /[\\"\n]/;

/** A string of PromQL. Source: Prometheus documentation, Querying basics, String literals. */
export function quoted(value: string): string {
  if (!SPECIAL.test(value)) return `"${value}"`;
  return `"${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

/** The pattern, quoted, that matches only these values. */
export function anyOf(values: readonly string[]): string {
  return quoted(values.map(literally).join('|'));
}

/** The pattern, quoted, that matches each of these texts followed by the second pattern. */
export function eachStarting(texts: readonly string[], rest: string): string {
  return quoted(`(${texts.map(literally).join('|')})${rest}`);
}

/** The pattern, quoted, that matches this text followed by the second pattern. */
export function startingWith(text: string, rest: string): string {
  return quoted(literally(text) + rest);
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
