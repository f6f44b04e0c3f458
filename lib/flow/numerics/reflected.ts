/**
 * A line that cannot be shorter than nothing: Brownian motion with drift, reflected at 0 and started there. It covers
 * in one formula a stage below capacity (negative drift: settles to an exponential), at capacity (grows with the square
 * root of time) and above it (positive drift: grows in proportion to time, with a normal spread).
 *
 * Source: Harrison, Brownian Motion and Stochastic Flow Systems (1985), 3.6; between two walls: Williams, Asymptotic
 * variance parameters for the boundary local times of reflected Brownian motion on a compact interval (1992).
 */

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

/** Halvings at most, and the share of a line that is close enough. */
const [STEPS, CLOSE] = [100, 1e-3];

/**
 * The lines that are exceeded with these probabilities after `seconds`, each to one part in a thousand. They are halved
 * apart together: where two are still in the same stretch, its middle is tried once.
 *
 * @param levels probabilities, descending
 */
export function reflectedLevels(levels: readonly number[], drift: number, variance: number, seconds: number): number[] {
  const lines = new Array<number>(levels.length);
  const halve = (first: number, last: number, low: number, high: number, step: number): void => {
    const middle = (low + high) / 2;
    if (step >= STEPS || !(high - low > CLOSE * high)) {
      for (let i = first; i <= last; i += 1) lines[i] = middle;
      return;
    }
    const beyond = reflectedTail(middle, drift, variance, seconds);
    let above = first;
    while (above <= last && !(beyond > levels[above])) above += 1;
    if (above > first) halve(first, above - 1, low, middle, step + 1);
    if (above <= last) halve(above, last, middle, high, step + 1);
  };
  halve(0, levels.length - 1, 0, max(0, drift * seconds) + 4 * sqrt(variance * seconds), 0);
  return lines;
}

/** Nearer to no drift than this the formula would cancel; its limit is a third. */
const NO_DRIFT = 1e-3;

/**
 * Of the variance of what comes and goes, the share that shows in what a line with an upper end turns away over a long time:
 * nothing far below capacity, a third at it, all of it far above, where the line is always full.
 *
 * @param drift items per second, any sign
 * @param variance items² per second, above 0
 * @param room items between the empty and the full line, above 0
 */
export function overflowShare(drift: number, variance: number, room: number): number {
  const exponent = (2 * drift * room) / variance;
  const size = abs(exponent);
  if (size < NO_DRIFT) return 1 / 3;
  const small = exp(-size);
  const above = (1 - 2 * size * small - small * small) / (1 - small) ** 3;
  return exponent > 0 ? above : small * above;
}
