/**
 * How long the items of one peak take, as a distribution: each stretch of the fluid path contributes its items with
 * the wait that the path gives them, the random wait of Erlang C where slots are idle at times, and one service an
 * attempt.
 *
 * A healthy item that fails joins the end of the line again after a backoff, so that its second wait is that of the
 * later moment.
 *
 * Source: Newell, Applications of Queueing Theory (1982), 2 (delay as the horizontal distance between arrivals and
 * starts); Kleinrock, Queueing Systems I, 3.5.
 */
import { backoffBound } from './backoff';
import { erlangC, sojournTail, variationFactor } from './erlang';
import type { FluidPath, FluidPiece } from './fluid';
import { gammaTail, logGamma, serviceQuantile, serviceTail, solveTail } from './gamma';
import { departureVariation } from './peak-backlog';
import { reflectedLevel } from './reflected';
import { type ResolvedConsumer, type ResolvedWorkload, workSeconds } from './resolve';

/** Distribution of the time from arrival to the end of service. */
export interface LatencyMix {
  /** P(latency > seconds). */
  tail(seconds: number): number;
  /** The latency in seconds that a share `quantile` of items stay within. */
  quantile(quantile: number): number;
}

/** Items that arrive in one stretch of time. */
interface Part {
  readonly at: number;
  readonly weight: number;
  /** Shortest and longest wait of the fluid path in seconds, spread evenly. */
  readonly low: number;
  readonly high: number;
  /** Probability of a random wait, and the rate at which it falls off. */
  readonly waiting: number;
  readonly decay: number;
}

/** Stretches that one piece of the path is cut into. */
const CUTS = 12;

/** The latency of all items that arrive on the path. */
export function latencyMix(path: FluidPath, workload: ResolvedWorkload, consumer: ResolvedConsumer): LatencyMix {
  const { parts, course } = partsOf(path, workload, consumer);
  const total = parts.reduce((sum, part) => sum + part.weight, 0);
  const { serviceSeconds: mean, serviceVariation: variation } = workload;
  const attempts = attemptShares(workload.failureRatio, consumer.maxAttempts);
  const repeats = attempts.slice(1).flatMap((share, i) => repeated(i + 2, share, parts, course, workload));
  const tail = (seconds: number): number => {
    let sum = 0;
    for (const part of parts) sum += part.weight * partTail(part, seconds, mean, variation);
    let beyond = (attempts[0] * sum) / total;
    for (const repeat of repeats) beyond += repeat.share * uniformlyDelayedTail(repeat, seconds);
    return beyond;
  };
  return { tail, quantile: (quantile) => solveTail(tail, 1 - quantile, mean) };
}

function partTail(part: Part, seconds: number, mean: number, variation: number): number {
  if (part.waiting > 0) return sojournTail(seconds, mean, variation, part.waiting, part.decay);
  const { low, high } = part;
  const width = high - low;
  // Where the wait changes by much more than a service takes, the service only shifts it.
  if (width > 4 * mean) return Math.min(1, Math.max(0, (high + mean - seconds) / width));
  if (width < mean / 4) return serviceTail(seconds - (low + high) / 2, mean, variation);
  let sum = 0;
  for (let i = 0; i < 4; i += 1) sum += serviceTail(seconds - low - (width * (i + 0.5)) / 4, mean, variation);
  return sum / 4;
}

/** P(latency > seconds) of a stage in its steady state, every attempt counted. */
export function stationaryTail(
  seconds: number,
  workload: ResolvedWorkload,
  maxAttempts: number,
  waiting: number,
  decay: number,
): number {
  const { serviceSeconds: mean, serviceVariation: variation, failureRatio } = workload;
  const attempts = attemptShares(failureRatio, maxAttempts);
  const part: Part = { at: 0, weight: 1, low: 0, high: 0, waiting, decay };
  let beyond = attempts[0] * sojournTail(seconds, mean, variation, waiting, decay);
  for (let k = 2; k <= attempts.length; k += 1) {
    for (const repeat of repeated(k, attempts[k - 1], [part], [part], workload)) {
      beyond += repeat.share * uniformlyDelayedTail(repeat, seconds);
    }
  }
  return beyond;
}

/** The latency in seconds at `quantile` of an item that never waits: its services and backoffs alone. */
export function unhinderedLatency(workload: ResolvedWorkload, maxAttempts: number, quantile: number): number {
  if (workload.failureRatio === 0) {
    return serviceQuantile(quantile, workload.serviceSeconds, workload.serviceVariation);
  }
  return solveTail((t) => stationaryTail(t, workload, maxAttempts, 0, 1), 1 - quantile, workload.serviceSeconds);
}

