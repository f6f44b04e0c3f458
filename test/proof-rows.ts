/** Rows of several runs as one. */
import { keyOf, type Measurement, within } from '../docs/proof';

/** One row for each claim: the mean of its runs, and their spread. */
export function averaged(rows: readonly Measurement[]): Measurement[] {
  const runs = new Map<string, Measurement[]>();
  for (const row of rows) runs.set(keyOf(row), [...(runs.get(keyOf(row)) ?? []), row]);
  return [...runs.values()].map((same) => {
    const [first] = same;
    if (same.length === 1) return first;
    const values = same.map(({ measured }) => measured);
    const mean = (of: readonly number[]) => of.reduce((sum, one) => sum + one, 0) / of.length;
    // Each run is predicted from its own rates, so that ratios are averaged and not their parts.
    const ratio = mean(same.map((row) => row.ratio));
    return {
      ...first,
      predicted: mean(same.map(({ predicted }) => predicted)),
      measured: mean(values),
      ratio,
      ok: within(ratio, first.tolerance),
      runs: same.length,
      spread: Math.max(...values) - Math.min(...values),
    };
  });
}
