/**
 * How long the items of one peak take, as a distribution: each stretch of the fluid path contributes its items with
 * the wait that the path gives them, the random wait of Erlang C where slots are idle at times, and one service an
 * attempt. An item that fails joins the end of the line again after a backoff, so that its second wait is that of the
 * later moment.
 *
 * Source: Kleinrock, Queueing Systems I (1975), 3.5; Newell, Applications of Queueing Theory (1982), 2.
 */
import { sojournTail } from './erlang';
import type { FluidPath } from './fluid';
import { serviceQuantile, serviceTail, solveTail } from './gamma';
import { waitsAlong } from './path-waits';
import { type ResolvedConsumer, type ResolvedWorkload } from './resolve';
import { attemptShares, repeated, uniformlyDelayedTail } from './retries';
import type { Stretch } from './stretch';

// Looked up once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { max, min } = Math;

/** Distribution of the time from arrival to the end of service. */
export interface LatencyMix {
  /** P(latency > seconds). */
  tail(seconds: number): number;
  /** The latency in seconds that a share `quantile` of items stay within. */
  quantile(quantile: number): number;
}

/** The latency of all items that arrive on the path. */
export function latencyMix(path: FluidPath, workload: ResolvedWorkload, consumer: ResolvedConsumer): LatencyMix {
  const { stretches, course } = waitsAlong(path, workload, consumer);
  const total = stretches.reduce((sum, stretch) => sum + stretch.weight, 0);
  const { serviceSeconds: mean, serviceVariation: variation } = workload;
  const attempts = attemptShares(workload.failureRatio, consumer.maxAttempts);
  const repeats = attempts.slice(1).flatMap((share, i) => repeated(i + 2, share, stretches, course, workload));
  const tail = (seconds: number): number => {
    let sum = 0;
    for (const stretch of stretches) sum += stretch.weight * stretchTail(stretch, seconds, mean, variation);
    let beyond = (attempts[0] * sum) / total;
    for (const repeat of repeats) beyond += repeat.share * uniformlyDelayedTail(repeat, seconds);
    return beyond;
  };
  return { tail, quantile: (quantile) => solveTail(tail, 1 - quantile, mean) };
}

/** P(wait + service > seconds) of the items of one stretch. */
function stretchTail(stretch: Stretch, seconds: number, mean: number, variation: number): number {
  if (stretch.waiting > 0) return sojournTail(seconds, mean, variation, stretch.waiting, stretch.decay);
  const { low, high } = stretch;
  const width = high - low;
  // Where the wait changes by much more than a service takes, the service only shifts it.
  if (width > 4 * mean) return min(1, max(0, (high + mean - seconds) / width));
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
  const stretch: Stretch = { at: 0, weight: 1, low: 0, high: 0, waiting, decay };
  let beyond = attempts[0] * sojournTail(seconds, mean, variation, waiting, decay);
  for (let k = 2; k <= attempts.length; k += 1) {
    for (const repeat of repeated(k, attempts[k - 1], [stretch], [stretch], workload)) {
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
