/**
 * Waiting for one of several slots: exact Erlang C for M/M/c, corrected for the variation of the service time.
 *
 * An item waits W and is then served S; T = W + S is its time in system. W is 0 with probability 1 − C(c, a) and
 * otherwise exponential with rate θ = (cμ − λ) ÷ ((1 + cv²) / 2): exact for M/M/c, Allen–Cunneen for other variations.
 *
 * Source: Erlang (1917); Kleinrock, Queueing Systems I, 3.5; Allen, Probability, Statistics and Queueing Theory
 * (1990), 5.4 (Allen–Cunneen).
 */
import { firstIndex } from '../search';
import { CONSTANT_BELOW, gammaTail, serviceTail, solveTail } from './gamma';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { ceil, exp, floor, log, max, min, sqrt } = Math;
const NEVER = Number.POSITIVE_INFINITY;

/** One stage with `slots` equal slots and Poisson arrivals. */
export interface Stage {
  /** Items that arrive per second. 0 or more. */
  readonly arrivalsPerSecond: number;
  /** Mean seconds that a slot is busy with an item. Above 0. */
  readonly serviceSeconds: number;
  /** Items served at the same time. A whole number, 1 or more. */
  readonly slots: number;
  /**
   * Coefficient of variation of the service time. 0 or more.
   *
   * @default 1
   */
  readonly serviceVariation?: number;
}

/**
 * Probability that an item finds every slot busy, C(c, a); 1 when the load is not below the slots.
 *
 * Recursion on Erlang B, 1/B(k) = 1 + (k/a)/B(k−1), which neither overflows nor cancels.
 *
 * @param slots whole number, 1 or more
 * @param offeredLoad arrivals per second × service seconds, 0 or more
 */
export function erlangC(slots: number, offeredLoad: number): number {
  if (offeredLoad <= 0) return 0;
  if (offeredLoad >= slots) return 1;
  return fromErlangB(erlangB(slots, offeredLoad), slots, offeredLoad);
}

/**
 * Probability that an item is refused when nothing may wait, B(c, a). O(√a).
 *
 * The recursion forgets where it began: from k₀ to c an error in 1/B shrinks by ∏ k/a < e^(−((a − k₀)² − (a − c)²) ÷
 * 2a), so that it may begin where that is e⁻²⁰⁰, far below what a double can tell, and need not begin at 0.
 */
export function erlangB(slots: number, offeredLoad: number): number {
  const short = max(0, offeredLoad - slots);
  const begin = max(0, floor(offeredLoad - sqrt(short * short + 400 * offeredLoad)));
  let blocking = 1;
  // Far above the load no item is refused any more; where that is depends on the load, not on the slots.
  for (let k = begin + 1; k <= slots && blocking > 0; k += 1) {
    blocking = (offeredLoad * blocking) / (k + offeredLoad * blocking);
  }
  return blocking;
}

/** C = B ÷ (1 − ρ(1 − B)). */
function fromErlangB(blocking: number, slots: number, offeredLoad: number): number {
  return blocking / (1 - (offeredLoad / slots) * (1 - blocking));
}

/** Rate per second at which the waiting time of those who wait falls off; 0 when the stage is not stable. */
export function waitDecay(stage: Stage): number {
  const spare = stage.slots / stage.serviceSeconds - stage.arrivalsPerSecond;
  return spare <= 0 ? 0 : spare / variationFactor(stage.serviceVariation);
}

/** (1 + cv²) ÷ 2: how much longer than with exponential service an item waits (Allen–Cunneen). */
export function variationFactor(serviceVariation = 1): number {
  return (1 + serviceVariation * serviceVariation) / 2;
}

/** Mean waiting time in seconds; `Infinity` when the stage is not stable. */
export function meanWait(stage: Stage): number {
  const decay = waitDecay(stage);
  return decay === 0 ? NEVER : erlangC(stage.slots, load(stage)) / decay;
}

/** Probability that an item waits longer than `seconds`. */
export function waitProbabilityBeyond(stage: Stage, seconds: number): number {
  const decay = waitDecay(stage);
  return decay === 0 ? 1 : erlangC(stage.slots, load(stage)) * exp(-decay * seconds);
}

/** The waiting time in seconds that a share `quantile` of items stay within; `Infinity` when not stable. */
export function waitQuantile(stage: Stage, quantile: number): number {
  const decay = waitDecay(stage);
  if (decay === 0) return NEVER;
  return max(0, log(erlangC(stage.slots, load(stage)) / (1 - quantile)) / decay);
}

/** The time in system in seconds that a share `quantile` of items stay within; `Infinity` when not stable. */
export function sojournQuantile(stage: Stage & { readonly quantile: number }): number {
  const decay = waitDecay(stage);
  if (decay === 0) return NEVER;
  const waiting = erlangC(stage.slots, load(stage));
  const variation = stage.serviceVariation ?? 1;
  const tail = (t: number) => sojournTail(t, stage.serviceSeconds, variation, waiting, decay);
  return solveTail(tail, 1 - stage.quantile, stage.serviceSeconds * (1 + 3 * variation) + 1 / decay);
}

