/** How many series there are, and what each lever leaves of them. */
import { DEFAULT_HEADROOM } from '../headroom';
import { ACTIVE_SECONDS, type MetricsPlatformName, NATIVE_SINCE, PLATFORMS } from './platforms';
import { type FamilyUse, type Uses, usesOf } from './uses';
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
  return { question, uses: usesOf(question.uses ?? []) };
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

/** Series of the recording rules. */
export function recordedSeries({ recordings = [], workload }: MetricsQuestion, levers: Levers): number {
  return recordings.reduce((sum, { metric, labelSets = 1 }) => {
    const found = histogramOf(workload.sources, metric);
    if (found === undefined || isNative(found.source, levers)) return sum + labelSets;
    return sum + labelSets * (keptOf(found.family.buckets ?? [], levers.thinned.get(metric)).length + 1);
  }, 0);
}

/** The bounds of one family that stay. */
function keptOf(buckets: readonly number[], stay: readonly number[] | undefined): readonly number[] {
  return stay === undefined ? buckets : buckets.filter((bound) => stay.includes(bound));
}

function isNative({ name }: MetricSource, { native }: Levers): boolean {
  return native.has(name);
}

/** The histogram of that name, with the first source that has it. */
export function histogramOf(sources: readonly MetricSource[], name: string) {
  for (const source of sources) {
    for (const family of source.families) {
      if (family.name === name && family.kind === MetricKind.HISTOGRAM) return { source, family };
    }
  }
  return undefined;
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

/** How a source may have native histograms. */
export type NativeChoice = 'needed' | 'possible' | 'refused';

/** Whether queries are given: without any, nothing is taken away that was not named, because everything may be needed. */
export function isTold({ uses = [] }: MetricsQuestion): boolean {
  return uses.length > 0;
}

/** Why the histograms of a source cannot be native ones, in words; undefined when they can. */
export function nativeObstacle(
  { nativeHistograms, prometheusVersion = NATIVE_SINCE, platform }: MetricsQuestion,
  { name, exposesNative = false }: MetricSource,
): string | undefined {
  if (nativeHistograms === false) return 'nativeHistograms is false';
  if (prometheusVersion < NATIVE_SINCE) return `Prometheus ${prometheusVersion} cannot convert it`;
  const { takesConverted, called } = PLATFORMS[platform as MetricsPlatformName];
  if (takesConverted || exposesNative) return undefined;
  return `${called} takes no converted ones, and the programs of ${name} expose none (exposesNative)`;
}

/** Whether the histograms of a source become native: queries may need it, or be in the way. */
export function nativeChoice({ question, uses }: Known, source: MetricSource): NativeChoice {
  const histograms = source.families.filter(({ kind }) => kind === MetricKind.HISTOGRAM);
  if (histograms.length === 0 || nativeObstacle(question, source) !== undefined) return 'refused';
  const needed = histograms.map((family) => uses.family(family));
  if (needed.some(({ classicBy }) => classicBy.length > 0)) return 'refused';
  if (question.nativeHistograms === true || needed.some(({ nativeBy }) => nativeBy.length > 0)) return 'needed';
  return isTold(question) ? 'possible' : 'refused';
}

/** The levers of a plan: what loses nothing first, then what nobody queries, then precision. Each only as far as needed. */
export function chooseLevers(known: Known): Levers {
  const { question } = known;
  const { sources } = question.workload;
  const choices = sources.map((source) => ({ source, choice: nativeChoice(known, source) }));
  const named = (wanted: NativeChoice) => choices.filter(({ choice }) => choice === wanted).map(({ source }) => source);
  let levers: Levers = {
    native: new Set(named('needed').map(({ name }) => name)),
    dropped: new Set(question.dropped ?? []),
    thinned: new Map(),
  };
  const enough = () => fits(question, totalSeries(question, levers));
  const saved = (next: Levers) => totalSeries(question, levers) - totalSeries(question, next);
  const pull = (steps: readonly ((from: Levers) => Levers)[]) => {
    const bySaving = steps
      .map((step) => ({ step, saving: saved(step(levers)) }))
      .filter(({ saving }) => saving > 0)
      .sort((one, other) => other.saving - one.saving);
    for (const { step } of bySaving) {
      if (enough()) return;
      levers = step(levers);
    }
  };
  pull(
    named('possible').map(({ name }) => (from) => ({ ...from, native: new Set([...from.native, name]) })),
  );
  const unused = namesOf(question, (family) => mayGo(known, family));
  pull(unused.map((name) => (from) => ({ ...from, dropped: new Set([...from.dropped, name]) })));
  if (!isTold(question)) return levers;
  const histograms = sources
    .filter(({ name }) => !levers.native.has(name))
    .flatMap(({ families }) => families)
    .filter(({ name, kind }) => kind === MetricKind.HISTOGRAM && !levers.dropped.has(name));
  pull(
    [...new Set(histograms.map(({ name }) => name))].map((name) => {
      // Dropping is by name: what any source needs of it stays in all.
      const stay = histograms
        .filter((family) => family.name === name)
        .flatMap((family) =>
          keptBounds(family, known.uses.family(family), question.keptBuckets ?? DEFAULT_KEPT_BUCKETS),
        );
      return (from) => ({ ...from, thinned: new Map([...from.thinned, [name, [...new Set(stay)]]]) });
    }),
  );
  return levers;
}

function namesOf({ workload }: MetricsQuestion, wanted: (family: MetricFamily) => boolean): string[] {
  return [...new Set(workload.sources.flatMap(({ families }) => families.filter(wanted).map(({ name }) => name)))];
}

/** Whether nothing needs a family. */
export function mayGo({ question, uses }: Known, family: MetricFamily): boolean {
  const { kept = [], recordings = [], workload } = question;
  if (!isTold(question) || kept.includes(family.name) || recordings.some(({ metric }) => metric === family.name))
    return false;
  // Dropping is by name: what another source has under it counts as well.
  const sameName = workload.sources.flatMap(({ families }) => families.filter(({ name }) => name === family.name));
  return sameName.every((one) => uses.family(one).by.length === 0);
}

/** The bounds that stay of a histogram: those that a query selects, and others evenly between the first and the last. */
export function keptBounds({ buckets = [] }: MetricFamily, use: FamilyUse, kept: number): readonly number[] {
  if (use.everyBound || buckets.length <= kept) return buckets;
  const stay = new Set(buckets.filter((bound) => use.bounds.has(bound)));
  for (let step = 0; step < kept; step += 1) {
    stay.add(buckets[Math.round(((step + 1) * buckets.length) / kept) - 1]);
  }
  return buckets.filter((bound) => stay.has(bound));
}
