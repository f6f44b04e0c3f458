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
import { gammaTail, residualQuantile } from './gamma';
import type { FluidPath, FluidPiece } from './fluid';
import { type ResolvedConsumer, type ResolvedWorkload, workSeconds } from './resolve';

/** Mean over all runs of the largest number of waiting items in one run. */
export function expectedPeakBacklog(path: FluidPath, workload: ResolvedWorkload, consumer: ResolvedConsumer): number {
  const work = workSeconds(workload, consumer.maxAttempts);
  const first = path.pieces[0];
  if (first === undefined) return 0;
  const { pieces, peakBacklog, peakAtSeconds } = path;
  const stage = (piece: FluidPiece, seconds: number): Observation => ({
    arrivalsPerSecond: piece.arrivalsPerSecond,
    serviceSeconds: work,
    serviceVariation: workload.serviceVariation,
    slots: piece.slots,
    startItems: piece.startItems,
    seconds,
  });
  const change = pieces.findIndex((piece) => piece.slots !== first.slots);
  const until = change < 0 ? workload.peakSeconds : Math.min(pieces[change].from, workload.peakSeconds);
  const rest = change < 0 ? 0 : workload.peakSeconds - pieces[change].from;
  const settled = pieces.filter((piece) => piece.arrivalsPerSecond === first.arrivalsPerSecond).pop() ?? first;
  // What the full crew leaves waiting at its worst in the rest of the peak, where that is more than it began with.
  const afterwards = (soFar: number) => {
    if (rest <= 0 || settled.slots <= settled.arrivalsPerSecond * work) return soFar;
    return expectedMaximum({ ...stage(settled, rest), startItems: settled.arrivalsPerSecond * work }, soFar);
  };
  if (peakBacklog === 0) return afterwards(expectedMaximum(risen(stage(first, until), workload)));
  const up = pieces.findIndex((piece) => piece.to >= peakAtSeconds && piece.busy);
  const down = pieces[up + 1];
  const excess = side(pieces[up], workload, work);
  // Short lines of the first crew are counted exactly; long ones differ from the path by next to nothing.
  const early = peakAtSeconds <= until && peakBacklog < COUNTED && first.slots > 0;
  const above = early ? Math.max(0, expectedMaximum(sinceFull(path, stage(first, until))) - peakBacklog) : excess;
  const wave = early ? path.fillExcess * swing(pieces, peakAtSeconds, work, workload.serviceVariation) : 0;
  // Slots that start take waiting items at once, and a line that falls at once is not exceeded afterwards.
  const after = down !== undefined && down.slots - pieces[up].slots > above ? 0 : side(down, workload, work);
  const corner = above + after === 0 ? 0 : above + after - (above * after) / (above + after);
  return afterwards(peakBacklog + wave + corner);
}

/**
 * Slots that filled together also empty together: the line climbs in steps, one a service, whose tops lie above the
 * straight path by the fill's excess once more. The steps blur with every service, by its variation.
 */
function swing(pieces: readonly FluidPiece[], at: number, work: number, variation: number): number {
  const full = pieces.find((piece) => piece.busy);
  if (full === undefined) return 0;
  const services = Math.max(1, (at - full.from) / work);
  return Math.exp(-2 * Math.PI * Math.PI * variation * variation * services);
}

/** Share of the way to the peak's load from which on the stage counts as being there; a slow rise counts earlier. */
const RISEN = { quick: 0.95, slow: 0.7 };

/**
 * The stage from the moment on at which it carries the load of the peak. The chain would rise to it as exponential
 * services do; constant ones are there after one service time, widely varying ones much later.
 */
function risen(stage: Observation, workload: ResolvedWorkload): Observation {
  const { serviceSeconds: mean, serviceVariation: variation, arrivalsPerSecond: rate, startItems: before } = stage;
  const target = Math.min(rate * mean, stage.slots);
  if (variation === 1 || rate === workload.steadyPerSecond) return stage;
  const share = variation < 1 ? RISEN.quick : RISEN.slow;
  const seconds = residualQuantile(share, mean, variation);
  if (seconds >= stage.seconds) return stage;
  return { ...stage, startItems: before + share * (target - before), seconds: stage.seconds - seconds };
}

