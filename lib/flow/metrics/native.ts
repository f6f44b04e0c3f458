/** Which sources store their histograms as native ones. */
import { type MetricsPlatformName, NATIVE_SINCE, PLATFORMS } from './platforms';
import { histogramsOf, isTold, type Known } from './sizing';
import { MetricKind, type MetricSource, type MetricsQuestion } from './workload';

/** How a source may have native histograms. */
export type NativeChoice = 'needed' | 'possible' | 'refused';

/** Sources that have native histograms together or not at all, because a recording sums what they have. */
export interface NativeUnit {
  /** In the order of the workload. */
  readonly sources: readonly MetricSource[];
  /** The histograms that are summed. */
  readonly recorded: readonly string[];
  /** Those whose histograms have to be native. */
  readonly needed: readonly MetricSource[];
  /** Those whose histograms cannot be. */
  readonly refused: readonly MetricSource[];
  /** What holds for all of them. */
  readonly choice: NativeChoice;
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
function nativeChoice({ question, uses }: Known, source: MetricSource): NativeChoice {
  if (nativeObstacle(question, source) !== undefined) return 'refused';
  const needed = histogramsIn(source).map((family) => uses.family(family));
  if (needed.some(({ classicBy }) => classicBy.length > 0)) return 'refused';
  if (question.nativeHistograms === true || needed.some(({ nativeBy }) => nativeBy.length > 0)) return 'needed';
  return isTold(question) ? 'possible' : 'refused';
}

/** The sources with histograms, those together whose histograms are summed. */
export function nativeUnits(known: Known): NativeUnit[] {
  const { recordings = [], workload } = known.question;
  const having = workload.sources.filter((source) => histogramsIn(source).length > 0);
  let units = having.map((source) => ({ sources: [source], recorded: [] as string[] }));
  for (const metric of new Set(recordings.map((one) => one.metric))) {
    const together = units.filter(({ sources }) => histogramsOf(sources, metric).length > 0);
    const sources = together.flatMap((unit) => unit.sources);
    const recorded = [...together.flatMap((unit) => unit.recorded), metric];
    if (together.length > 0) units = [...units.filter((unit) => !together.includes(unit)), { sources, recorded }];
  }
  return units.map((unit) => {
    const choices = unit.sources.map((source) => ({ source, choice: nativeChoice(known, source) }));
    const named = (wanted: NativeChoice) =>
      choices.filter(({ choice }) => choice === wanted).map(({ source }) => source);
    const [needed, refused] = [named('needed'), named('refused')];
    return {
      sources: having.filter((source) => unit.sources.includes(source)),
      recorded: unit.recorded,
      needed,
      refused,
      choice: refused.length > 0 ? 'refused' : needed.length > 0 ? 'needed' : 'possible',
    };
  });
}

function histogramsIn({ families }: MetricSource) {
  return families.filter(({ kind }) => kind === MetricKind.HISTOGRAM);
}
