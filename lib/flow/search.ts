/**
 * Searches for the point where a condition starts or stops holding, by doubling and halving. Each expects one change
 * between the ends; with several, the result is one of them.
 */

/** The first index from 0 to `last` from which `holds` holds, in strides that double and then halve; else `last`. */
export function firstIndex(last: number, holds: (index: number) => boolean): number {
  let failing = -1;
  let holding = 0;
  for (let stride = 1; !holds(holding); stride *= 2) {
    if (holding >= last) return last;
    failing = holding;
    holding = Math.min(last, holding + stride);
  }
  return lastWhole(holding, failing, holds);
}

/**
 * The whole number next to the change, on the side that holds. Neither end is tried.
 *
 * @param holding a whole number that holds, above or below `failing`
 * @param failing a whole number that does not
 */
export function lastWhole(holding: number, failing: number, holds: (value: number) => boolean): number {
  let [kept, broken] = [holding, failing];
  // Above 2⁵³ two numbers that follow each other are more than 1 apart; 64 halvings bring any ends together.
  for (let step = 0; step < 64 && Math.abs(kept - broken) > 1; step += 1) {
    const middle = Math.floor((kept + broken) / 2);
    if (holds(middle)) kept = middle;
    else broken = middle;
  }
  return kept;
}

/** When a search over reals ends: after so many halvings, or as soon as the ends are close enough. */
export interface Precision {
  /** Halvings at most. */
  readonly steps: number;
  /** Distance of the ends that is close enough, in the unit of the value; default 0. */
  readonly within?: number;
  /** The same as a share of the upper end; default 0. */
  readonly relative?: number;
}

/** The two ends of a finished search. */
export interface Ends {
  readonly holding: number;
  readonly failing: number;
}

/**
 * Halves the distance between a number that holds and one that does not, until they are close. Neither end is tried.
 */
export function bisect(
  from: Ends,
  { steps, within = 0, relative = 0 }: Precision,
  holds: (value: number) => boolean,
): Ends {
  let { holding, failing } = from;
  const apart = () => Math.abs(failing - holding) > within + relative * Math.max(holding, failing);
  for (let step = 0; step < steps && apart(); step += 1) {
    const middle = (holding + failing) / 2;
    if (holds(middle)) holding = middle;
    else failing = middle;
  }
  return { holding, failing };
}

/** Doublings or halvings of the start after which a search gives up: a factor of 10⁹. */
const MOST_DOUBLINGS = 30;
/** Halvings that follow them: to 1 % of the change. */
const ROUGHLY: Precision = { steps: 7 };

/**
 * About the largest number below `start` that holds: halving until one does, then seven bisections. `start` itself is
 * not tried. Undefined when not even a billionth of it holds.
 */
export function largestBelow(start: number, holds: (value: number) => boolean): number | undefined {
  return beyond(start, 0.5, holds);
}

/** About the smallest number above `start` that holds: as `largestBelow`, by doubling. */
export function smallestAbove(start: number, holds: (value: number) => boolean): number | undefined {
  return beyond(start, 2, holds);
}

function beyond(start: number, factor: number, holds: (value: number) => boolean): number | undefined {
  let failing = start;
  for (let step = 0; step < MOST_DOUBLINGS; step += 1) {
    const next = failing * factor;
    if (holds(next)) return bisect({ holding: next, failing }, ROUGHLY, holds).holding;
    failing = next;
  }
  return undefined;
}
