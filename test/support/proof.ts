/** How a test reports what it predicted and what it measured: the rows of docs/proof.md. */
import { appendFileSync } from 'node:fs';
import { type Measurement, within } from '../../docs/proof';

/** What a test says of a claim; the rest follows. */
export type Claim = Omit<Measurement, 'ratio' | 'ok'>;

/** Exactly as predicted: counts. */
export const EXACT = { least: 1, most: 1 };

/** So much off at most, on both sides. */
export const about = (share: number) => ({ least: 1 - share, most: 1 + share });

/** A bound: not above the prediction, and not so far below that the bound says nothing. */
export const atMost = (least: number) => ({ least, most: 1 });

/**
 * Reports claims, then throws when one is outside its range, so that every suite holds what the page says. The rows go to
 * the file named by `PROOF_ROWS`, which `npm run prove` sets; without it nothing is written.
 */
export function prove(...claims: readonly Claim[]): void {
  const rows = claims.map(measurementOf);
  const file = process.env.PROOF_ROWS;
  if (file) appendFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const misses = rows.filter(({ ok }) => !ok);
  if (misses.length > 0) throw new Error(misses.map(missed).join('\n'));
}

/** A claim with its ratio. */
export function measurementOf(claim: Claim): Measurement {
  const { predicted, measured, tolerance, metric } = claim;
  const ratio = measured / predicted;
  if (![predicted, measured, ratio].every(Number.isFinite))
    throw new Error(`${metric}: predicted ${predicted} and measured ${measured} have no ratio`);
  return { ...claim, ratio, ok: within(ratio, tolerance) };
}

function missed({ case: number, metric, unit, predicted, measured, ratio, tolerance }: Measurement): string {
  return `case ${number}, ${metric}: predicted ${predicted} ${unit}, measured ${measured} ${unit}; the ratio ${ratio.toPrecision(3)} is not from ${tolerance.least} to ${tolerance.most}`;
}
