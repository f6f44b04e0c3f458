/**
 * The waits along a fluid path. A backlog served first come first served makes an item wait for the horizontal distance
 * between the curve of arrivals and the curve of starts; with slots free at times it waits by Erlang C; near capacity
 * the wait depends on chance.
 *
 * Source: Newell, Applications of Queueing Theory (1982), 2.
 */

import { erlangC, variationFactor } from '../../numerics/erlang';
import { type ResolvedConsumer, type ResolvedWorkload, workSeconds } from '../resolve';
import { asksForEachItem } from '../scaler';
import { chancePhase, chanceStretches, drainStretches } from './chance';
import { type FluidPath, type FluidPiece, slotsAt } from './fluid';
import type { Stretch, Waits } from './stretch';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { max, min } = Math;

/** Two waits in a row use the path twice, which needs a finer cut. */
const FINE_CUTS = 96;

/** The path cut into stretches. */
export function waitsAlong(path: FluidPath, workload: ResolvedWorkload, consumer: ResolvedConsumer): Waits {
  const work = workSeconds(workload, consumer.maxAttempts);
  const waits: Waits = { stretches: [], course: [], lasting: false };
  const chance = chancePhase(path, workload, work);
  const starts = startsOf(path);
  let rank = path.pieces.length > 0 ? path.pieces[0].startItems : 0;
  for (const piece of path.pieces) {
    if (chance !== undefined && piece.from >= chance.from && piece.to <= chance.until) {
      chanceStretches(chance, path, piece, workload, work, waits);
    } else if (chance !== undefined && piece.from >= chance.until && piece.from < chance.cleared) {
      drainStretches(chance, path, piece, workload, work, waits);
    } else if (piece.busy) {
      const known = waits.stretches.length;
      busyStretches(piece, rank, starts, workload.failureRatio > 0, waits);
      if (workload.burstItems > 0) {
        waits.stretches.push(...waits.stretches.splice(known).flatMap((each) => byChance(each, path, work, workload)));
      }
    } else {
      // Where each item gets a slot of its own, it waits for one only when all of them are busy.
      const slots = asksForEachItem(consumer) ? consumer.maxInstances * consumer.slotsPerInstance : piece.slots;
      const stretch = idleStretch({ ...piece, slots: max(piece.slots, slots) }, workload, work);
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

/**
 * Every slot is busy: the wait is the distance to the curve of starts, a straight line from one of its breaks to the
 * next. Items that fail read their second wait from the path and need equal, fine cuts.
 */
function busyStretches(piece: FluidPiece, rank: number, starts: Starts, fine: boolean, waits: Waits): void {
  const { arrivalsPerSecond: rate, from } = piece;
  const last = rank + rate * (piece.to - from);
  const cut = (last - rank) / FINE_CUTS;
  let begin = rank;
  let before = max(0, startOf(starts, begin) - from);
  for (let i = 1; begin < last; i += 1) {
    const end = min(last, fine ? rank + i * cut : nextBreak(starts, begin));
    const at = from + (begin - rank) / rate;
    const after = max(0, startOf(starts, end) - from - (end - rank) / rate);
    const stretch = {
      at,
      weight: end - begin,
      low: min(before, after),
      high: max(before, after),
      waiting: 0,
      decay: 1,
    };
    waits.stretches.push(stretch);
    waits.course.push(stretch);
    begin = end;
    before = after;
  }
}

/** Points and weights that stand for a normal distribution: Gauss and Hermite, of three. */
const NORMAL: readonly (readonly [number, number])[] = [
  [-Math.sqrt(3), 1 / 6],
  [0, 2 / 3],
  [Math.sqrt(3), 1 / 6],
];

/** A line of items: its mean, and its variance over the runs. */
interface Line {
  readonly mean: number;
  readonly variance: number;
}

/** What waits when a burst comes: of the steady rate, by Erlang C, exponential where anything waits at all. */
function lineBefore({ pieces }: FluidPath, workload: ResolvedWorkload, work: number): Line {
  const offered = workload.steadyPerSecond * work;
  const { slots } = pieces[0];
  if (slots <= offered) return { mean: 0, variance: 0 };
  const waiting = erlangC(slots, offered);
  const given = ((offered / (slots - offered)) * (1 + workload.serviceVariation ** 2)) / 2;
  return { mean: waiting * given, variance: waiting * given ** 2 * (2 - waiting) };
}

/**
 * A wait after a burst: until those before are served, which are whole items. Their number and what they take is left to
 * chance, and spreads as a normal law does: the line that the burst has met, arrivals since, and a sum of services.
 */
function byChance(stretch: Stretch, path: FluidPath, work: number, workload: ResolvedWorkload): Stretch[] {
  const { steadyPerSecond, serviceVariation, peakSeconds } = workload;
  const before = lineBefore(path, workload, work);
  const since = max(0, stretch.at - peakSeconds);
  const moved = (wait: number, point: number) => {
    const capacity = slotsAt(path, stretch.at + wait) / work;
    if (capacity === 0) return wait;
    const served = (since + wait) * capacity;
    const spread = Math.sqrt(before.variance + steadyPerSecond * since + serviceVariation ** 2 * served);
    return max(0, wait + (0.5 + before.mean + point * spread) / capacity);
  };
  return NORMAL.map(([point, share]) => ({
    ...stretch,
    weight: stretch.weight * share,
    low: min(moved(stretch.low, point), moved(stretch.high, point)),
    high: max(moved(stretch.low, point), moved(stretch.high, point)),
  }));
}

/** The curve of starts: when the item of a rank is started, a line with a break at every event. */
interface Starts {
  readonly ranks: number[];
  /** Seconds since the peak began. */
  readonly times: number[];
  /** The break before the last requested rank: ranks mostly rise. */
  cursor: number;
}

function startsOf(path: FluidPath): Starts {
  const starts: Starts = { ranks: [], times: [], cursor: 0 };
  let arrived = path.pieces.length > 0 ? path.pieces[0].startItems : 0;
  for (const piece of path.pieces) {
    starts.ranks.push(arrived - max(0, piece.startItems - piece.slots));
    starts.times.push(piece.from);
    arrived += piece.arrivalsPerSecond * (piece.to - piece.from);
    starts.ranks.push(arrived - max(0, piece.endItems - piece.slots));
    starts.times.push(piece.to);
  }
  const last = path.pieces.at(-1);
  // Instances that start take all that waits at once, if they are enough: the curve ends with a step.
  if (last !== undefined && Number.isFinite(path.drainSeconds)) {
    starts.ranks.push(arrived);
    starts.times.push(last.to);
  }
  return starts;
}

function startOf(starts: Starts, rank: number): number {
  const { ranks, times } = starts;
  let i = starts.cursor;
  while (i > 0 && ranks[i] > rank) i -= 1;
  while (i < ranks.length - 2 && ranks[i + 1] < rank) i += 1;
  starts.cursor = i;
  const share = ranks[i + 1] > ranks[i] ? max(0, rank - ranks[i]) / (ranks[i + 1] - ranks[i]) : 1;
  return times[i] + share * (times[i + 1] - times[i]);
}

/** The first break after the last requested rank; `Infinity` after the last break. */
function nextBreak({ ranks, cursor }: Starts, rank: number): number {
  for (let i = cursor; i < ranks.length; i += 1) if (ranks[i] > rank) return ranks[i];
  return Number.POSITIVE_INFINITY;
}
