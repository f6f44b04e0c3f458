/**
 * How long the items of one peak take, as a distribution: each stretch of the fluid path contributes its items with the
 * wait that the path gives them, the random wait of Erlang C where slots are idle at times, and one service an attempt.
 * An item that fails joins the end of the line again after a backoff, so its second wait is the wait at that later
 * moment.
 *
 * Source: Kleinrock, Queueing Systems I (1975), 3.5; Newell, Applications of Queueing Theory (1982), 2.
 */
import { sojournTail } from '../../numerics/erlang';
import { longestService, residualShare, serviceQuantile, serviceTail, solveTail } from '../../numerics/gamma';
import type { ResolvedConsumer, ResolvedWorkload, Retries } from '../resolve';
import type { FluidPath } from './fluid';
import { lineWaits } from './line-waits';
import { waitsAlong } from './path-waits';
import { attemptShares, repeated, uniformlyDelayedTail } from './retries';
import type { Stretch, Waits } from './stretch';
import type { Transient } from './transient';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { max } = Math;

/** Distribution of the time from arrival to the end of service. */
export interface LatencyMix {
  /** P(latency > seconds). */
  tail(seconds: number): number;
  /** The latency in seconds that a share `quantile` of items does not exceed. */
  quantile(quantile: number): number;
}

/** The latency of all items that arrive on the path. */
export function latencyMix(
  path: FluidPath,
  workload: ResolvedWorkload,
  consumer: ResolvedConsumer,
  transient: Transient | undefined,
): LatencyMix {
  const settled = () => mixOf(waitsAlong(path, workload, consumer), workload, consumer);
  if (transient === undefined) return settled();
  const passing = mixOf(lineWaits(transient.course, workload), workload, consumer);
  return transient.share < 1 ? mixed(passing, settled(), transient.share) : passing;
}

/** The latency of items that follow one law or, for the rest, the other. */
function mixed(one: LatencyMix, other: LatencyMix, share: number): LatencyMix {
  const tail = (seconds: number) => share * one.tail(seconds) + (1 - share) * other.tail(seconds);
  return { tail, quantile: (quantile) => solveTail(tail, 1 - quantile, one.quantile(quantile)) };
}

/** The latency of items with those waits. */
function mixOf(
  { stretches, course, lasting }: Waits,
  workload: ResolvedWorkload,
  consumer: ResolvedConsumer,
): LatencyMix {
  let total = 0;
  // Start of the search: the longest wait of the path, or without waits the service time.
  let longest = 0;
  for (const { weight, high } of stretches) {
    total += weight;
    longest = max(longest, high);
  }
  const { serviceSeconds: mean, serviceVariation: variation } = workload;
  const attempts = attemptShares(workload.failureRatio, consumer.maxAttempts);
  const repeats = repeated(attempts, stretches, course, workload, consumer.retryDelay, lasting);
  const tail = (seconds: number): number => {
    let sum = 0;
    for (const stretch of stretches) sum += stretch.weight * stretchTail(stretch, seconds, mean, variation);
    let beyond = (attempts[0] * sum) / total;
    for (const repeat of repeats) beyond += repeat.share * uniformlyDelayedTail(repeat, seconds);
    return beyond;
  };
  return { tail, quantile: (quantile) => solveTail(tail, 1 - quantile, longest + mean) };
}

/** P(wait + service > seconds) of the items of one stretch. */
function stretchTail(stretch: Stretch, seconds: number, mean: number, variation: number): number {
  if (stretch.waiting > 0) return sojournTail(seconds, mean, variation, stretch.waiting, stretch.decay);
  const { low, high } = stretch;
  if (seconds <= low) return 1;
  if (seconds - high > longestService(mean, variation)) return 0;
  const width = high - low;
  if (width < mean / 4) return serviceTail(seconds - (low + high) / 2, mean, variation);
  // ∫ P(S > t − w) dw over the waits w: certain for those beyond t, a residual service for the others.
  const left = residualShare(seconds - low, mean, variation) - residualShare(seconds - high, mean, variation);
  return (max(0, high - seconds) + mean * left) / width;
}

/** P(latency > seconds) of a stage in its steady state, every attempt counted. */
export function stationaryTail(
  seconds: number,
  workload: ResolvedWorkload,
  retries: Retries,
  waiting: number,
  decay: number,
): number {
  const { serviceSeconds: mean, serviceVariation: variation, failureRatio } = workload;
  if (failureRatio === 0) return sojournTail(seconds, mean, variation, waiting, decay);
  const attempts = attemptShares(failureRatio, retries.maxAttempts);
  const stretch: Stretch = { at: 0, weight: 1, low: 0, high: 0, waiting, decay };
  let beyond = attempts[0] * sojournTail(seconds, mean, variation, waiting, decay);
  for (const repeat of repeated(attempts, [stretch], [stretch], workload, retries.retryDelay)) {
    beyond += repeat.share * uniformlyDelayedTail(repeat, seconds);
  }
  return beyond;
}

/** The latency in seconds at `quantile` of an item that never waits: only its services and backoffs. */
export function unhinderedLatency(workload: ResolvedWorkload, retries: Retries, quantile: number): number {
  if (workload.failureRatio === 0) {
    return serviceQuantile(quantile, workload.serviceSeconds, workload.serviceVariation);
  }
  return solveTail((t) => stationaryTail(t, workload, retries, 0, 1), 1 - quantile, workload.serviceSeconds);
}
