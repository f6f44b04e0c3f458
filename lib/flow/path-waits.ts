/**
 * The waits along a fluid path. A backlog served first come first served makes an item wait for the horizontal distance
 * between the curve of arrivals and the curve of starts; with slots free at times it waits as Erlang C says; near
 * capacity it is a matter of chance.
 *
 * Source: Newell, Applications of Queueing Theory (1982), 2.
 */
import { chancePhase, chanceStretches, drainStretches } from './chance';
import { erlangC, variationFactor } from './erlang';
import type { FluidPath, FluidPiece } from './fluid';
import { type ResolvedConsumer, type ResolvedWorkload, workSeconds } from './resolve';
import { CUTS, type Stretch, type Waits } from './stretch';

// Looked up once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { max, min } = Math;

/** Two waits in a row fold the path upon itself, which takes a finer cut to follow. */
const FINE_CUTS = 96;

/** The path cut into stretches. */
export function waitsAlong(path: FluidPath, workload: ResolvedWorkload, consumer: ResolvedConsumer): Waits {
  const work = workSeconds(workload, consumer.maxAttempts);
  const waits: Waits = { stretches: [], course: [] };
  const chance = chancePhase(path, workload, work);
  const startOf = starts(path);
  let rank = path.pieces.length > 0 ? path.pieces[0].startItems : 0;
  for (const piece of path.pieces) {
    if (chance !== undefined && piece.from >= chance.from && piece.to <= chance.until) {
      chanceStretches(chance, path, piece, workload, work, waits);
    } else if (chance !== undefined && piece.from >= chance.until && piece.from < chance.cleared) {
      drainStretches(chance, path, piece, workload, work, waits);
    } else if (piece.busy) {
      busyStretches(piece, rank, startOf, workload.failureRatio > 0 ? FINE_CUTS : CUTS, waits);
    } else {
      const stretch = idleStretch(piece, workload, work);
      waits.stretches.push(stretch);
      waits.course.push(stretch);
    }
    rank += piece.arrivalsPerSecond * (piece.to - piece.from);
  }
  return waits;
}

/** Slots are free at times: Erlang C, unless the stage is only on its way to more than its capacity. */
function idleStretch(piece: FluidPiece, workload: ResolvedWorkload, work: number): Stretch {
  const { from: at, to, arrivalsPerSecond: rate, slots } = piece;
  const weight = rate * (to - at);
  if (rate * work >= slots) return { at, weight, low: 0, high: 0, waiting: 0, decay: 1 };
  const decay = (slots / work - rate) / variationFactor(workload.serviceVariation);
  return { at, weight, low: 0, high: 0, waiting: erlangC(slots, rate * work), decay };
}

/** Every slot is busy: the wait is the distance to the curve of starts. */
function busyStretches(
  piece: FluidPiece,
  rank: number,
  startOf: (rank: number) => number,
  cuts: number,
  waits: Waits,
): void {
  const step = (piece.to - piece.from) / cuts;
  const weight = piece.arrivalsPerSecond * step;
  for (let i = 0; i < cuts; i += 1) {
    const at = piece.from + i * step;
    const first = max(0, startOf(rank + i * weight) - at);
    const last = max(0, startOf(rank + (i + 1) * weight) - at - step);
    const stretch = { at, weight, low: min(first, last), high: max(first, last), waiting: 0, decay: 1 };
    waits.stretches.push(stretch);
    waits.course.push(stretch);
  }
}

/** When the item of a rank is started: a line with a break at every event. Ranks are asked in rising order, mostly. */
function starts(path: FluidPath): (rank: number) => number {
  const breaks: { at: number; rank: number }[] = [];
  let arrived = path.pieces.length > 0 ? path.pieces[0].startItems : 0;
  for (const piece of path.pieces) {
    breaks.push({ at: piece.from, rank: arrived - max(0, piece.startItems - piece.slots) });
    arrived += piece.arrivalsPerSecond * (piece.to - piece.from);
    breaks.push({ at: piece.to, rank: arrived - max(0, piece.endItems - piece.slots) });
  }
  let cursor = 0;
  return (rank) => {
    while (cursor > 0 && breaks[cursor].rank > rank) cursor -= 1;
    while (cursor < breaks.length - 2 && breaks[cursor + 1].rank < rank) cursor += 1;
    const from = breaks[cursor];
    const to = breaks[cursor + 1];
    const share = to.rank > from.rank ? max(0, rank - from.rank) / (to.rank - from.rank) : 1;
    return from.at + share * (to.at - from.at);
  };
}
