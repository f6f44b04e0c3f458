/**
 * The gamma distribution, the one service-time law of this library: the closed forms and the simulation draw on it
 * alike. Its two parameters are exactly the mean and the coefficient of variation that a workload states; variation 1
 * is the exponential, variation 0 the constant, and sums and exponential tilts of it stay in closed form.
 *
 * Source: Abramowitz & Stegun, Handbook of Mathematical Functions, 6.1 and 6.5; Press et al., Numerical Recipes, 6.2.
 */

// Looked up once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
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

/** The last shape asked and its logarithm of Γ: one workload asks for the same few shapes thousands of times. */
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
 * `logGammaOfShape` spares the repeated Γ when one shape is asked many times.
 */
export function gammaTail(shape: number, x: number, logGammaOfShape = logGammaOf(shape)): number {
  if (x <= 0) return 1;
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

/** Coefficient of variation below which a service time counts as constant; shapes above 10^6 add nothing but cost. */
export const CONSTANT_BELOW = 1e-3;

/** P(service > seconds) for a gamma service time of that mean and variation. */
export function serviceTail(seconds: number, mean: number, variation: number): number {
  if (variation < CONSTANT_BELOW) return seconds < mean ? 1 : 0;
  if (variation === 1) return seconds <= 0 ? 1 : exp(-seconds / mean);
  // Less than 1e-9 of any gamma law lies so far out.
  if (seconds > mean * (1 + 25 * variation * max(1, variation))) return 0;
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
  let low = 0;
  let high = mean;
  while (residualShare(high, mean, variation) < share && high < 1e3 * mean) high *= 2;
  while (high - low > 1e-4 * mean) {
    const middle = (low + high) / 2;
    if (residualShare(middle, mean, variation) < share) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * The service time in seconds that a share `quantile` of attempts stay within.
 *
 * @throws nothing; `quantile` must lie above 0 and below 1
 */
export function serviceQuantile(quantile: number, mean: number, variation: number): number {
  if (variation < CONSTANT_BELOW) return mean;
  if (variation === 1) return -mean * log(1 - quantile);
  return solveTail((t) => serviceTail(t, mean, variation), 1 - quantile, mean * (1 + 3 * variation));
}

/**
 * The t at which a falling `tail(t)` comes down to `level`, to a relative 1e-4: false position on the logarithm of
 * the tail, which is almost a straight line for every law used here, kept inside a bracket.
 */
export function solveTail(tail: (t: number) => number, level: number, guess: number): number {
  const target = log(level);
  let low = 0;
  let lowLog = log(max(tail(0), 1e-300));
  if (lowLog <= target) return 0;
  let high = guess > 0 ? guess : 1e-9;
  let highLog = log(max(tail(high), 1e-300));
  for (let i = 0; highLog > target && i < 200; i += 1) {
    low = high;
    lowLog = highLog;
    high *= 2;
    highLog = log(max(tail(high), 1e-300));
  }
  for (let i = 0; i < 60 && high - low > 1e-4 * high; i += 1) {
    const share = (lowLog - target) / (lowLog - highLog);
    // Every third step halves, so that a kink (a constant service time) cannot stall the false position.
    const t = i % 3 === 2 ? (low + high) / 2 : low + (high - low) * min(0.999, max(0.001, share));
    const at = log(max(tail(t), 1e-300));
    if (at > target) {
      low = t;
      lowLog = at;
    } else {
      high = t;
      highLog = at;
    }
  }
  return high;
}