/** The stage from the moment on at which the path has filled its slots. */
function sinceFull(path: FluidPath, stage: Observation): Observation {
  const full = path.pieces.find((piece) => piece.busy);
  if (full === undefined || full.from >= stage.seconds) return stage;
  return { ...stage, startItems: full.startItems, seconds: stage.seconds - full.from };
}

/** Lines longer than this are not walked level by level. */
const COUNTED = 2000;

/** By how much chance exceeds the path on one side of its corner, on average. */
function side(piece: FluidPiece | undefined, workload: ResolvedWorkload, work: number): number {
  if (piece === undefined) return 0;
  const capacity = piece.slots / work;
  const slope = Math.abs(piece.arrivalsPerSecond - capacity);
  const variance = piece.arrivalsPerSecond + capacity * workload.serviceVariation ** 2;
  // A walk without drift would still not stray further than its own spread over the piece.
  const spread = Math.sqrt((2 / Math.PI) * variance * (piece.to - piece.from));
  return slope > 0 ? Math.min(variance / (2 * slope), spread) : spread;
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

/** Mean of the larger of `floor` and the largest number of waiting items within `seconds`. */
export function expectedMaximum(observed: Observation, floor = 0): number {
  const { slots, seconds } = observed;
  const start = Math.round(observed.startItems);
  let sum = Math.max(floor, start - slots);
  let lastShare = 1;
  let lastLevel = slots + sum;
  firstPassage(observed, start, (level, mean, variance) => {
    if (level <= lastLevel && lastShare === 1) return mean < 1000 * seconds;
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

/**
 * Rates of the chain while every slot is busy. Their difference is the drift. Below capacity they make the line fall
 * off as Allen–Cunneen says; from capacity on they have the variance of arrivals and services. At capacity the two agree.
 */
function busyRates(rate: number, capacity: number, squaredVariation: number): { birth: number; death: number } {
  const drift = rate - capacity;
  if (drift <= 0) {
    const birth = (rate * (1 + squaredVariation)) / 2;
    return { birth, death: birth - drift };
  }
  const death = Math.max(1e-3 * rate, (capacity * (1 + squaredVariation)) / 2);
  return { birth: death + drift, death };
}

/**
 * Squared coefficient of variation of departures as counted over `seconds`. Many slots together look like a Poisson
 * process (1) over times shorter than a service, whatever each of them does, and like their services (cv²) over long
 * ones. 1 ÷ (1 + u + 2u²) follows the exact count of constant services, 1 − u for u < 1 and about 1 ÷ 6u after.
 *
 * Source: Cox, Renewal Theory (1962), 6 (superposition of renewal processes).
 */
export function departureVariation(seconds: number, serviceSeconds: number, variation: number): number {
  const long = variation * variation;
  const u = seconds / (serviceSeconds * Math.sqrt(Math.max(1, (1 + long) / 2)));
  return long + (1 - long) / (1 + u / 2 + 4 * u * u);
}

/** Walks up the levels above `start`, telling mean and variance of the time until each is first reached. */
export function firstPassage(
  { arrivalsPerSecond: rate, serviceSeconds, serviceVariation, slots }: Observation,
  start: number,
  visit: (level: number, mean: number, variance: number) => boolean,
): void {
  const capacity = slots / serviceSeconds;
  const exponential = serviceVariation === 1;
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
    let up = rate;
    let down = level / serviceSeconds;
    if (level >= slots) {
      // A line of this length has been building up, and will go down, for about so long.
      const seconds = Math.min(mean, (level - slots + 1) / Math.abs(capacity - rate));
      const squared = exponential ? 1 : departureVariation(seconds, serviceSeconds, serviceVariation);
      const { birth, death } = busyRates(rate, capacity, squared);
      up = birth;
      down = death;
    }
    const both = up + down;
    const mean2 = 1 / up + (down / up) * step;
    const back = step + mean2;
    stepVariance = (1 / (both * both) + (down / both) * stepVariance + ((down * up) / (both * both)) * back * back) * (both / up);
    step = mean2;
  }
}
