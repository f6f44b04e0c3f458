/** A construct and the same by hand: `Root` is where its numbers are looked up, `Scope` where both are made. */
import type { Side } from '../build';

export interface Rivals<Root, Scope, Known> {
  readonly known: (root: Root) => Known;
  readonly ours: (scope: Scope, number: number) => unknown;
  readonly byHand: (scope: Scope, number: number, known: Known) => void;
}

/** Makes one of a number. */
export type Maker<Scope> = (scope: Scope, number: number) => unknown;

/** What the hand-written side needs is known in advance, so that only writing is timed. */
export function makers<Root, Scope, Known>(
  { known, ours, byHand }: Rivals<Root, Scope, Known>,
  root: () => Root,
): (side: Side) => Maker<Scope> {
  return (side) => {
    const numbers = known(root());
    return side === 'ours' ? ours : (scope, number) => byHand(scope, number, numbers);
  };
}
