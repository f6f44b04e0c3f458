/**
 * Measured figures inside sentences of hand-written pages, taken from docs/proof.json by `npm run docs`:
 * `<!-- measured sender: mails a second, by HTTP -->95.17 mails/s<!-- /measured -->` names the proof and the metric.
 */
import { figure } from '../lib/flow/figures';
import type { ProofRow } from './proof';

const MARKED = /<!-- measured ([\w-]+): (.+?) -->.*?<!-- \/measured -->/gs;

/** In place of a marked figure. */
const MARK = '(as in the proof)';

/** What sentences about a run say. */
const CLAIM = /\b(measured|arrived|came out|took (about |up to )?\d)/i;

/**
 * The page with each marked figure as the proof has it.
 *
 * @throws Error for a proof or a metric that docs/proof.json lacks
 */
export function withMeasured(
  page: string,
  rows: readonly Pick<ProofRow, 'proof' | 'metric' | 'measured' | 'unit'>[],
): string {
  return page.replace(MARKED, (_, proof: string, metric: string) => {
    const row = rows.find((one) => one.proof === proof && one.metric === metric);
    if (row === undefined) throw new Error(`docs/proof.json has no row "${metric}" of the proof ${proof}`);
    return `<!-- measured ${proof}: ${metric} -->${figure(row.measured)} ${row.unit}<!-- /measured -->`;
  });
}

/** Sentences of a page that give a measured figure by hand: neither marked, nor beside a link to the proof. */
export function byHand(page: string): string[] {
  const prose = page
    .replace(/```.*?```/gs, '')
    .replace(/<!-- ([\w-]+):begin -->.*?<!-- \1:end -->/gs, '')
    .replace(MARKED, MARK);
  const sentences = prose.split(/\n\s*\n|\n(?=[-|#])|(?<=[.:;])\s/).map((text) => text.replace(/\s+/g, ' ').trim());
  return sentences.filter((sentence) => {
    if (sentence.includes(MARK) || /\]\([^)]*proof\.md/.test(sentence)) return false;
    // Names in code have digits of their own, and a default that users measure is no claim.
    const said = sentence.replace(/`[^`]*`|\]\([^)]*\)|, or measured\b/g, '');
    return CLAIM.test(said) && /\d/.test(said);
  });
}
