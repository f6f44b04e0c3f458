/**
 * Items that failed and were served at a later attempt: k services, k waits and k − 1 backoffs, as a distribution.
 *
 * Everything but the last backoff is matched by a gamma law of the same two moments; the last and longest backoff,
 * uniform under full jitter, is kept as it is, since short services leave little else of the latency. A delay without
 * jitter shifts the rest.
 */

import { gammaTail, logGamma } from '../../numerics/gamma';
import { lastWhole } from '../../search';
import { backoffBound, DEFAULT_RETRY_DELAY, type RetryDelay } from '../backoff';
import type { ResolvedWorkload } from '../resolve';
import type { Stretch } from './stretch';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { max, min, sqrt } = Math;

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

/** Share of served items that were served at attempt 1, 2, …; attempts too rare to change a quantile are left out. */
export function attemptShares(failureRatio: number, maxAttempts: number): number[] {
  const shares: number[] = [];
  const served = 1 - failureRatio ** maxAttempts;
  for (let k = 0; k < maxAttempts; k += 1) {
    const share = ((1 - failureRatio) * failureRatio ** k) / served;
    if (k > 0 && share < 1e-5) break;
    shares.push(share);
  }
  return shares;
}

/** Items served at the same attempt after about the same waits. */
export interface Repeat {
  /** Share of all items. */
  readonly share: number;
  /** Seconds of waits that the path gives them. */
  readonly shift: number;
  /** Mean in seconds and shape of the gamma part, with log Γ of the shape and of the shape + 1. */
  readonly mean: number;
  readonly shape: number;
  readonly logGammas: readonly [number, number];
  /** Bound in seconds of the last backoff; 0 where it has no jitter. */
  readonly delay: number;
}

/**
 * Items served at their second attempt and later: k services, k waits, k − 1 backoffs.
 *
 * @param shares of the items that are served at attempt 1, 2, …
 * @param retryDelay the delay after a failed attempt
 * @param lasting whether a line that is longer than on average still is when an item is retried
 */
export function repeated(
  shares: readonly number[],
  parts: readonly Stretch[],
  course: readonly Stretch[],
  workload: ResolvedWorkload,
  retryDelay: RetryDelay = DEFAULT_RETRY_DELAY,
  lasting = false,
): Repeat[] {
  const total = parts.reduce((sum, part) => sum + part.weight, 0);
  const delays = shares.map((_, n) => backoffBound(n, retryDelay));
  const repeats: Repeat[][] = shares.map(() => []);
  const known: (Gamma | undefined)[] = shares.map(() => undefined);
  for (const part of parts) {
    // Half-way between a line that lasts and one that is forgotten, as in the simulation.
    const average = lasting ? waitOf(stretchAt(course, part.at)) : 0;
    const length = average > 0 ? (1 + waitOf(part) / average) / 2 : 1;
    // One walk along the attempts serves them all: each goes on where the one before it ends.
    let at = part.at;
    let shift = 0;
    let mean = 0;
    let variance = 0;
    let lastBackoff = 0;
    for (let n = 0; n < shares.length; n += 1) {
      const visited = n === 0 ? part : stretchAt(course, at);
      const wait = n === 0 ? waitOf(part) : length * waitOf(visited);
      const random = visited.waiting / visited.decay;
      const service = workload.serviceSeconds + random;
      const spread = (workload.serviceSeconds * workload.serviceVariation) ** 2;
      const waiting = (2 * visited.waiting) / visited.decay ** 2 - random * random;
      if (n > 0) {
        const moments = { mean: mean + service, variance: variance + spread + waiting };
        const law = known[n];
        const gamma =
          law !== undefined && law.mean === moments.mean && law.variance === moments.variance ? law : gammaOf(moments);
        known[n] = gamma;
        const weight = (shares[n] * part.weight) / total;
        append(repeats[n], {
          share: weight,
          shift: shift + wait,
          mean: gamma.mean,
          shape: gamma.shape,
          logGammas: gamma.logGammas,
          delay: retryDelay.jitter ? delays[n - 1] : 0,
        });
        // What is the last backoff of this attempt is one of several for the next.
        mean += lastBackoff / 2;
        variance += (lastBackoff * lastBackoff) / 12;
      }
      const backoff = retryDelay.jitter ? delays[n] : 0;
      const fixed = delays[n] - backoff;
      shift += wait + fixed;
      mean += service;
      variance += spread;
      variance += waiting;
      lastBackoff = backoff;
      at += wait + random + workload.serviceSeconds + fixed + backoff / 2;
    }
  }
  return repeats.flat();
}

/** The gamma law of two moments. */
interface Gamma {
  readonly mean: number;
  readonly variance: number;
  readonly shape: number;
  readonly logGammas: readonly [number, number];
}

function gammaOf({ mean, variance }: Pick<Gamma, 'mean' | 'variance'>): Gamma {
  const shape = variance > 1e-9 * mean * mean ? (mean * mean) / variance : 1e9;
  return { mean, variance, shape, logGammas: [logGamma(min(shape, 1e6)), logGamma(min(shape, 1e6) + 1)] };
}

/** Together with the one before it, when both wait alike. */
function append(repeats: Repeat[], repeat: Repeat): void {
  const last = repeats[repeats.length - 1];
  if (last !== undefined && last.shift === repeat.shift && last.mean === repeat.mean && last.shape === repeat.shape) {
    repeats[repeats.length - 1] = { ...last, share: last.share + repeat.share };
  } else repeats.push(repeat);
}

function waitOf({ low, high }: Stretch): number {
  return (low + high) / 2;
}

/** P(shift + X + U > t), X gamma, U uniform on (0, delay): the mean of X's tail over the delay, in closed form. */
export function uniformlyDelayedTail(repeat: Repeat, seconds: number): number {
  const t = seconds - repeat.shift;
  if (t <= 0) return 1;
  const { delay } = repeat;
  // Twelve standard deviations out there is nothing to integrate.
  if (t > delay + repeat.mean * (1 + 12 / sqrt(min(1, repeat.shape)))) return 0;
  if (delay === 0)
    return repeat.shape >= 1e6
      ? t < repeat.mean
        ? 1
        : 0
      : gammaTail(repeat.shape, (t / repeat.mean) * repeat.shape, repeat.logGammas[0]);
  const upTo = partialMean(repeat, t) - partialMean(repeat, max(0, t - delay));
  return min(1, (upTo + max(0, delay - t)) / delay);
}

/** E[min(X, t)] = ∫₀ᵗ P(X > x) dx of a gamma X. */
function partialMean({ mean, shape, logGammas }: Repeat, t: number): number {
  if (t <= 0) return 0;
  if (shape >= 1e6) return min(mean, t);
  const x = (t / mean) * shape;
  return t * gammaTail(shape, x, logGammas[0]) + mean * (1 - gammaTail(shape + 1, x, logGammas[1]));
}

/** The stretch that `seconds` falls into; the last one for later times. */
function stretchAt(stretches: readonly Stretch[], seconds: number): Stretch {
  return stretches[lastWhole(0, stretches.length, (index) => stretches[index].at <= seconds)];
}