/** Attempts, hence waits, that all but a share 1 − `quantile` of the served items get by with. */
export function waitsAtQuantile(failureRatio: number, maxAttempts: number, quantile: number): number {
  let beyond = 1;
  let attempts = 0;
  for (const share of attemptShares(failureRatio, maxAttempts)) {
    attempts += 1;
    beyond -= share;
    if (beyond <= 1 - quantile) break;
  }
  return attempts;
}

/** Share of served items that were served at attempt 1, 2, …; what is too rare to move a quantile is left out. */
function attemptShares(failureRatio: number, maxAttempts: number): number[] {
  const shares: number[] = [];
  const served = 1 - failureRatio ** maxAttempts;
  for (let k = 0; k < maxAttempts; k += 1) {
    const share = ((1 - failureRatio) * failureRatio ** k) / served;
    if (k > 0 && share < 1e-5) break;
    shares.push(share);
  }
  return shares;
}

interface Repeat {
  readonly share: number;
  readonly shift: number;
  readonly mean: number;
  readonly shape: number;
  readonly logGammas: readonly [number, number];
  readonly delay: number;
}

/** Items served at their k-th attempt: k services, k waits, k − 1 backoffs. */
function repeated(
  k: number,
  share: number,
  parts: readonly Part[],
  course: readonly Part[],
  workload: ResolvedWorkload,
): Repeat[] {
  const total = parts.reduce((sum, part) => sum + part.weight, 0);
  const repeats: Repeat[] = [];
  let known: { mean: number; variance: number; shape: number; logGammas: readonly [number, number] } | undefined;
  for (const part of parts) {
    let shift = 0;
    let at = part.at;
    let mean = 0;
    let variance = 0;
    for (let n = 0; n < k; n += 1) {
      const visited = n === 0 ? part : partAt(course, at);
      const wait = (visited.low + visited.high) / 2;
      const random = visited.waiting / visited.decay;
      const backoff = n < k - 1 ? backoffBound(n) : 0;
      shift += wait;
      mean += workload.serviceSeconds + random;
      variance += (workload.serviceSeconds * workload.serviceVariation) ** 2;
      variance += (2 * visited.waiting) / visited.decay ** 2 - random * random;
      if (n < k - 2) {
        mean += backoff / 2;
        variance += (backoff * backoff) / 12;
      }
      at += wait + random + workload.serviceSeconds + backoff / 2;
    }
    if (known === undefined || known.mean !== mean || known.variance !== variance) {
      const shape = variance > 1e-9 * mean * mean ? (mean * mean) / variance : 1e9;
      known = { mean, variance, shape, logGammas: [logGamma(Math.min(shape, 1e6)), logGamma(Math.min(shape, 1e6) + 1)] };
    }
    const weight = (share * part.weight) / total;
    const last = repeats[repeats.length - 1];
    if (last !== undefined && last.shift === shift && last.mean === mean && last.shape === known.shape) {
      repeats[repeats.length - 1] = { ...last, share: last.share + weight };
    } else {
      repeats.push({ share: weight, shift, mean, shape: known.shape, logGammas: known.logGammas, delay: backoffBound(k - 2) });
    }
  }
  return repeats;
}

/** P(shift + X + U > t), X gamma, U uniform on (0, delay): the mean of X's tail over the delay, in closed form. */
function uniformlyDelayedTail(repeat: Repeat, seconds: number): number {
  const t = seconds - repeat.shift;
  if (t <= 0) return 1;
  const { delay } = repeat;
  // Twelve standard deviations out there is nothing to integrate.
  if (t > delay + repeat.mean * (1 + 12 / Math.sqrt(Math.min(1, repeat.shape)))) return 0;
  const upTo = partialMean(repeat, t) - partialMean(repeat, Math.max(0, t - delay));
  return Math.min(1, (upTo + Math.max(0, delay - t)) / delay);
}

/** E[min(X, t)] = ∫₀ᵗ P(X > x) dx of a gamma X. */
function partialMean({ mean, shape, logGammas }: Repeat, t: number): number {
  if (t <= 0) return 0;
  if (shape >= 1e6) return Math.min(mean, t);
  const x = (t / mean) * shape;
  return t * gammaTail(shape, x, logGammas[0]) + mean * (1 - gammaTail(shape + 1, x, logGammas[1]));
}

function partAt(parts: readonly Part[], seconds: number): Part {
  let low = 0;
  let high = parts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (parts[middle].at <= seconds) low = middle;
    else high = middle - 1;
  }
  return parts[low];
}

/**
 * The path cut into stretches: once with the spread of the waits of the items that arrive in each, and once with their
 * mean alone, for those who come back later.
 */
