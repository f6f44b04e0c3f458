/**
 * The line of a single server with Poisson arrivals.
 *
 * Where services vary little the tail is exact: P(wait > t) → C·e^(−θt), where θ solves λ(M(θ) − 1) = θ and
 * C = (1 − ρ) ÷ (λM′(θ) − 1), M the moment generating function of the service. Where they vary much, few items wait and the
 * tail is not reached at the quantiles that count: there the wait is the compound geometric sum of Pollaczek and Khinchine,
 * computed on a grid. The law of many servers follows the variance of the service alone, which for constant services is a
 * tenth too much at two thirds of the capacity.
 *
 * Source: Asmussen, Applied Probability and Queues (2003), XIII.5 (Cramér–Lundberg), VIII.5 (Pollaczek–Khinchine).
 */
import { residualShare, serviceQuantile, serviceTail } from './gamma';

/** Halvings of a search: to the last digit that counts. */
const STEPS = 60;
/** Above it the tail is not reached at P99 of a line that is mostly empty. */
const VARIES = 1;
/** Places of the grid. */
const GRID = 400;
/** Euler's constant: the mean of the largest of many exponentials exceeds the logarithm of their number by it. */
const EULER = 0.5772;

/** A line of one server; services are gamma-distributed. */
export interface SingleServer {
  readonly arrivalsPerSecond: number;
  readonly serviceSeconds: number;
  readonly serviceVariation: number;
}

/** P(seconds from arrival to the end of service > t). */
export type SojournTail = (seconds: number) => number;

/** The law of the time from arrival to the end of service. Undefined where the line is not stable. */
export function sojournTail(server: SingleServer): SojournTail | undefined {
  const load = server.arrivalsPerSecond * server.serviceSeconds;
  if (load >= 1 || load <= 0) return undefined;
  return server.serviceVariation > VARIES ? gridTail(server, load) : exactTail(server, load);
}

/** Seconds from arrival to the end of service that a share `quantile` of the items does not exceed. */
export function sojournQuantile(quantile: number, server: SingleServer): number | undefined {
  const tail = sojournTail(server);
  return tail && quantileOf(tail, quantile, server.serviceSeconds);
}

/** Where a tail falls to 1 − quantile. */
export function quantileOf(tail: SojournTail, quantile: number, guess: number): number {
  const allowed = 1 - quantile;
  let high = guess;
  while (tail(high) > allowed && high < 1e15) high *= 2;
  let low = 0;
  for (let step = 0; step < STEPS && high - low > 1e-6 * high; step += 1) {
    const middle = (low + high) / 2;
    if (tail(middle) > allowed) low = middle;
    else high = middle;
  }
  return high;
}

function exactTail(server: SingleServer, load: number): SojournTail {
  const { arrivalsPerSecond: rate, serviceSeconds: mean, serviceVariation: variation } = server;
  const decay = decayOf(server);
  const share = ((1 - load) / (rate * slope(decay, server) - 1)) * transform(decay, server);
  // No item is faster than its own service.
  return (seconds) => Math.min(1, Math.max(serviceTail(seconds, mean, variation), share * Math.exp(-decay * seconds)));
}

/** By Panjer's recursion: the wait is a geometric number of residual services. */
function gridTail(server: SingleServer, load: number): SojournTail {
  const { serviceSeconds: mean, serviceVariation: variation, arrivalsPerSecond: rate } = server;
  const decay = decayOf(server);
  const longest = Math.max(serviceQuantile(0.9999, mean, variation), Math.log(1e4) / decay);
  const step = longest / GRID;
  // Residual services rounded up, so that no wait is too short.
  const residual = Array.from(
    { length: GRID + 1 },
    (_, place) =>
      residualShare(place * step, mean, variation) -
      (place === 0 ? 0 : residualShare((place - 1) * step, mean, variation)),
  ).map((share, place) => (place === 0 ? 0 : Math.abs(share)));
  const waits = new Float64Array(GRID + 1);
  waits[0] = 1 - load;
  for (let place = 1; place <= GRID; place += 1) {
    let sum = 0;
    for (let part = 1; part <= place; part += 1) sum += residual[part] * waits[place - part];
    waits[place] = load * sum;
  }
  const beyond = Math.max(0, 1 - waits.reduce((sum, share) => sum + share, 0));
  const far = ((1 - load) / (rate * slope(decay, server) - 1)) * transform(decay, server);
  return (seconds) => {
    if (seconds >= longest) return Math.min(1, far * Math.exp(-decay * seconds));
    let tail = beyond;
    for (let place = 0; place <= GRID; place += 1) {
      const rest = seconds - place * step;
      tail += waits[place] * (rest <= 0 ? 1 : serviceTail(rest, mean, variation));
    }
    return Math.min(1, tail);
  };
}

/** What is left waiting in a line, over some time. */
export interface LineLength {
  /** Mean number that waits. */
  readonly mean: number;
  /** Variance of that number. */
  readonly variance: number;
  /** The most in so many seconds: exceeded in one run of a hundred. */
  readonly most: number;
  /** The same, on average over runs. */
  readonly meanMost: number;
  /** Busy periods in that time. */
  readonly periods: number;
}

/**
 * How long a line is in so many seconds: busy periods are independent, their number is λ(1 − ρ)T, and the most items of one
 * exceed k with a probability of about (1 + θ ÷ λ)^−k. Undefined where the line is not stable.
 *
 * Source: Asmussen, Applied Probability and Queues (2003), VI.4 (extreme values of regenerative processes).
 */
export function lineLength(seconds: number, server: SingleServer): LineLength | undefined {
  const { arrivalsPerSecond: rate, serviceSeconds: mean, serviceVariation: variation } = server;
  const load = rate * mean;
  if (load >= 1 || load <= 0) return undefined;
  const growth = 1 + decayOf(server) / rate;
  const periods = Math.max(1, rate * (1 - load) * seconds);
  const waiting = (load * load * (1 + variation * variation)) / (2 * (1 - load));
  // Of those moments at which some wait, their number is geometric.
  const some = growth / (growth - 1);
  return {
    mean: waiting,
    variance: Math.max(0, waiting * (2 * some - 1) - waiting * waiting),
    most: (Math.log(periods) - Math.log(-Math.log(0.99))) / Math.log(growth),
    meanMost: (Math.log(periods) + EULER) / Math.log(growth),
    periods,
  };
}

/** θ: above 0, where λ(M(θ) − 1) crosses θ. */
function decayOf(server: SingleServer): number {
  const { arrivalsPerSecond: rate, serviceSeconds: mean, serviceVariation: variation } = server;
  const above = (theta: number) => rate * (transform(theta, server) - 1) >= theta;
  const squared = variation ** 2;
  // Of services that hardly vary the transform is finite everywhere that is looked at.
  let [low, high] = [0, 1 / (mean * Math.max(squared, 1e-3))];
  while (squared < 1e-3 && above(high / 2)) high /= 2;
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (above(middle)) high = middle;
    else low = middle;
  }
  return low;
}

/** M(θ) of gamma-distributed services. */
function transform(theta: number, { serviceSeconds: mean, serviceVariation: variation }: SingleServer): number {
  const squared = variation ** 2;
  return squared < 1e-9 ? Math.exp(theta * mean) : (1 - theta * squared * mean) ** (-1 / squared);
}

/** M′(θ). */
function slope(theta: number, { serviceSeconds: mean, serviceVariation: variation }: SingleServer): number {
  const squared = variation ** 2;
  return squared < 1e-9 ? mean * Math.exp(theta * mean) : mean * (1 - theta * squared * mean) ** (-1 / squared - 1);
}
