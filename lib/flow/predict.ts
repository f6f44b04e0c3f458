/**
 * What to expect of one peak: the fluid path says where the items are on average, Erlang C and the variance of arrivals
 * and services say how far from it they stray.
 */
import { erlangC } from './erlang';
import { fluidPeak, type FluidPath } from './fluid';
import { latencyMix, type LatencyMix } from './latency';
import { expectedPeakBacklog } from './peak-backlog';
import { attemptsPerItem, type ResolvedConsumer, type ResolvedWorkload, STEADY_HORIZON_SECONDS } from './resolve';
import { reactionSeconds } from './scaler';
import type { Predictions } from './plan';

/** Predictions, and the distribution that the latency quantiles were read from. */
export interface Forecast {
  /** What to expect. */
  readonly predictions: Predictions;
  /** Latency of the items of the whole horizon. */
  readonly latency: LatencyMix;
}

/**
 * Predicts a resolved workload and consumer.
 *
 * @param horizonSeconds seconds observed when there is no peak; with a peak it is the peak and its drain
 */
export function forecast(
  workload: ResolvedWorkload,
  consumer: ResolvedConsumer,
  horizonSeconds = STEADY_HORIZON_SECONDS,
): Forecast {
  const attempts = attemptsPerItem(workload, consumer.maxAttempts);
  const slots = consumer.maxInstances * consumer.slotsPerInstance;
  const peak = { ...workload, peakSeconds: workload.peakSeconds > 0 ? workload.peakSeconds : horizonSeconds };
  const path: FluidPath = fluidPeak(peak, consumer);
  const latency = latencyMix(path, peak, consumer);
  const offered = workload.peakPerSecond * workload.serviceSeconds * attempts;
  return {
    latency,
    predictions: {
      utilisation: offered / slots,
      waitProbability: erlangC(slots, offered),
      latencyP50Seconds: latency.quantile(0.5),
      latencyP99Seconds: latency.quantile(0.99),
      peakBacklog: expectedPeakBacklog(path, peak, consumer),
      drainSeconds: workload.peakSeconds > 0 ? path.drainSeconds : 0,
      reactionSeconds: reactionSeconds(consumer),
    },
  };
}

