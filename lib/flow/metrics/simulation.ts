/**
 * What Prometheus stores of what targets expose: every series of a target by name and `le`, relabelled by the patterns of the
 * plan as Prometheus applies them, for every target that was there within two hours. It shares no arithmetic with the plan.
 *
 * Source: Prometheus, Configuration, relabel_config; Jobs and instances.
 */
import { Random } from '../numerics/random';
import { ACTIVE_SECONDS } from './platforms';
import { MetricKind, type MetricSource, type SampleRelabeling, type ScrapePlan } from './workload';

/** A series of one target. */
export interface ExposedSeries {
  readonly name: string;
  /** Which of the label combinations. */
  readonly set: number;
  /** Upper bound of a bucket, as text. */
  readonly le?: string;
}

/** Every series of one target in the text format: those of its program. */
export function* exposedSeries({ families, otherSeries = 0 }: MetricSource): Generator<ExposedSeries> {
  for (const { name, kind, labelSets = 1, buckets = [] } of families) {
    for (let set = 0; set < labelSets; set += 1) {
      if (kind !== MetricKind.HISTOGRAM) yield { name, set };
      else {
        for (const bound of buckets) yield { name: `${name}_bucket`, set, le: String(bound) };
        yield { name: `${name}_bucket`, set, le: '+Inf' };
        yield { name: `${name}_sum`, set };
        yield { name: `${name}_count`, set };
      }
    }
  }
  for (let set = 0; set < otherSeries; set += 1) yield { name: 'another_metric', set };
}

/** The series of one target that are stored. */
export function storedSeries(source: MetricSource, scrape: ScrapePlan): number {
  const histograms = source.families.filter(({ kind }) => kind === MetricKind.HISTOGRAM).map(({ name }) => name);
  const steps = scrape.relabelings.map(({ sourceLabels, regex, action }) => ({
    sourceLabels,
    action,
    pattern: new RegExp(`^(?:${regex})$`),
  }));
  const stored = new Set<string>();
  for (const one of exposedSeries(source)) {
    // Conversion comes first: relabelling sees the histogram under its own name.
    const converted = scrape.nativeHistograms ? asNative(one, histograms) : one;
    if (steps.some((step) => isDropped(step, converted))) continue;
    stored.add(`${converted.name} ${converted.set} ${converted.le ?? ''}`);
  }
  return stored.size;
}

function asNative(series: ExposedSeries, histograms: readonly string[]): ExposedSeries {
  const name = series.name.replace(/_(bucket|sum|count)$/, '');
  return histograms.includes(name) ? { name, set: series.set } : series;
}

function isDropped(
  { sourceLabels, pattern, action }: Pick<SampleRelabeling, 'sourceLabels' | 'action'> & { readonly pattern: RegExp },
  { name, le = '' }: ExposedSeries,
): boolean {
  const values: Readonly<Record<string, string>> = { __name__: name, le };
  const matches = pattern.test(sourceLabels.map((label) => values[label] ?? '').join(';'));
  return action === 'drop' ? matches : !matches;
}

/** Targets of a source that were there within the last two hours: each is replaced at a random moment, after another. */
export function targetsSeen({ targets, churnPerHour = 0 }: MetricSource, seed: number): number {
  if (churnPerHour === 0) return targets;
  const random = new Random(seed);
  const perSecond = (targets * churnPerHour) / 3600;
  let replaced = 0;
  for (let now = random.exponential() / perSecond; now < ACTIVE_SECONDS; now += random.exponential() / perSecond) {
    replaced += 1;
  }
  return targets + replaced;
}

/** Series that Prometheus adds for a target: its own five. */
const OWN = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
];

/** Active series of all sources. */
export function activeSeries(sources: readonly MetricSource[], scrapes: readonly ScrapePlan[], seed: number): number {
  return sources.reduce(
    (sum, source, index) =>
      sum + targetsSeen(source, seed + index) * (storedSeries(source, scrapes[index]) + OWN.length),
    0,
  );
}

/** How a source is scraped when nothing is done. */
export function untouched({ name }: MetricSource): ScrapePlan {
  return {
    source: name,
    nativeHistograms: false,
    convertsHistograms: false,
    relabelings: [],
    dropped: [],
    thinned: [],
  };
}
