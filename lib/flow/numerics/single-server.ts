/**
 * The wait in the line of a single server with Poisson arrivals, exact in its tail: P(wait > t) → C·e^(−θt), where θ solves
 * λ(M(θ) − 1) = θ and C = (1 − ρ) ÷ (λM′(θ) − 1), M the moment generating function of the service. The law of many
 * servers follows the variance of the service alone, which for constant services is a tenth too much at two thirds of the
 * capacity.
 *
 * Source: Asmussen, Applied Probability and Queues (2003), XIII.5 (Cramér–Lundberg).
 */

/** Halvings of the search for the decay: to the last digit. */
const STEPS = 80;

/** A line of one server; services are gamma-distributed. */
export interface SingleServer {
  readonly arrivalsPerSecond: number;
  readonly serviceSeconds: number;
  readonly serviceVariation: number;
}

/**
 * Seconds from arrival to the end of service that a share `quantile` of the items does not exceed, by the tail: a lower
 * bound where hardly any item waits. Undefined where the line is not stable.
 */
export function sojournQuantile(quantile: number, server: SingleServer): number | undefined {
  const { arrivalsPerSecond: rate, serviceSeconds: mean } = server;
  const load = rate * mean;
  if (load >= 1 || load <= 0) return undefined;
  const decay = decayOf(server);
  const share = (1 - load) / (rate * slope(decay, server) - 1);
  return Math.max(0, Math.log((share * transform(decay, server)) / (1 - quantile)) / decay);
}

/**
 * The longest line that is left waiting in so many seconds, on average: busy periods are independent, their number is
 * λ(1 − ρ)T, and the most items of one exceed k with a probability of about (1 + θ ÷ λ)^−k. Undefined where the line is not
 * stable.
 *
 * Source: Asmussen, Applied Probability and Queues (2003), VI.4 (extreme values of regenerative processes).
 */
export function longestLine(seconds: number, server: SingleServer): number | undefined {
  const { arrivalsPerSecond: rate, serviceSeconds: mean } = server;
  const load = rate * mean;
  if (load >= 1 || load <= 0) return undefined;
  const periods = Math.max(1, rate * (1 - load) * seconds);
  return (Math.log(periods) + EULER) / Math.log1p(decayOf(server) / rate);
}

/** Euler's constant: the mean of the largest of many exponentials exceeds the logarithm of their number by it. */
const EULER = 0.5772;

/** θ: above 0, where λ(M(θ) − 1) crosses θ. */
function decayOf(server: SingleServer): number {
  const { arrivalsPerSecond: rate, serviceSeconds: mean, serviceVariation: variation } = server;
  const above = (theta: number) => rate * (transform(theta, server) - 1) >= theta;
  let [low, high] = [0, 1 / (mean * Math.max(variation ** 2, 1e-3))];
  // Of services that hardly vary the transform is finite everywhere.
  while (variation ** 2 < 1e-3 && above(high / 2)) high /= 2;
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (above(middle)) high = middle;
    else low = middle;
  }
  return low;
}

/** M(θ) of gamma-distributed services. */
function transform(theta: number, { serviceSeconds: mean, serviceVariation: variation }: SingleServer): number {
  const shape = variation ** 2;
  return shape < 1e-9 ? Math.exp(theta * mean) : (1 - theta * shape * mean) ** (-1 / shape);
}

/** M′(θ). */
function slope(theta: number, { serviceSeconds: mean, serviceVariation: variation }: SingleServer): number {
  const shape = variation ** 2;
  return shape < 1e-9 ? mean * Math.exp(theta * mean) : mean * (1 - theta * shape * mean) ** (-1 / shape - 1);
}
