/**
 * The part of a peak in which the backlog depends on chance: a crew near its capacity that has no time to settle. The
 * line is then a reflected Brownian motion, and its spread over the runs matters as much as its mean.
 *
 * Below capacity the line is there only with the probability that every slot is busy (Erlang C).
 */
import { departureVariation } from '../../numerics/departures';
import { erlangC, variationFactor } from '../../numerics/erlang';
import { reflectedLevels } from '../../numerics/reflected';
import { type ResolvedWorkload, SETTLES, settlingSeconds } from '../resolve';
import type { FluidPath, FluidPiece } from './fluid';
import { CUTS, type Waits } from './stretch';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { max, min, sqrt } = Math;

/**
 * The part of a path on which the backlog depends on chance: with the first crew near its capacity, and with the next
 * until even an unlikely line is cleared.
 */
export interface ChancePhase {
  /** Seconds since the peak began at which every slot is busy, or 0. */
  readonly from: number;
  /** When more slots run or the peak ends. */
  readonly until: number;
  /** When even an unlikely line is gone. */
  readonly cleared: number;
  /** Lines at `until`, at the shares of `CHANCES`. */
  readonly lines: readonly number[];
}

/** Below this spread, as a share of the backlog, the path alone is accurate enough. */
const CERTAIN_BELOW = 0.02;
/** Below this share of capacity the settled stage is accurate enough. */
const CHANCE_ABOVE = 0.85;

/** Above this multiple of capacity the line at the end of the phase is close to the path. */
const NEAR_BELOW = 1.15;
/** Below this share of capacity the next crew keeps up. */
const SETTLED_BELOW = 0.97;

/** The chance phase of a path; undefined when there is none. */
export function chancePhase(path: FluidPath, workload: ResolvedWorkload, work: number): ChancePhase | undefined {
  const first = path.pieces[0];
  // All of a burst is there at once, by no chance.
  if (first === undefined || first.slots === 0 || workload.burstItems > 0) return undefined;
  const rate = first.arrivalsPerSecond;
  const index = path.pieces.findIndex((piece) => piece.slots !== first.slots || piece.arrivalsPerSecond !== rate);
  const next = path.pieces[index];
  if (next === undefined || rate * work < CHANCE_ABOVE * first.slots) return undefined;
  // A stage that has the time to settle is described by how it settles.
  const settling = settlingSeconds(rate, first.slots / work, workload.serviceVariation);
  if (settling * SETTLES < 1.01 * next.from) return undefined;
  const from = path.pieces.find((piece) => piece.busy && piece.slots === first.slots)?.from ?? 0;
  const until = next.from;
  const capacity = first.slots / work;
  const variance = rate + capacity * departureVariation(until - from, work, workload.serviceVariation);
  if (sqrt(variance * (until - from)) < CERTAIN_BELOW * path.peakBacklog) return undefined;
  const lines = reflectedLevels(EXCEEDED, rate - capacity, variance, until - from);
  const spare = next.slots / work - next.arrivalsPerSecond;
  const left = lines[lines.length - 1] - (next.slots - first.slots);
  // Far above capacity the path gives the line; and a crew that has not settled has no settled wait.
  const near = rate * work < NEAR_BELOW * first.slots && next.arrivalsPerSecond * work < SETTLED_BELOW * next.slots;
  const cleared = until + (near && left > 0 ? left / spare : 0);
  return { from, until, cleared, lines };
}

