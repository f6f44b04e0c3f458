/** What the fuzz is run on: constructs, each with its props and how it is made of them. */
import fc from 'fast-check';
import { type Change, changed, changes, ids, type Tokens } from './values';

/** A construct, random props for it, and the document that it becomes. */
export interface Subject {
  readonly name: string;
  /** Exported classes that are made by it, by their names in `lib/index.ts`. */
  readonly covers: readonly string[];
  /** A case of a seed: text that tells what is given, and what makes the document of it. */
  draw(seed: number): Case;
}

export interface Case {
  readonly id: string;
  readonly props: unknown;
  /** The document, as an object; throws what the construct throws. */
  make(): unknown;
}

/** How a construct is made of an id and props. */
export function subject<P>(
  name: string,
  covers: readonly string[],
  tokens: Tokens,
  props: fc.Arbitrary<P>,
  make: (id: string, props: P) => unknown,
  names: fc.Arbitrary<string> = ids,
  hostile: fc.Arbitrary<Change[]> = changes,
): Subject {
  const drawn: fc.Arbitrary<[string, P, Change[]]> = fc.tuple(names, props, hostile);
  return {
    name,
    covers,
    draw(seed) {
      // A first draw is biased to the ends of every range: one in four is enough of that.
      const [[id, good, list]] = fc.sample(drawn, { seed, numRuns: 1, unbiased: seed % 4 !== 0 });
      const given = changed(good, list, tokens);
      return { id, props: given, make: () => make(id, given) };
    },
  };
}
