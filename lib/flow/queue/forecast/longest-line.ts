/** The longest line of a peak and its drain, as a distribution over the peaks. */
import { type Course, LineLaw } from './line-law';

/** Peaks whose longest line is about as long. */
export interface LongestLine {
  /** Waiting items. */
  readonly items: number;
  /** Share of the peaks. */
  readonly share: number;
}

/** How the longest line differs from peak to peak. */
export interface LongestLines {
  /** The mean over all peaks. */
  readonly mean: number;
  readonly classes: readonly LongestLine[];
}

/** Lengths are not refined between two that are this close, as a share, or exceeded by as many peaks. */
const NEAR = 0.15;
const ALIKE = 0.03;

/** The longest lines of a course: P(longest ≥ n) at the lengths n that matter, a straight line between them. */
export function longestLines(course: Course): LongestLines {
  const law = new LineLaw(course);
  const { slots } = course.spells[0];
  const empty = law.indexOf(slots);
  const classes: LongestLine[] = [];
  let mean = 0;
  const between = (low: number, above: number, high: number, beyond: number): void => {
    const [shorter, longer] = [law.levels[low] - slots, law.levels[high] - slots];
    const gap = longer - shorter;
    const share = above - beyond;
    if (high - low > 1 && share > (shorter > 0 ? ALIKE : 0) && gap > NEAR * shorter) {
      const middle = (low + high) >> 1;
      const exceeds = law.exceeds(law.levels[middle] - slots);
      between(low, above, middle, exceeds);
      between(middle, exceeds, high, beyond);
      return;
    }
    // Σ P(longest ≥ n) over the whole numbers n above the shorter one.
    mean += (gap * (above + beyond) - share) / 2;
    classes.push({ items: (shorter + longer - 1) / 2, share });
  };
  const top = law.levels.length - 1;
  between(empty, 1, top, 0);
  return { mean, classes };
}
