/** A construct and the same by hand: `Root` is where its numbers are looked up, `Scope` where both are made. */
import type { Side } from '../build';

export interface Rivals<Root, Scope, Known> {
  readonly known: (root: Root) => Known;
  readonly ours: (scope: Scope, number: number) => unknown;
  readonly byHand: (scope: Scope, number: number, known: Known) => void;
  /** Plans one of a number, as an author does who asks the library for the numbers and writes the objects. */
  readonly plan?: (number: number) => unknown;
}

/** Makes one of a number. */
export type Maker<Scope> = (scope: Scope, number: number) => unknown;

/** What the hand-written side needs is known in advance, so that only writing is timed. */
export function makers<Root, Scope, Known>(
  { known, ours, byHand, plan }: Rivals<Root, Scope, Known>,
  root: () => Root,
): (side: Side) => Maker<Scope> {
  return (side) => {
    const numbers = known(root());
    if (side === 'ours') return ours;
    if (side === 'by-hand') return (scope, number) => byHand(scope, number, numbers);
    if (plan === undefined) throw new Error('nothing says how this is planned');
    return (scope, number) => {
      plan(number);
      byHand(scope, number, numbers);
    };
  };
}