function partsOf(
  path: FluidPath,
  workload: ResolvedWorkload,
  consumer: ResolvedConsumer,
): { parts: Part[]; course: Part[] } {
  const work = workSeconds(workload, consumer.maxAttempts);
  const spread = variationFactor(workload.serviceVariation);
  const starts = startsOf(path);
  const chancy = chancePhase(path, workload, work);
  // Two waits in a row fold the path upon itself, which takes a finer cut to follow.
  const fine = workload.failureRatio > 0 ? 8 * CUTS : CUTS;
  const parts: Part[] = [];
  const course: Part[] = [];
  let rank = path.pieces.length > 0 ? path.pieces[0].startItems : 0;
  let cursor = 0;
  const startOf = (place: number): number => {
    while (cursor > 0 && starts[cursor].rank > place) cursor -= 1;
    while (cursor < starts.length - 2 && starts[cursor + 1].rank < place) cursor += 1;
    const from = starts[cursor];
    const to = starts[cursor + 1];
    const share = to.rank > from.rank ? Math.max(0, place - from.rank) / (to.rank - from.rank) : 1;
    return from.at + share * (to.at - from.at);
  };
  for (const piece of path.pieces) {
    const byChance = chancy !== undefined && piece.from >= chancy.from && piece.to <= chancy.until;
    if (chancy !== undefined && piece.from >= chancy.until && piece.from < chancy.cleared) {
      drainParts(chancy, path, piece, workload, work, parts, course);
      rank += piece.arrivalsPerSecond * (piece.to - piece.from);
      continue;
    }
    const cuts = byChance ? CUTS : piece.busy ? fine : 1;
    const step = (piece.to - piece.from) / cuts;
    const weight = piece.arrivalsPerSecond * step;
    const offered = Math.min(piece.arrivalsPerSecond * work, piece.slots * 0.999);
    for (let i = 0; i < cuts; i += 1) {
      const at = piece.from + i * step;
      if (byChance) {
        course.push(...chanceParts(chancy, path, piece, at, step, workload, work, parts));
        continue;
      }
      if (!piece.busy && piece.arrivalsPerSecond * work >= piece.slots) {
        // On its way to more than its capacity, but with slots free until then.
        parts.push({ at, weight, low: 0, high: 0, waiting: 0, decay: 1 });
      } else if (!piece.busy) {
        const decay = (piece.slots - offered) / work / spread;
        parts.push({ at, weight, low: 0, high: 0, waiting: erlangC(piece.slots, offered), decay });
      } else {
        const first = Math.max(0, startOf(rank + i * weight) - at);
        const last = Math.max(0, startOf(rank + (i + 1) * weight) - at - step);
        parts.push({ at, weight, low: Math.min(first, last), high: Math.max(first, last), waiting: 0, decay: 1 });
      }
      course.push(parts[parts.length - 1]);
    }
    rank += piece.arrivalsPerSecond * (piece.to - piece.from);
  }
  return { parts, course };
}

/**
 * The part of a path on which the backlog is a matter of chance: with the first crew near its capacity, and with the
 * next until even an unlikely line is cleared.
 */
interface ChancePhase {
  readonly from: number;
  readonly until: number;
  readonly cleared: number;
  /** Lines at `until`, at the shares of `CHANCES`. */
  readonly lines: readonly number[];
}

/** Beyond this many waiting items chance is a matter of a few per cent, and the path alone says enough. */
const CERTAIN_BACKLOG = 2000;
/** Below this share of capacity a stage that has settled says enough. */
const CHANCE_ABOVE = 0.85;

/** Above this multiple of capacity the line at the end of the phase is what the path says, give or take little. */
const NEAR_BELOW = 1.15;
/** Below this share of capacity the next crew keeps up. */
const SETTLED_BELOW = 0.97;

function chancePhase(path: FluidPath, workload: ResolvedWorkload, work: number): ChancePhase | undefined {
  const first = path.pieces[0];
  if (first === undefined || first.slots === 0 || path.peakBacklog > CERTAIN_BACKLOG) return undefined;
  const rate = first.arrivalsPerSecond;
  const index = path.pieces.findIndex((piece) => piece.slots !== first.slots || piece.arrivalsPerSecond !== rate);
  const next = path.pieces[index];
  // Without a change of capacity the stage settles, and the plan has made sure that it has the time to.
  if (next === undefined || next.slots === first.slots) return undefined;
  if (rate * work < CHANCE_ABOVE * first.slots) return undefined;
  const from = path.pieces.find((piece) => piece.busy && piece.slots === first.slots)?.from ?? 0;
  const until = next.from;
  const capacity = first.slots / work;
  const variance = rate + capacity * departureVariation(until - from, work, workload.serviceVariation);
  const lines = CHANCES.map((share) => reflectedLevel(1 - share, rate - capacity, variance, until - from));
  const spare = next.slots / work - rate;
  const left = lines[lines.length - 1] - (next.slots - first.slots);
  // Far above capacity the path itself has the line; and a crew that has not settled has no settled wait.
  const near = rate * work < NEAR_BELOW * first.slots && rate * work < SETTLED_BELOW * next.slots;
  const cleared = until + (near && left > 0 && next.arrivalsPerSecond === rate ? left / spare : 0);
  return { from, until, cleared, lines };
}

