/**
 * The longest line that a peak leaves behind, on average: the fluid path gives the mean backlog, chance the excess at
 * its worst moment.
 *
 * Below capacity, and above it as long as the line is short, it is the mean maximum of a birth-and-death chain. Far
 * above capacity the path has a corner where more instances arrive or the peak ends. A random walk about a corner with
 * slopes δ₁ up and δ₂ down exceeds it by the larger of two exponentials with rates 2δ/σ².
 *
 * Source: Harrison, Brownian Motion and Stochastic Flow Systems (1985), 1.9 (supremum of a motion with drift).
 */
import { expectedMaximum, type Observation } from '../../numerics/first-passage';
import { residualQuantile } from '../../numerics/gamma';
import { type ResolvedConsumer, type ResolvedWorkload, workSeconds } from '../resolve';
import type { FluidPath, FluidPiece } from './fluid';
import type { Transient } from './transient';

/** Mean over all runs of the largest number of waiting items in one run. */
export function expectedPeakBacklog(
  path: FluidPath,
  workload: ResolvedWorkload,
  consumer: ResolvedConsumer,
  transient: Transient | undefined,
): number {
  if (transient === undefined) return settledPeakBacklog(path, workload, consumer);
  const passing = transient.longest().mean;
  if (transient.share >= 1) return passing;
  return transient.share * passing + (1 - transient.share) * settledPeakBacklog(path, workload, consumer);
}

function settledPeakBacklog(path: FluidPath, workload: ResolvedWorkload, consumer: ResolvedConsumer): number {
  const work = workSeconds(workload, consumer.maxAttempts);
  const first = path.pieces[0];
  if (first === undefined) return 0;
  const { pieces, peakBacklog, peakAtSeconds } = path;
  // Nothing of it is left to chance.
  if (workload.burstItems > 0) return peakBacklog;
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
  // The most that the full crew leaves waiting in the rest of the peak, where that exceeds its start.
  const afterwards = (soFar: number) => {
    if (rest <= 0 || settled.slots <= settled.arrivalsPerSecond * work) return soFar;
    return expectedMaximum({ ...stage(settled, rest), startItems: settled.arrivalsPerSecond * work }, soFar);
  };
  if (peakBacklog === 0) {
    const settled =
      first.arrivalsPerSecond === workload.steadyPerSecond && first.arrivalsPerSecond * work < first.slots;
    return afterwards(expectedMaximum({ ...risen(stage(first, until), workload), settled }));
  }
  const up = pieces.findIndex((piece) => piece.to >= peakAtSeconds);
  const down = pieces[up + 1];
  const excess = side(pieces[up], workload, work);
  // Short lines of the first crew are counted exactly; long ones hardly differ from the path.
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
const RISEN = { quick: 0.95, slow: 0.85 };

/**
 * The stage, from the moment at which it carries the load of the peak. The chain would rise to it as exponential
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

/** Lines longer than this are not computed level by level. */
const COUNTED = 2000;

/** By how much chance exceeds the path on one side of its corner, on average. */
function side(piece: FluidPiece | undefined, workload: ResolvedWorkload, work: number): number {
  if (piece === undefined) return 0;
  const capacity = piece.slots / work;
  const slope = Math.abs(piece.arrivalsPerSecond - capacity);
  const variance = piece.arrivalsPerSecond + capacity * workload.serviceVariation ** 2;
  // Even a walk without drift strays no further than its spread over the piece.
  const spread = Math.sqrt((2 / Math.PI) * variance * (piece.to - piece.from));
  return slope > 0 ? Math.min(variance / (2 * slope), spread) : spread;
}
