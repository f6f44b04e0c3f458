/**
 * The gamma distribution, the one service-time law of this library: the closed forms and the simulation draw on it
 * alike. Its two parameters are exactly the mean and the coefficient of variation that a workload states; variation 1
 * is the exponential, variation 0 the constant, and sums and exponential tilts of it stay in closed form.
 *
 * Source: Abramowitz & Stegun, Handbook of Mathematical Functions, 6.1 and 6.5; Press et al., Numerical Recipes, 6.2.
 */

import { bisect } from '../search';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { abs, exp, log, max, min, sin, PI } = Math;

/** Lanczos coefficients, g = 7, n = 9: relative error below 1e-15 for positive arguments. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Natural logarithm of Γ(x), x above 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return log(PI / sin(PI * x)) - logGamma(1 - x);
  let sum = LANCZOS[0];
  for (let i = 1; i < 9; i += 1) sum += LANCZOS[i] / (x - 1 + i);
  const t = x + 6.5;
  return 0.5 * log(2 * PI) + (x - 0.5) * log(t) - t + log(sum);
}

/** The last shape and its logarithm of Γ: one workload uses the same few shapes thousands of times. */
const remembered = { shape: Number.NaN, value: 0 };

function logGammaOf(shape: number): number {
  if (remembered.shape !== shape) {
    remembered.value = logGamma(shape);
    remembered.shape = shape;
  }
  return remembered.value;
}

/**
 * Upper tail of the gamma law with `shape` and scale 1: Q(shape, x) = P(X > x).
 *
 * `logGammaOfShape` saves the repeated Γ when one shape is used many times.
 */
export function gammaTail(shape: number, x: number, logGammaOfShape = logGammaOf(shape)): number {
  if (x <= 0) return 1;
  if (shape === 1) return exp(-x);
  const front = exp(shape * log(x) - x - logGammaOfShape);
  if (x < shape + 1) {
    let term = 1 / shape;
    let sum = term;
    for (let n = 1; n < 10_000 && term > sum * 1e-12; n += 1) {
      term *= x / (shape + n);
      sum += term;
    }
    return max(0, 1 - front * sum);
  }
  let b = x + 1 - shape;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 10_000; i += 1) {
    const an = -i * (i - shape);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    const step = d * c;
    h *= step;
    if (abs(step - 1) < 1e-12) break;
  }
  return front * h;
}

/** Coefficient of variation below which a service time counts as constant; shapes above 10^6 only add cost. */
export const CONSTANT_BELOW = 1e-3;

/** Seconds that a service takes at most: less than 1e-9 of any gamma law lies so far out. */
export function longestService(mean: number, variation: number): number {
  return mean * (1 + 25 * variation * max(1, variation));
}

/** P(service > seconds) for a gamma service time of that mean and variation. */
export function serviceTail(seconds: number, mean: number, variation: number): number {
  if (variation < CONSTANT_BELOW) return seconds < mean ? 1 : 0;
  if (variation === 1) return seconds <= 0 ? 1 : exp(-seconds / mean);
  if (seconds > longestService(mean, variation)) return 0;
  const shape = 1 / (variation * variation);
  return gammaTail(shape, (seconds / mean) * shape);
}

/**
 * P(S_e ≤ t), S_e the time that a service in progress still takes when seen at random: (1/E[S]) ∫₀ᵗ P(S > x) dx.
 *
 * Source: Cox, Renewal Theory (1962), 5.
 */
export function residualShare(seconds: number, mean: number, variation: number): number {
  const t = seconds / mean;
  if (t <= 0) return 0;
  if (variation < CONSTANT_BELOW) return min(1, t);
  if (variation === 1) return 1 - exp(-t);
  const shape = 1 / (variation * variation);
  const logGammaOfShape = logGammaOf(shape);
  // Γ(k + 1) = kΓ(k) and Q(k + 1, x) = Q(k, x) + xᵏe⁻ˣ ÷ Γ(k + 1): one incomplete gamma serves both terms.
  const x = t * shape;
  const tail = gammaTail(shape, x, logGammaOfShape);
  const next = tail + exp(shape * log(x) - x - logGammaOfShape) / shape;
  return min(1, t * tail + 1 - next);
}

/** The time in seconds within which a share of the services in progress end: the inverse of `residualShare`. */
export function residualQuantile(share: number, mean: number, variation: number): number {
  if (variation === 1) return -mean * log(1 - share);
  let high = mean;
  while (residualShare(high, mean, variation) < share && high < 1e3 * mean) high *= 2;
  return bisect(
    { holding: high, failing: 0 },
    { steps: 100, within: 1e-4 * mean },
    (seconds) => residualShare(seconds, mean, variation) >= share,
  ).holding;
}

/**
 * The service time in seconds that a share `quantile` of attempts does not exceed.
 *
 * @throws nothing; `quantile` must lie above 0 and below 1
 */
export function serviceQuantile(quantile: number, mean: number, variation: number): number {
  if (variation < CONSTANT_BELOW) return mean;
  if (variation === 1) return -mean * log(1 - quantile);
  return solveTail((t) => serviceTail(t, mean, variation), 1 - quantile, mean * (1 + 3 * variation));
}

/** Below this share of the level sought, how small a tail is says nothing about where the level is. */
const FAR_BELOW = 1e-3;
const PRECISION = 1e-4;

/**
 * The t at which a falling `tail(t)` comes down to `level`, to a relative 1e-4: inverse quadratic interpolation on the
 * logarithm of the tail, which is almost a straight line for every law used here, kept inside a bracket that is halved
 * wherever the interpolation cannot be trusted (a kink, a jump, a tail that is zero).
 *
 * Source: Chandrupatla, "A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear function without
 * using derivatives", Advances in Engineering Software 28 (1997).
 */
export function solveTail(tail: (t: number) => number, level: number, guess: number): number {
  const above = (t: number) => log(max(tail(t) / level, FAR_BELOW));
  // a and b have the root between them; c is the previous value of the last one.
  let b = 0;
  let fb = above(0);
  if (fb <= 0) return 0;
  let a = guess > 0 ? guess : 1e-9;
  let fa = above(a);
  for (let i = 0; fa > 0 && i < 200; i += 1) {
    b = a;
    fb = fa;
    a *= 2;
    fa = above(a);
  }
  let share = 0.5;
  for (let i = 0; i < 60; i += 1) {
    const t = a + share * (b - a);
    const ft = above(t);
    let c = a;
    let fc = fa;
    if (ft > 0 !== fa > 0) {
      c = b;
      fc = fb;
      b = a;
      fb = fa;
    }
    a = t;
    fa = ft;
    const width = abs(b - a);
    const enough = (PRECISION * max(a, b)) / width;
    if (enough >= 1) break;
    const xi = (a - b) / (c - b);
    const phi = (fa - fb) / (fc - fb);
    const trusted = phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi;
    share = trusted
      ? (fa / (fb - fa)) * (fc / (fb - fc)) + ((c - a) / (b - a)) * (fa / (fc - fa)) * (fb / (fc - fb))
      : 0.5;
    share = min(1 - enough / 2, max(enough / 2, share));
  }
  return max(a, b);
}
