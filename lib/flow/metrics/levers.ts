/** Which levers a plan uses, and what stays of each family. */
import { type NativeChoice, nativeUnits } from './native';
import { DEFAULT_KEPT_BUCKETS, fits, isTold, type Known, type Levers, totalSeries } from './sizing';
import type { FamilyUse } from './uses';
import { type MetricFamily, MetricKind, type MetricsQuestion } from './workload';

/** The levers of a plan: what loses nothing first, then what nobody queries, then precision. Each only as far as needed. */
export function chooseLevers(known: Known): Levers {
  const { question } = known;
  const { sources } = question.workload;
  const units = nativeUnits(known);
  const named = (wanted: NativeChoice) =>
    units.filter(({ choice }) => choice === wanted).map((unit) => unit.sources.map(({ name }) => name));
  let levers: Levers = {
    native: new Set(named('needed').flat()),
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
  pull(named('possible').map((names) => (from) => ({ ...from, native: new Set([...from.native, ...names]) })));
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
