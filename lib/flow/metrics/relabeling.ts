/** The levers as steps of relabelling and as recording rules. */
import type { Levers } from './sizing';
import { histogramsOf } from './sizing';
import { seriesNames } from './uses';
import {
  MetricKind,
  type MetricSource,
  type MetricsQuestion,
  type RecordedSeries,
  type SampleRelabeling,
  type ScrapePlan,
} from './workload';

/** How a source is scraped. */
export function scrapeOf(source: MetricSource, levers: Levers): ScrapePlan {
  const { name, families } = source;
  const nativeHistograms = levers.native.has(name);
  const dropped = families.filter((family) => levers.dropped.has(family.name));
  const thinned = nativeHistograms ? [] : families.filter((family) => levers.thinned.has(family.name));
  const relabelings: SampleRelabeling[] = [];
  if (dropped.length > 0) {
    const regex = dropped.flatMap(seriesNames).sort().join('|');
    relabelings.push({ sourceLabels: ['__name__'], regex, action: 'drop' });
  }
  for (const { name: histogram, buckets = [] } of thinned) {
    const stay = levers.thinned.get(histogram)!;
    const gone = buckets.filter((bound) => !stay.includes(bound)).flatMap(boundTexts);
    if (gone.length === 0) continue;
    relabelings.push({
      sourceLabels: ['__name__', 'le'],
      regex: `${histogram}_bucket;(?:${gone.map(literally).join('|')})`,
      action: 'drop',
    });
  }
  const named = (list: readonly { name: string }[]) => list.map((one) => one.name).sort();
  return {
    source: name,
    nativeHistograms,
    convertsHistograms: nativeHistograms && !source.exposesNative,
    relabelings,
    dropped: named(dropped),
    thinned: named(thinned),
  };
}

/** How clients and servers write a bound: `5`, `5.0` (Java, Python, Prometheus 3), `1e+06`, `1e-05` (Go). */
export function boundTexts(bound: number): string[] {
  const plain = String(bound);
  const [mantissa, exponent] = bound.toExponential().split('e');
  const goExponent = `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
  const javaExponent = `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
  const isLong = Math.abs(Number(exponent)) >= 5 || Number(exponent) <= -4;
  const whole = Number.isInteger(bound) && !plain.includes('e') ? [`${plain}.0`] : [];
  return [...new Set([plain, ...whole, ...(isLong ? [goExponent, javaExponent] : [])])];
}

function literally(text: string): string {
  return text.replace(/[.+]/g, '\\$&');
}

/** The recording rules. */
export function recordedOf(
  { recordings = [], workload }: MetricsQuestion,
  levers: Levers,
  windowSeconds: number,
): RecordedSeries[] {
  return recordings.map(({ metric, by }) => {
    const kind = kindOf(workload.sources, metric);
    // All that are summed have one form (need-checks.ts).
    const [found] = histogramsOf(workload.sources, metric);
    const isClassic = found !== undefined && !levers.native.has(found.source.name);
    const series = isClassic ? `${metric}_bucket` : metric;
    const labels = [...by, ...(isClassic && !by.includes('le') ? ['le'] : [])];
    const level = labels.join('_');
    const window = windowText(windowSeconds);
    // Without _total, which a rate no longer is (Prometheus, Recording rules).
    const operand = kind === MetricKind.GAUGE ? series : series.replace(/_total$/, '');
    const summed = { series, by: labels, ...(kind !== MetricKind.GAUGE && { window }) };
    return {
      ...summed,
      record: `${level}:${operand}:${kind === MetricKind.GAUGE ? 'sum' : `rate${window}`}`,
      expression: recordedExpression(summed),
    };
  });
}

/**
 * What is recorded, of the series that any of the selectors has.
 *
 * @param selectors label matchers in braces; default: none
 */
export function recordedExpression(
  { series, by, window }: Pick<RecordedSeries, 'series' | 'by' | 'window'>,
  selectors: readonly string[] = [''],
): string {
  const one = (selector: string) =>
    window === undefined ? `${series}${selector}` : `rate(${series}${selector}[${window}])`;
  // Within the sum: of two sums with the same labels `or` keeps the first.
  const operand = selectors.map(one).join(' or ');
  return `sum by (${by.join(', ')}) (${operand})`;
}

function kindOf(sources: readonly MetricSource[], name: string): MetricKind | undefined {
  return sources.flatMap(({ families }) => families).find((family) => family.name === name)?.kind;
}

/** Seconds in Prometheus' notation, in minutes if they are whole. */
function windowText(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
