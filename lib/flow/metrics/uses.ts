/** Which families the expressions need, and in which form. */
import { type NeededSeries, type RateRange, seriesOf } from './promql';
import { type MetricFamily, MetricKind, type MetricSource, type MetricUse } from './workload';

/** Who needs a family, and what of it. */
export interface FamilyUse {
  /** Expressions that need it at all. */
  readonly by: readonly MetricUse[];
  /** Expressions that need the series of a classic histogram: `_bucket`, `_sum`, `_count`. One with both forms needs neither. */
  readonly classicBy: readonly MetricUse[];
  /** Expressions that name the histogram itself, as a native one is. One with both forms needs neither. */
  readonly nativeBy: readonly MetricUse[];
  /** Bounds that are selected by `le`. */
  readonly bounds: ReadonlySet<number>;
  /** Whether buckets are selected in another way: none may go. */
  readonly everyBound: boolean;
}

/** A window of a rate, and where it is taken. */
export interface RateWindow {
  readonly seconds: number;
  readonly use: MetricUse;
}

/** What all expressions need together. */
export interface Uses {
  readonly family: (family: MetricFamily) => FamilyUse;
  /** The shortest window of a rate of what the sources expose. */
  readonly shortest: RateWindow | undefined;
  /** Recorded series, `level:metric:operations`, each with the first expression that has it. */
  readonly recorded: ReadonlyMap<string, MetricUse>;
}

/** An expression, and what it needs. */
interface Read {
  readonly use: MetricUse;
  readonly needed: NeededSeries;
}

const CLASSIC = ['_bucket', '_sum', '_count'] as const;

/** Names under which the series of a family are stored. */
export function seriesNames({ name, kind }: MetricFamily): string[] {
  return kind === MetricKind.HISTOGRAM ? [name, ...CLASSIC.map((suffix) => name + suffix)] : [name];
}

/** The name of a recorded series. Source: Prometheus, Recording rules, Naming and aggregation. */
const RECORDED = /^\w*(?::\w+){2,}$/;

/** What the expressions need of the sources. */
export function usesOf(uses: readonly MetricUse[], sources: readonly MetricSource[]): Uses {
  const read = uses.map((use): Read => ({ use, needed: seriesOf(use.expression) }));
  const byName = new Map<string, Read[]>();
  for (const one of read) {
    for (const name of one.needed.names) byName.set(name, [...(byName.get(name) ?? []), one]);
  }
  const open = read.filter(({ needed }) => needed.every || needed.patterns.length > 0);
  // Several sources have the same family, and each search goes over all patterns.
  const found = new Map<string, FamilyUse>();
  const needing = (name: string) => [
    ...(byName.get(name) ?? []),
    ...open.filter(({ needed }) => needed.every || needed.patterns.some((pattern) => pattern.test(name))),
  ];
  const family = (one: MetricFamily): FamilyUse => {
    const key = `${one.kind} ${one.name}`;
    const known = found.get(key);
    if (known !== undefined) return known;
    const all = [...new Set(seriesNames(one).flatMap(needing))];
    const isHistogram = one.kind === MetricKind.HISTOGRAM;
    const exactly = isHistogram ? (byName.get(one.name) ?? []) : [];
    const classic = isHistogram ? [...new Set(CLASSIC.flatMap((suffix) => needing(one.name + suffix)))] : [];
    // `a_bucket or a`, as dashboards have it while they move: each form is enough.
    const either = exactly.filter((use) => use.needed.alternatives && classic.includes(use));
    const only = (list: readonly Read[]) => list.filter((use) => !either.includes(use)).map(({ use }) => use);
    const made: FamilyUse = {
      by: all.map(({ use }) => use),
      classicBy: only(classic),
      nativeBy: only(exactly),
      bounds: new Set(classic.flatMap(({ needed }) => needed.bounds.map(Number))),
      everyBound: classic.some(({ needed }) => needed.everyBound),
    };
    found.set(key, made);
    return made;
  };
  const recorded = read.flatMap(({ use, needed }) =>
    [...needed.names].filter((name) => RECORDED.test(name)).map((name) => [name, use] as const),
  );
  return { family, shortest: shortestOf(read, sources), recorded: new Map(recorded.reverse()) };
}

/** The shortest window of a rate of a series that a source exposes. Of what others expose the interval is not ours. */
function shortestOf(read: readonly Read[], sources: readonly MetricSource[]): RateWindow | undefined {
  const exposed = new Set(sources.flatMap(({ families }) => families.flatMap(seriesNames)));
  // Series without a family have a name that is not known here, which is no recorded one.
  const others = sources.some(({ otherSeries = 0 }) => otherSeries > 0);
  const isOurs = (name: string) => exposed.has(name) || (others && !name.includes(':'));
  const fits = (patterns: readonly RegExp[]) =>
    patterns.length > 0 && (others || [...exposed].some((name) => patterns.some((pattern) => pattern.test(name))));
  const counts = ({ name, pattern }: RateRange, { names, patterns, every }: NeededSeries) => {
    if (name !== undefined) return isOurs(name);
    if (pattern !== undefined) return fits([pattern]);
    return every || [...names].some(isOurs) || fits(patterns);
  };
  const windows = read.flatMap(({ use, needed }) =>
    needed.windows.filter((one) => counts(one, needed)).map(({ seconds }) => ({ use, seconds })),
  );
  return windows.reduce<RateWindow | undefined>(
    (least, one) => (least === undefined || one.seconds < least.seconds ? one : least),
    undefined,
  );
}

/** An expression with its file, as errors name it. */
export function placeOf({ file, expression }: MetricUse): string {
  const text = expression.replace(/\s+/g, ' ').trim();
  return `${file} (${text.length > 100 ? `${text.slice(0, 100)}…` : text})`;
}
