/** What a flood with faults leaves waiting, by the numbers of the plan: a fluid that drains as fast as consumers are there. */
import type { Sizing } from './engine';

/** A share of the consumers that is away. */
export interface Away {
  readonly from: number;
  readonly to: number;
  readonly share: number;
}

const STEP_SECONDS = 0.1;
const MOST_SECONDS = 36_000;

/**
 * The most that wait, and when the last one is done. Shares that are away at once add up, to all of them at most. What the plan
 * alone foresees is the least: chance is in it, and not in a fluid.
 */
export function foreseen(
  { perSecond, clearedPerSecond, peakBacklog }: Sizing,
  floodSeconds: number,
  away: readonly Away[],
) {
  let [backlog, most, emptyAt] = [0, 0, floodSeconds];
  for (let at = 0; at < MOST_SECONDS; at += STEP_SECONDS) {
    const gone = away.filter(({ from, to }) => at >= from && at < to).reduce((sum, { share }) => sum + share, 0);
    const arrives = at < floodSeconds ? perSecond : 0;
    backlog = Math.max(0, backlog + STEP_SECONDS * (arrives - clearedPerSecond * Math.max(0, 1 - gone)));
    most = Math.max(most, backlog);
    if (at >= floodSeconds && backlog === 0) {
      emptyAt = at;
      break;
    }
  }
  return { mostBacklog: Math.max(most, peakBacklog), emptyAt };
}