/** What is left of the lines of the chance phase once more slots run: some runs still wait, the others have settled. */
function drainParts(
  phase: ChancePhase,
  path: FluidPath,
  piece: FluidPiece,
  workload: ResolvedWorkload,
  work: number,
  parts: Part[],
  course: Part[],
): void {
  const rate = piece.arrivalsPerSecond;
  const first = path.pieces[0];
  const capacity = piece.slots / work;
  const spread = variationFactor(workload.serviceVariation);
  const offered = Math.min(rate * work, piece.slots * 0.999);
  const settled = { waiting: erlangC(piece.slots, offered), decay: (piece.slots - offered) / work / spread };
  const had = erlangC(first.slots, first.arrivalsPerSecond * work);
  const ends = Math.min(piece.to, Math.max(piece.from, phase.cleared));
  const step = (ends - piece.from) / CUTS;
  for (let i = 0; i < CUTS && step > 0; i += 1) {
    const at = piece.from + i * step;
    const gone = piece.slots - first.slots + (capacity - rate) * (at + step / 2 - phase.until);
    let still = 0;
    let mean = 0;
    for (let j = 1; j < CHANCES.length; j += 1) {
      const share = had * (CHANCES[j] - CHANCES[j - 1]);
      const high = (phase.lines[j] - gone) / capacity;
      if (high <= 0) continue;
      const low = Math.max(0, (phase.lines[j - 1] - gone) / capacity);
      parts.push({ at, weight: rate * step * share, low, high, waiting: 0, decay: 1 });
      still += share;
      mean += (share * (low + high)) / 2;
    }
    parts.push({ at, weight: rate * step * (1 - still), low: 0, high: 0, ...settled });
    course.push({ at, weight: 0, low: mean, high: mean, waiting: 0, decay: 1 });
  }
  if (ends >= piece.to) return;
  parts.push({ at: ends, weight: rate * (piece.to - ends), low: 0, high: 0, ...settled });
  course.push(parts[parts.length - 1]);
}

/** Quantiles between which the wait is taken as spread evenly. */
const CHANCES = [0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.96, 0.99, 0.999];

/** Parts of one stretch of the chance phase; returns the mean course. */
function chanceParts(
  phase: ChancePhase,
  path: FluidPath,
  piece: FluidPiece,
  at: number,
  step: number,
  workload: ResolvedWorkload,
  work: number,
  parts: Part[],
): Part[] {
  const rate = piece.arrivalsPerSecond;
  const capacity = piece.slots / work;
  const waiting = erlangC(piece.slots, rate * work);
  const middle = at + step / 2;
  const weight = rate * step;
  const seconds = middle - phase.from;
  const variance = rate + capacity * departureVariation(seconds, work, workload.serviceVariation);
  if (seconds <= 0) {
    parts.push({ at, weight, low: 0, high: 0, waiting: 0, decay: 1 });
    return [parts[parts.length - 1]];
  }
  if (waiting < 1) parts.push({ at, weight: weight * (1 - waiting), low: 0, high: 0, waiting: 0, decay: 1 });
  let mean = 0;
  let before = 0;
  for (let i = 1; i < CHANCES.length; i += 1) {
    const line = reflectedLevel(1 - CHANCES[i], rate - capacity, variance, seconds);
    const wait = clearedAfter(path, middle, line, work);
    const share = CHANCES[i] - CHANCES[i - 1];
    parts.push({ at, weight: weight * waiting * share, low: before, high: wait, waiting: 0, decay: 1 });
    mean += waiting * share * ((before + wait) / 2);
    before = wait;
  }
  return [{ at, weight, low: mean, high: mean, waiting: 0, decay: 1 }];
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
  return now + (left * work) / Math.max(1, slots) - at;
}

/** When the item of each rank is started: breakpoints of a piecewise straight line. */
function startsOf(path: FluidPath): { at: number; rank: number }[] {
  const starts: { at: number; rank: number }[] = [];
  let arrived = path.pieces.length > 0 ? path.pieces[0].startItems : 0;
  for (const piece of path.pieces) {
    starts.push({ at: piece.from, rank: arrived - Math.max(0, piece.startItems - piece.slots) });
    arrived += piece.arrivalsPerSecond * (piece.to - piece.from);
    starts.push({ at: piece.to, rank: arrived - Math.max(0, piece.endItems - piece.slots) });
  }
  return starts;
}
