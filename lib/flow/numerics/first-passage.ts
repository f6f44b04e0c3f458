/**
 * How long the line of a stage gets within a time, on average over all runs.
 *
 * The stage is a birth-and-death chain. The time until it first reaches a level has a mean and a variance in closed
 * recursion, and a gamma law of these two says how likely the level is reached in time; the mean maximum is the sum of
 * these probabilities. A rare level gives an exponential time, hence the Gumbel law of extreme values; a certain one
 * gives a sharp time, hence the fluid path.
 *
 * Source: Keilson, Markov Chain Models — Rarity and Exponentiality (1979), 5; Leadbetter, Lindgren & Rootzén, Extremes
 * and Related Properties of Random Sequences and Processes (1983).
 */
import { departureVariation } from './departures';
import { erlangC, variationFactor } from './erlang';
import { gammaTail } from './gamma';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { abs, floor, max, min, round, sqrt } = Math;

/** A stage observed for a while. */
export interface Observation {
  /** Items that arrive per second. */
  readonly arrivalsPerSecond: number;
  /** Mean seconds of service. */
  readonly serviceSeconds: number;
  /** Coefficient of variation of the service time. */
  readonly serviceVariation: number;
  /** Items served at the same time. */
  readonly slots: number;
  /** Outstanding items at the beginning. */
  readonly startItems: number;
  /** Length of the observation. */
  readonly seconds: number;
  /** Whether the observation starts anywhere in the settled state, not at `startItems`. */
  readonly settled?: boolean;
}

/** Mean of the larger of `floor` and the largest number of waiting items within `seconds`. */
export function expectedMaximum(observed: Observation, floor = 0): number {
  const { slots, seconds } = observed;
  if (outOfReach(observed, floor)) return floor;
  const start = round(observed.startItems);
  let sum = max(floor, start - slots);
  let lastShare = 1;
  let lastLevel = slots + sum;
  const begun = observed.settled ? stationaryLine(observed) : () => 0;
  firstPassage(observed, start, (level, mean, variance) => {
    if (level <= lastLevel && lastShare === 1) return mean < 1000 * seconds;
    // Far levels are weighed in strides: the share falls slowly where they are many.
    if (level - lastLevel < max(1, 0.03 * (lastLevel - slots))) return true;
    const share = 1 - (1 - shareWithin(seconds, mean, variance)) * (1 - begun(level - slots));
    sum += (level - lastLevel) * (level - lastLevel > 1 ? (share + lastShare) / 2 : share);
    lastShare = share;
    lastLevel = level;
    return share > 1e-3;
  });
  return sum;
}

/** Lines expected to be exceeded fewer times than this are not computed level by level. */
const OFTEN_ENOUGH = 1e-9;

/**
 * Whether a stage below its capacity, started with no more than its settled line, stays below a line of that length: it
 * gets there at most arrivals × time × P(line ≥ length) times, and the line falls off with every level.
 */
export function outOfReach({ arrivalsPerSecond: rate, ...stage }: Observation, line: number): boolean {
  const { serviceSeconds, serviceVariation, slots, startItems, seconds } = stage;
  const drift = rate - slots / serviceSeconds;
  if (line <= 0 || drift >= 0 || startItems > slots) return false;
  // The largest variation that departures have at any length of time makes the longest lines.
  const { birth, death } = busyRates(rate, rate - drift, max(1, serviceVariation * serviceVariation));
  return (rate * seconds * (birth / death) ** line * death) / (death - birth) < OFTEN_ENOUGH;
}

/** P(line ≥ x) of the settled stage: what an observation that starts at any moment starts with. */
function stationaryLine({ arrivalsPerSecond, serviceSeconds, serviceVariation, slots }: Observation) {
  const waiting = erlangC(slots, arrivalsPerSecond * serviceSeconds);
  const birth = variationFactor(serviceVariation) * arrivalsPerSecond;
  const ratio = birth / (birth + slots / serviceSeconds - arrivalsPerSecond);
  return (line: number) => waiting * ratio ** line;
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
export function busyRates(rate: number, capacity: number, squaredVariation: number): { birth: number; death: number } {
  const drift = rate - capacity;
  if (drift <= 0) {
    const birth = (rate * (1 + squaredVariation)) / 2;
    return { birth, death: birth - drift };
  }
  const death = max(1e-3 * rate, (capacity * (1 + squaredVariation)) / 2);
  return { birth: death + drift, death };
}

/** Walks up the levels above `start`, telling mean and variance of the time until each is first reached. */
export function firstPassage(
  { arrivalsPerSecond: rate, serviceSeconds, serviceVariation, slots }: Observation,
  start: number,
  visit: (level: number, mean: number, variance: number) => boolean,
): void {
  const capacity = slots / serviceSeconds;
  const exponential = serviceVariation === 1;
  // Levels far below the start do not matter: the way up from there is quick and certain.
  let level = max(0, floor(start - 8 * sqrt(start) - 4));
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
      const seconds = min(mean, (level - slots + 1) / abs(capacity - rate));
      const squared = exponential ? 1 : departureVariation(seconds, serviceSeconds, serviceVariation);
      const { birth, death } = busyRates(rate, capacity, squared);
      up = birth;
      down = death;
    }
    const both = up + down;
    const mean2 = 1 / up + (down / up) * step;
    const back = step + mean2;
    stepVariance =
      (1 / (both * both) + (down / both) * stepVariance + ((down * up) / (both * both)) * back * back) * (both / up);
    step = mean2;
  }
}
