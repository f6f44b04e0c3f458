/** How many series there are, and what each lever leaves of them. */
import { DEFAULT_HEADROOM } from '../headroom';
import { ACTIVE_SECONDS } from './platforms';
import { type Uses, usesOf } from './uses';
import { type MetricFamily, MetricKind, type MetricSource, type MetricsQuestion } from './workload';

/**
 * Series that Prometheus adds for each target: `up`, `scrape_duration_seconds`, `scrape_samples_scraped`,
 * `scrape_samples_post_metric_relabeling`, `scrape_series_added`.
 *
 * Source: Prometheus, Jobs and instances.
 */
export const OWN_SERIES = 5;
/** Series of a histogram beside its buckets: the one of `+Inf`, sum and count. */
const BESIDE_BUCKETS = 3;
export const DEFAULT_KEPT_BUCKETS = 4;
const HOUR_SECONDS = 3600;

/** What is done about the series. */
export interface Levers {
  /** Sources whose classic histograms become native. */
  readonly native: ReadonlySet<string>;
  /** Names of families that are dropped. */
  readonly dropped: ReadonlySet<string>;
  /** Bounds that stay, of histograms that lose some, by name. */
  readonly thinned: ReadonlyMap<string, readonly number[]>;
}

/** A question with what its expressions need. */
export interface Known {
  readonly question: MetricsQuestion;
  readonly uses: Uses;
}

/** Reads the expressions of a question once. */
export function knownOf(question: MetricsQuestion): Known {
  return { question, uses: usesOf(question.uses ?? [], question.workload.sources) };
}

/** Nothing done. */
export const AS_EXPOSED: Levers = { native: new Set(), dropped: new Set(), thinned: new Map() };

/** Series of a family on one target. */
export function familySeries(family: MetricFamily, source: string, { native, dropped, thinned }: Levers): number {
  const { name, kind, labelSets = 1, buckets = [] } = family;
  if (dropped.has(name)) return 0;
  if (kind !== MetricKind.HISTOGRAM) return labelSets;
  if (native.has(source)) return labelSets;
  return labelSets * (keptOf(buckets, thinned.get(name)).length + BESIDE_BUCKETS);
}

/** Samples that one target has in each scrape, those of Prometheus itself left out. */
export function samplesOfTarget({ name, families, otherSeries = 0 }: MetricSource, levers: Levers): number {
  return families.reduce((sum, family) => sum + familySeries(family, name, levers), otherSeries);
}

/** Targets that count: those that are there, and those that were within the last two hours. */
export function activeTargets({ targets, churnPerHour = 0 }: MetricSource): number {
  return targets * (1 + (churnPerHour * ACTIVE_SECONDS) / HOUR_SECONDS);
}

/** Active series of a source. */
export function sourceSeries(source: MetricSource, levers: Levers): number {
  return activeTargets(source) * (samplesOfTarget(source, levers) + OWN_SERIES);
}

/** The limit of a source in a managed workspace: every source may grow by the same factor before any is discarded. */
export function seriesLimit({ objective }: MetricsQuestion, series: number, planned: number): number {
  return Math.max(1, Math.floor((objective.activeSeries * series) / planned));
}

/** Series of the recording rules. */
export function recordedSeries({ recordings = [], workload }: MetricsQuestion, levers: Levers): number {
  return recordings.reduce((sum, { metric, labelSets = 1 }) => {
    const found = histogramsOf(workload.sources, metric);
    // All of them have one form (need-checks.ts).
    if (found.length === 0 || levers.native.has(found[0].source.name)) return sum + labelSets;
    const bounds = new Set(found.flatMap(({ family }) => keptOf(family.buckets ?? [], levers.thinned.get(metric))));
    return sum + labelSets * (bounds.size + 1);
  }, 0);
}

/** The bounds of one family that stay. */
function keptOf(buckets: readonly number[], stay: readonly number[] | undefined): readonly number[] {
  return stay === undefined ? buckets : buckets.filter((bound) => stay.includes(bound));
}

/** The histograms of that name, each with its source. */
export function histogramsOf(sources: readonly MetricSource[], name: string) {
  return sources.flatMap((source) =>
    source.families
      .filter((family) => family.name === name && family.kind === MetricKind.HISTOGRAM)
      .map((family) => ({ source, family })),
  );
}

/** All active series. */
export function totalSeries(question: MetricsQuestion, levers: Levers): number {
  const { sources } = question.workload;
  return (
    sources.reduce((sum, source) => sum + sourceSeries(source, levers), 0) +
    (levers === AS_EXPOSED ? 0 : recordedSeries(question, levers))
  );
}

/** Whether so many series fit, with head-room. */
export function fits({ objective }: MetricsQuestion, series: number): boolean {
  return series * (objective.headroom ?? DEFAULT_HEADROOM) <= objective.activeSeries;
}

/** Whether queries are given: without any, nothing is taken away that was not named, because everything may be needed. */
export function isTold({ uses = [] }: MetricsQuestion): boolean {
  return uses.length > 0;
}
