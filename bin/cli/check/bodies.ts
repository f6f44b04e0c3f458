import type { Total } from '../../../lib/rules/limits';
import { loadRules } from '../../../lib/rules/load';
import { ForeignError, NeitherError, UnreadableError } from '../../../lib/rules/unreadable';
import type { Candidate } from '../sources';

/** Files that may hold templates or manifests, parsed. */
export interface Bodies {
  readonly sources: readonly (Candidate & { readonly bodies: Record<string, unknown>[] })[];
  /** Those that should be readable and are not. */
  readonly unreadable: readonly UnreadableError[];
  /** The number of those that are neither template nor manifest, and that nobody named. */
  readonly others: number;
}

/**
 * Parses the candidates.
 *
 * @param notices gets a sentence for each that was read in another way than a person may expect
 */
export function bodiesOf(candidates: readonly Candidate[], total: Total, notices: string[] = []): Bodies {
  const { documentsIn, mayBeDocument } = loadRules();
  const sources: (Candidate & { readonly bodies: Record<string, unknown>[] })[] = [];
  const unreadable: UnreadableError[] = [];
  let others = 0;
  for (const candidate of candidates) {
    try {
      sources.push({ ...candidate, bodies: documentsIn(candidate.file, candidate.text, total, notices) });
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      // What cannot be parsed may be a broken template or manifest; what is in braces, if it says anything that those say.
      const foreign = error instanceof ForeignError && !mayBeDocument(candidate.text);
      if ((foreign || error instanceof NeitherError) && !candidate.named) others++;
      else unreadable.push(error);
    }
  }
  return { sources, unreadable, others };
}
