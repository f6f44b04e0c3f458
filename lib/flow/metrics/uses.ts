/** Which families the expressions need, and in which form. */
import { seriesOf } from './promql';
import { type MetricFamily, MetricKind, type MetricUse } from './workload';

/** Who needs a family, and what of it. */
export interface FamilyUse {
  /** Expressions that need it at all. */
  readonly by: readonly MetricUse[];
  /** Expressions that need the series of a classic histogram: `_bucket`, `_sum`, `_count`. */
  readonly classicBy: readonly MetricUse[];
  /** Expressions that name the histogram itself, as a native one is. */
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
  /** The shortest window of a rate. */
  readonly shortest: RateWindow | undefined;
}

const CLASSIC = ['_bucket', '_sum', '_count'] as const;

/** Names under which the series of a family are stored. */
export function seriesNames({ name, kind }: MetricFamily): string[] {
  return kind === MetricKind.HISTOGRAM ? [name, ...CLASSIC.map((suffix) => name + suffix)] : [name];
}

/** What the expressions need. */
export function usesOf(uses: readonly MetricUse[]): Uses {
  const read = uses.map((use) => ({ use, needed: seriesOf(use.expression) }));
  const byName = new Map<string, typeof read>();
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
    const exactly = byName.get(one.name) ?? [];
    const all = [...new Set(seriesNames(one).flatMap(needing))];
    const isHistogram = one.kind === MetricKind.HISTOGRAM;
    const classic = isHistogram ? [...new Set(CLASSIC.flatMap((suffix) => needing(one.name + suffix)))] : [];
    const made: FamilyUse = {
      by: all.map(({ use }) => use),
      classicBy: classic.map(({ use }) => use),
      nativeBy: isHistogram ? exactly.map(({ use }) => use) : [],
      bounds: new Set(classic.flatMap(({ needed }) => needed.bounds.map(Number))),
      everyBound: classic.some(({ needed }) => needed.everyBound),
    };
    found.set(key, made);
    return made;
  };
  const windows = read.flatMap(({ use, needed }) => needed.windows.map((seconds) => ({ use, seconds })));
  const shortest = windows.reduce<RateWindow | undefined>(
    (least, one) => (least === undefined || one.seconds < least.seconds ? one : least),
    undefined,
  );
  return { family, shortest };
}

/** An expression with its file, as errors name it. */
export function placeOf({ file, expression }: MetricUse): string {
  const text = expression.replace(/\s+/g, ' ').trim();
  return `${file} (${text.length > 100 ? `${text.slice(0, 100)}…` : text})`;
}
