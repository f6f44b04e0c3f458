/**
 * A line that cannot be shorter than nothing: Brownian motion with drift, reflected at 0 and started there. It covers
 * in one formula a stage below capacity (negative drift: settles to an exponential), at capacity (grows with the square
 * root of time) and above it (positive drift: grows in proportion to time, with a normal spread).
 *
 * Source: Harrison, Brownian Motion and Stochastic Flow Systems (1985), 3.6.
 */

import { bisect } from '../search';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { abs, exp, max, min, sqrt, SQRT2 } = Math;

/** P(Z > x) of a standard normal, absolute error below 1.5e-7 (Abramowitz & Stegun 7.1.26). */
export function normalTail(x: number): number {
  const z = abs(x) / SQRT2;
  const t = 1 / (1 + 0.3275911 * z);
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const half = 0.5 * poly * exp(-z * z);
  return x >= 0 ? half : 1 - half;
}

/**
 * P(line > x) after `seconds`.
 *
 * @param drift items per second, any sign
 * @param variance items² per second, above 0
 */
export function reflectedTail(x: number, drift: number, variance: number, seconds: number): number {
  if (seconds <= 0) return 0;
  const spread = sqrt(variance * seconds);
  const mirrored = normalTail((x + drift * seconds) / spread);
  const exponent = (2 * drift * x) / variance;
  // The mirror term is a tiny number times a huge one when the drift is up and x is far: it is at most 1 in all.
  const reflected = mirrored === 0 || exponent > 600 ? 0 : exp(exponent) * mirrored;
  return min(1, normalTail((x - drift * seconds) / spread) + reflected);
}

/** The line that is exceeded with probability `level` after `seconds`, to one part in a thousand. */
export function reflectedLevel(level: number, drift: number, variance: number, seconds: number): number {
  const high = max(0, drift * seconds) + 4 * sqrt(variance * seconds);
  const { holding, failing } = bisect(
    { holding: 0, failing: high },
    { steps: 100, relative: 1e-3 },
    (x) => reflectedTail(x, drift, variance, seconds) > level,
  );
  return (holding + failing) / 2;
}