/**
 * P(T > t) when an item waits with probability `waiting`, exponentially with rate `decay`, and is then served.
 *
 * P(T > t) = P(S > t) + waiting · e^(−θt) · E[e^(θS); S ≤ t]. For gamma service of scale b the expectation is again a
 * gamma integral while θb < 1; beyond that W is the shorter part and W + S is matched by a gamma of the same two
 * moments, which is exact at θb = 1.
 */
export function sojournTail(t: number, mean: number, variation: number, waiting: number, decay: number): number {
  if (t <= 0) return 1;
  const alone = serviceTail(t, mean, variation);
  if (waiting <= 0) return alone;
  return (1 - waiting) * alone + waiting * delayedServiceTail(t, mean, variation, decay);
}

/** P(E + S > t) with E exponential of that rate. */
function delayedServiceTail(t: number, mean: number, variation: number, decay: number): number {
  if (variation < CONSTANT_BELOW) return t < mean ? 1 : exp(-decay * (t - mean));
  const scale = mean * variation * variation;
  const shape = 1 / (variation * variation);
  const tilt = 1 - decay * scale;
  // The closed form divides by tilt^shape: near 0 the matched gamma is the more accurate of the two.
  if (tilt < 0.02 || shape * -log(tilt) > 600) {
    const mu = mean + 1 / decay;
    const matched = (mu * mu) / (mean * scale + 1 / (decay * decay));
    return gammaTail(matched, (t / mu) * matched);
  }
  const within = 1 - gammaTail(shape, (t / scale) * tilt);
  return min(1, serviceTail(t, mean, variation) + exp(-decay * t - shape * log(tilt)) * within);
}

/** The promise of a stage. */
export interface WaitObjective {
  /** Items that arrive per second. Above 0. */
  readonly arrivalsPerSecond: number;
  /** Mean seconds of service. Above 0. */
  readonly serviceSeconds: number;
  /**
   * Coefficient of variation of the service time.
   *
   * @default 1
   */
  readonly serviceVariation?: number;
  /** Longest wait in seconds, 0 or more. */
  readonly waitSeconds: number;
  /** Share of items that must not wait longer. Above 0 and below 1. */
  readonly quantile: number;
}

/**
 * The fewest slots with which a share `quantile` of items wait no longer than `waitSeconds`; always stable.
 *
 * P(W > w) falls with every slot, so that the first count that keeps the objective is the smallest. One pass of the
 * Erlang B recursion serves all counts tried; the walk is O(answer).
 */
export function slotsFor(objective: WaitObjective): number {
  const { arrivalsPerSecond, serviceSeconds, waitSeconds } = objective;
  const variation = variationFactor(objective.serviceVariation);
  return fewestSlots(arrivalsPerSecond * serviceSeconds, (slots, waiting) => {
    const decay = (slots / serviceSeconds - arrivalsPerSecond) / variation;
    return waiting * exp(-decay * waitSeconds) <= 1 - objective.quantile;
  });
}

/** The smallest stable slot count that `keeps(slots, C(slots, a))`. The caller's condition must hold in the end. */
export function fewestSlots(offeredLoad: number, keeps: (slots: number, waiting: number) => boolean): number {
  // Up to the load no count is stable, so none is tried.
  const unstable = floor(offeredLoad);
  let blocking = erlangB(unstable, offeredLoad);
  let slots = unstable + 1;
  for (; blocking > 0; slots += 1) {
    blocking = (offeredLoad * blocking) / (slots + offeredLoad * blocking);
    if (keeps(slots, fromErlangB(blocking, slots, offeredLoad))) return slots;
  }
  return smallestWhole(slots, (count) => keeps(count, 0));
}

/** The smallest whole number from `least` on that `holds`, in strides that double and then halve. */
function smallestWhole(least: number, holds: (value: number) => boolean): number {
  // A promise that no count keeps is refused later, like any other.
  const last = Math.max(0, Number.MAX_SAFE_INTEGER - least);
  return least + firstIndex(last, (index) => holds(least + index));
}

/**
 * Square-root staffing a + β√a: a cross-check for `slotsFor` at large loads, used for nothing else, since at a = 5 its
 * "5 %" already means 8 %.
 *
 * Source: Halfin & Whitt, "Heavy-traffic limits for queues with many exponential servers", Operations Research 29 (1981).
 */
export function squareRootStaffing(offeredLoad: number, beta: number): number {
  return ceil(offeredLoad + beta * sqrt(offeredLoad));
}

function load(stage: Stage): number {
  return stage.arrivalsPerSecond * stage.serviceSeconds;
}
