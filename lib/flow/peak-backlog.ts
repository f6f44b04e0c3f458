/**
 * The longest line that a peak leaves behind, on average: the fluid path says where the backlog goes, chance says how
 * far beyond it gets at its worst moment.
 *
 * Below capacity the backlog is a birth-and-death chain. The time until it first reaches a level has a mean and a
 * variance in closed recursion, and a gamma law of these two says how likely the level is reached within the horizon;
 * the mean maximum is the sum of these probabilities. A rare level gives an exponential time, hence the Gumbel law of
 * extreme values; a certain one gives a sharp time, hence the fluid path.
 *
 * Above capacity the path has a corner where more instances arrive or the peak ends. A random walk about a corner with
 * slopes δ₁ up and δ₂ down exceeds it by the larger of two exponentials with rates 2δ/σ².
 *
 * Source: Keilson, Markov Chain Models — Rarity and Exponentiality (1979), 5; Harrison, Brownian Motion and Stochastic
 * Flow Systems (1985), 1.9 (supremum of a Brownian motion with drift); Leadbetter, Lindgren & Rootzén, Extremes (1983).
 */
import { gammaTail } from './gamma';
import type { FluidPath, FluidPiece } from './fluid';
import { type ResolvedConsumer, type ResolvedWorkload, workSeconds } from './resolve';
import { variationFactor } from './erlang';

/** Mean over all runs of the largest number of waiting items in one run. */
export function expectedPeakBacklog(path: FluidPath, workload: ResolvedWorkload, consumer: ResolvedConsumer): number {
  const work = workSeconds(workload, consumer.maxAttempts);
  const before = path.pieces.findIndex((piece) => piece.to >= path.peakAtSeconds && piece.busy);
  if (path.peakBacklog > 0 && before >= 0) {
    return path.peakBacklog + cornerExcess(path.pieces[before], path.pieces[before + 1], workload, work);
  }
  const piece = path.pieces[0];
  if (piece === undefined) return 0;
  return expectedMaximum({
    arrivalsPerSecond: piece.arrivalsPerSecond,
    serviceSeconds: work,
    serviceVariation: workload.serviceVariation,
    slots: piece.slots,
    startItems: piece.startItems,
    seconds: workload.peakSeconds,
  });
}

/** By how much chance exceeds the fluid peak, on average. */
function cornerExcess(up: FluidPiece, down: FluidPiece | undefined, workload: ResolvedWorkload, work: number): number {
  const { serviceVariation: variation } = workload;
  const side = (piece: FluidPiece | undefined): number => {
    if (piece === undefined) return 0;
    const capacity = piece.slots / work;
    const slope = Math.abs(piece.arrivalsPerSecond - capacity);
    const variance = piece.arrivalsPerSecond + capacity * variation * variation;
    // A walk without drift would still not stray further than its own spread over the piece.
    const spread = Math.sqrt((2 / Math.PI) * variance * (piece.to - piece.from));
    return slope > 0 ? Math.min(variance / (2 * slope), spread) : spread;
  };
  const a = side(up);
  const b = side(down);
  return a + b === 0 ? 0 : a + b - (a * b) / (a + b);
}

/** A stage observed for a while. */
export interface Observation {
  readonly arrivalsPerSecond: number;
  readonly serviceSeconds: number;
  readonly serviceVariation: number;
  readonly slots: number;
  readonly startItems: number;
  readonly seconds: number;
}

/** Mean of the largest number of waiting items within `seconds`. */
export function expectedMaximum(observed: Observation): number {
  const { slots, seconds } = observed;
  const start = Math.round(observed.startItems);
  let sum = 0;
  let lastShare = 1;
  let lastLevel = slots;
  firstPassage(observed, start, (level, mean, variance) => {
    if (level <= slots) return mean < 1000 * seconds;
    // Far levels are weighed in strides: the share falls slowly where they are many.
    if (level - lastLevel < Math.max(1, 0.03 * (lastLevel - slots))) return true;
    const share = shareWithin(seconds, mean, variance);
    sum += (level - lastLevel) * (level - lastLevel > 1 ? (share + lastShare) / 2 : share);
    lastShare = share;
    lastLevel = level;
    return share > 1e-3;
  });
  return sum;
}

/** P(τ ≤ seconds) for a gamma-distributed τ of that mean and variance. */
function shareWithin(seconds: number, mean: number, variance: number): number {
  const shape = (mean * mean) / variance;
  if (shape > 1e4) return seconds >= mean ? 1 : 0;
  return 1 - gammaTail(shape, (seconds / mean) * shape);
}

/** Walks up the levels above `start`, telling mean and variance of the time until each is first reached. */
export function firstPassage(
  { arrivalsPerSecond: rate, serviceSeconds, serviceVariation, slots }: Observation,
  start: number,
  visit: (level: number, mean: number, variance: number) => boolean,
): void {
  const capacity = slots / serviceSeconds;
  const birth = variationFactor(serviceVariation) * rate;
  const death = Math.max(1e-3 * birth, birth + capacity - rate);
  // Far below the start nothing matters: the way up from there is quick and certain.
  let level = Math.max(0, Math.floor(start - 8 * Math.sqrt(start) - 4));
  let step = 1 / rate;
  let stepVariance = step * step;
  let mean = 0;
  let variance = 0;
  for (let walked = 0; walked < 200_000; walked += 1) {
    if (level >= start) {
      mean += step;
      variance += stepVariance;
      if (!visit(level + 1, mean, variance)) return;
    }
    level += 1;
    const up = level < slots ? rate : birth;
    const down = level < slots ? level / serviceSeconds : death;
    const both = up + down;
    const mean2 = 1 / up + (down / up) * step;
    const back = step + mean2;
    stepVariance = (1 / (both * both) + (down / both) * stepVariance + ((down * up) / (both * both)) * back * back) * (both / up);
    step = mean2;
  }
}
