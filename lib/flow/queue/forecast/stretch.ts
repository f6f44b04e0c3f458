/** Items that arrive in one stretch of time and wait alike. */
export interface Stretch {
  /** Seconds since the peak began. */
  readonly at: number;
  /** Number of items. */
  readonly weight: number;
  /** Shortest and longest wait in seconds; those between are equally likely. */
  readonly low: number;
  readonly high: number;
  /** Probability of a random wait on top, and the rate per second at which it falls off. */
  readonly waiting: number;
  readonly decay: number;
}

/** Stretches that one piece of the path is cut into. */
export const CUTS = 12;

/** The waits of a whole path. */
export interface Waits {
  /** With the spread of the waits: several stretches may begin at the same time. */
  readonly stretches: Stretch[];
  /** With the mean wait alone, in order of time, for items that are retried. */
  readonly course: Stretch[];
  /** Whether a line that is longer than on average still is when failed items are retried. */
  readonly lasting: boolean;
}