/** The lines of the chance phase after more slots run: some runs still wait, the others have settled. */
export function drainStretches(
  phase: ChancePhase,
  path: FluidPath,
  piece: FluidPiece,
  workload: ResolvedWorkload,
  work: number,
  waits: Waits,
): void {
  const { arrivalsPerSecond: rate, slots } = piece;
  const first = path.pieces[0];
  const capacity = slots / work;
  const decay = (capacity - rate) / variationFactor(workload.serviceVariation);
  const settled = { low: 0, high: 0, waiting: erlangC(slots, rate * work), decay };
  const had = erlangC(first.slots, first.arrivalsPerSecond * work);
  const ends = min(piece.to, max(piece.from, phase.cleared));
  const step = (ends - piece.from) / CUTS;
  const waitsAt = (at: number): number[] => {
    const gone = slots - first.slots + (capacity - rate) * (at - phase.until);
    return phase.lines.map((line) => max(0, (line - gone) / capacity));
  };
  for (let i = 0; i < CUTS && step > 0; i += 1) {
    const at = piece.from + i * step;
    const still = spread(at, rate * step, had, waitsAt(at), waitsAt(at + step), waits);
    waits.stretches.push({ at, weight: rate * step * (1 - still), ...settled });
  }
  if (ends >= piece.to) return;
  const stretch = { at: ends, weight: rate * (piece.to - ends), ...settled };
  waits.stretches.push(stretch);
  waits.course.push(stretch);
}

/** Quantiles of the line between which the wait is taken as spread evenly. */
const CHANCES = [0.001, 0.05, 0.2, 0.4, 0.6, 0.8, 0.9, 0.96, 0.99, 0.999];
/** The probabilities with which the line is longer. */
const EXCEEDED = CHANCES.map((share) => 1 - share);

/** The waits while the first crew is near its capacity. */
export function chanceStretches(
  phase: ChancePhase,
  path: FluidPath,
  piece: FluidPiece,
  workload: ResolvedWorkload,
  work: number,
  waits: Waits,
): void {
  const { arrivalsPerSecond: rate } = piece;
  const capacity = piece.slots / work;
  const waiting = erlangC(piece.slots, rate * work);
  // Items that fail read their second wait from the course, so it must be fine then.
  const cuts = workload.failureRatio > 0 ? 4 * CUTS : CUTS;
  const step = (piece.to - piece.from) / cuts;
  const waitsAt = (at: number): number[] => {
    const seconds = at - phase.from;
    if (seconds <= 0) return CHANCES.map(() => 0);
    const variance = rate + capacity * departureVariation(seconds, work, workload.serviceVariation);
    const lines = reflectedLevels(EXCEEDED, rate - capacity, variance, seconds);
    return lines.map((line) => clearedAfter(path, at, line, work));
  };
  let before = waitsAt(piece.from);
  for (let i = 0; i < cuts; i += 1) {
    const at = piece.from + i * step;
    const after = waitsAt(at + step);
    const still = spread(at, rate * step, waiting, before, after, waits);
    waits.stretches.push({ at, weight: rate * step * (1 - still), low: 0, high: 0, waiting: 0, decay: 1 });
    before = after;
  }
}

/**
 * Items with the waits between the quantiles of the line, at the beginning and the end of a stretch; returns the share
 * that waits at all.
 */
function spread(
  at: number,
  items: number,
  share: number,
  before: readonly number[],
  after: readonly number[],
  waits: Waits,
): number {
  let still = 0;
  let mean = 0;
  for (let j = 1; j < CHANCES.length; j += 1) {
    const low = min(before[j - 1], after[j - 1]);
    const high = max(before[j], after[j]);
    if (high <= 0) continue;
    const part = share * (CHANCES[j] - CHANCES[j - 1]);
    waits.stretches.push({ at, weight: items * part, low, high, waiting: 0, decay: 1 });
    still += part;
    mean += (part * (before[j - 1] + before[j] + after[j - 1] + after[j])) / 4;
  }
  waits.course.push({ at, weight: items, low: mean, high: mean, waiting: 0, decay: 1 });
  return still;
}

/** Seconds until `line` waiting items are gone, at the capacity that the path has from `at` on. */
function clearedAfter(path: FluidPath, at: number, line: number, work: number): number {
  let left = line;
  let now = at;
  let slots = -1;
  for (const piece of path.pieces) {
    if (piece.to <= at) continue;
    if (slots >= 0 && piece.slots > slots) left -= piece.slots - slots;
    slots = piece.slots;
    if (left <= 0) return now - at;
    const served = ((piece.to - now) * slots) / work;
    if (served >= left) return now + (left * work) / slots - at;
    left -= served;
    now = piece.to;
  }
  return now + (left * work) / max(1, slots) - at;
}
