/**
 * Peaks in which the initial state still matters: peaks shorter than the time in which the line settles, below capacity
 * and above. There the law of the line is followed through time; longer peaks are predicted by the path and by how the
 * stage settles, and in between the two laws are mixed, so that no prediction jumps.
 */
import { once } from '../../once';
import { type ResolvedWorkload, SETTLES, settlingSeconds } from '../resolve';
import { type FluidPath, slotsAt } from './fluid';
import type { Course, Spell } from './line-law';
import { type LongestLines, longestLines } from './longest-line';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { log2, min, sqrt } = Math;
const NEVER = Number.POSITIVE_INFINITY;

/** A crew that changes more often than this follows the load, and the path with it. */
const MOST_SPELLS = 12;

/** A course to follow, and its weight in a prediction. */
export interface Transient {
  readonly course: Course;
  /** Weight of the law of the line in a prediction; the settled laws have the rest. Above 0, to 1. */
  readonly share: number;
  /** How the longest line differs from peak to peak. */
  readonly longest: () => LongestLines;
}

/** The transient part of a path; undefined where the path and the settled laws suffice. */
export function transientOf(path: FluidPath, workload: ResolvedWorkload, work: number): Transient | undefined {
  const { steadyPerSecond, peakPerSecond, serviceVariation: variation } = workload;
  const first = path.pieces[0];
  // A stage that sleeps, or whose steady load exceeds its capacity, has no settled state to begin with.
  const settled = first !== undefined && steadyPerSecond * work < first.slots;
  if (!settled || peakPerSecond === steadyPerSecond) return undefined;
  const spells = spellsOf(path, workload);
  if (spells.length > MOST_SPELLS) return undefined;
  const { slots, seconds } = spells[0];
  const share = min(1, log2((2 * SETTLES * relaxationSeconds(peakPerSecond, slots / work, variation)) / seconds));
  if (share <= 0) return undefined;
  const course = { spells, steadyPerSecond, work, variation };
  return { course, share, longest: once(() => longestLines(course)) };
}

/** As `settlingSeconds`, and above capacity the seconds until the drift outweighs chance, which are as many. */
function relaxationSeconds(rate: number, capacity: number, variation: number): number {
  if (rate < capacity) return settlingSeconds(rate, capacity, variation);
  const gap = sqrt(rate) - sqrt(capacity);
  return (1 + variation * variation) / 2 / (gap * gap);
}

/** The path as stretches of one rate and one crew, and a drain that ends when the line is empty. */
function spellsOf(path: FluidPath, workload: ResolvedWorkload): Spell[] {
  const { steadyPerSecond, peakPerSecond, peakSeconds } = workload;
  const changes = path.pieces.filter(({ slots }, i) => i > 0 && slots !== path.pieces[i - 1].slots);
  const begins = [0, ...changes.map(({ from }) => from).filter((from) => from < peakSeconds)];
  const later = [peakSeconds, ...changes.map(({ from }) => from).filter((from) => from > peakSeconds)];
  return [...begins, ...later].map((from, i, all) => ({
    from,
    seconds: i + 1 < all.length ? all[i + 1] - from : NEVER,
    arrivalsPerSecond: from < peakSeconds ? peakPerSecond : steadyPerSecond,
    slots: slotsAt(path, from),
    draining: from >= peakSeconds,
  }));
}
