/**
 * The 99th percentile of one bad peak. The percentile over all peaks hides how much peaks differ: where the line
 * depends on chance, a few peaks have long lines and the others none.
 *
 * A peak is described by its longest line. About its maximum, a line is a random walk with the drift of the crew, which
 * falls short of the maximum by the root of the time; so the waits of the items that count most are known, and with
 * them how many items of the peak exceed a latency. Services add chance of their own: the number of such items is
 * Poisson.
 *
 * Source: Williams, "Path decomposition and continuity of local time for one-dimensional diffusions", Proceedings of
 * the London Mathematical Society 28 (1974) (a diffusion about its maximum).
 */
import { gammaTail, serviceTail, solveTail } from '../../numerics/gamma';
import type { ResolvedWorkload } from '../resolve';
import type { Transient } from './transient';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { abs, floor, max, sqrt } = Math;

/** A bad peak is the worst in twenty. */
const BAD = 1 / 20;
const QUANTILE = 0.99;
/** Shares of a peak's items, counted from its longest line, up to which a wait is computed anew. */
const SHARES = [0.0005, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1];
/** Standard deviations by which the line falls short of its maximum after a time; against the simulation. */
const FALL = 0.5;
/** Below this share of capacity chance matters little, and a peak's own quantile depends on a few items. */
const NEAR_CAPACITY = 0.8;

/**
 * The 99th percentile of the latency, in seconds, that one peak in twenty exceeds among its own items; undefined if the
 * peak is long or far below capacity, the crew changes or attempts fail.
 */
export function badPeakLatency({ course, longest }: Transient, workload: ResolvedWorkload): number | undefined {
  const { peakPerSecond, peakSeconds, serviceSeconds: mean, serviceVariation: variation, failureRatio } = workload;
  const { slots } = course.spells[0];
  const capacity = slots / course.work;
  const changes = course.spells.some((spell) => spell.slots !== slots);
  if (peakPerSecond < NEAR_CAPACITY * capacity || changes || failureRatio > 0) return undefined;
  const squared = variation * variation;
  const spread = FALL * sqrt((peakPerSecond + capacity * squared) * peakSeconds);
  // Below capacity the line rises to its maximum and falls from it alike; above, the maximum is the end.
  const drift = abs(peakPerSecond - capacity) * peakSeconds * (peakPerSecond < capacity ? 0.5 : 1);
  const items = peakPerSecond * peakSeconds;
  const beyond = floor((1 - QUANTILE) * items) + 1;
  const share = (maximum: number, seconds: number) => {
    let sum = 0;
    let from = 0;
    for (const to of SHARES) {
      const middle = (from + to) / 2;
      const line = max(0, maximum - drift * middle - spread * sqrt(middle));
      const wait = (line + (maximum > 0 ? (1 + squared) / 2 : 0)) / capacity;
      sum += (to - from) * serviceTail(seconds - wait, mean, variation);
      from = to;
    }
    return sum;
  };
  const { mean: average, classes } = longest();
  const tail = (seconds: number) => {
    let sum = 0;
    for (const line of classes) {
      if (line.share > 0) sum += line.share * (1 - gammaTail(beyond, items * share(line.items, seconds)));
    }
    return sum;
  };
  return solveTail(tail, BAD, mean + average / capacity);
}
