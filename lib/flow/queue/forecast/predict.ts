/**
 * The forecast of one peak: the fluid path gives the mean, Erlang C and the variance of arrivals and services give the
 * spread around it; for a short peak, the law of the line is followed through it.
 */
import type { ResolvedArrivals } from '../../arrivals';
import { erlangC } from '../../numerics/erlang';
import { once } from '../../once';
import { MONTH_HOURS } from '../../prices';
import {
  lastingPerSecond,
  type ResolvedConsumer,
  type ResolvedWorkload,
  STEADY_HORIZON_SECONDS,
  workSeconds,
} from '../resolve';
import { HOLD_SECONDS, reactionSeconds, steadyInstances } from '../scaler';
import type { Predictions } from '../workload';
import { badPeakLatency } from './bad-peak';
import { type FluidPath, fluidPeak } from './fluid';
import { type LatencyMix, latencyMix } from './latency';
import { expectedPeakBacklog } from './peak-backlog';
import { transientOf } from './transient';

/**
 * The forecast of one peak. Values are computed when first read: a search for a crew reads few of them for most crews.
 */
export interface Forecast {
  /** The course of the mean. */
  readonly path: () => FluidPath;
  /** Latency of all items that arrive on it. */
  readonly latency: () => LatencyMix;
  /** Mean over all runs of the most items that wait at the same time. */
  readonly peakBacklog: () => number;
  /** Seconds from the end of the peak to an empty backlog. */
  readonly drainSeconds: () => number;
  /** US dollars a month at worst, every instance all the time; undefined when an instance has no price. */
  readonly mostMonthlyCost: number | undefined;
  /** The predictions of a plan. */
  readonly predictions: () => Predictions;
  /** The same with another price, in US dollars for an instance and hour: what is computed already is kept. */
  readonly priced: (hourCost: number | undefined) => Forecast;
}

/** Peaks a month that cost is computed with: one a day. */
const PEAKS_PER_MONTH = 365 / 12;

/**
 * Forecasts a resolved workload and consumer.
 *
 * @param horizonSeconds seconds observed when there is no peak; with a peak it is the peak and its drain
 * @param hourCost US dollars for an instance and hour
 */
export function forecast(
  workload: ResolvedWorkload,
  consumer: ResolvedConsumer,
  horizonSeconds = STEADY_HORIZON_SECONDS,
  hourCost?: number,
): Forecast {
  const work = workSeconds(workload, consumer.maxAttempts);
  const slots = consumer.maxInstances * consumer.slotsPerInstance;
  const peak = { ...workload, peakSeconds: workload.peakSeconds > 0 ? workload.peakSeconds : horizonSeconds };
  const path = once(() => fluidPeak(peak, consumer));
  // All of a burst is there before chance has moved the line.
  const transient = once(() => (peak.burstItems > 0 ? undefined : transientOf(path(), peak, work)));
  const latency = once(() => latencyMix(path(), peak, consumer, transient()));
  const peakBacklog = once(() => expectedPeakBacklog(path(), peak, consumer, transient()));
  const { burstItems } = workload;
  const offered = lastingPerSecond(workload) * work;
  // Without a peak nothing is left over, unless more arrives than all instances serve: then the backlog keeps growing.
  const lasting = offered < slots ? 0 : Number.POSITIVE_INFINITY;
  const drainSeconds = () => (workload.peakSeconds > 0 ? path().drainSeconds : lasting);
  const median = once(() => latency().quantile(0.5));
  const worst = once(() => latency().quantile(0.99));
  const bad = once(() => {
    const passing = transient();
    return passing === undefined ? undefined : badPeakLatency(passing, peak);
  });
  const predictions = (price: number | undefined): Predictions => ({
    utilisation: burstItems > 0 ? Math.min(1, (burstItems + offered) / slots) : offered / slots,
    get waitProbability() {
      if (burstItems === 0) return erlangC(slots, offered);
      return Math.max(0, 1 - Math.max(0, slots - offered) / burstItems);
    },
    get latencyP50Seconds() {
      return median();
    },
    get latencyP99Seconds() {
      return worst();
    },
    get badPeakP99Seconds() {
      return bad();
    },
    peakBacklog: peakBacklog(),
    drainSeconds: drainSeconds(),
    reactionSeconds: reactionSeconds(consumer),
    ...(price !== undefined && { monthlyCost: price * instanceHours(workload, consumer, drainSeconds()) }),
  });
  const priced = (price: number | undefined): Forecast => ({
    path,
    latency,
    peakBacklog,
    drainSeconds,
    mostMonthlyCost: price === undefined ? undefined : price * consumer.maxInstances * MONTH_HOURS,
    predictions: () => predictions(price),
    priced,
  });
  return priced(hourCost);
}

/**
 * Instance-hours a month: instances for the steady load run always, the rest for one peak a day with its drain and the
 * hold after it. A consumer that sleeps is awake if an item arrived within its service time and the hold: with random
 * arrivals, a share 1 − e^(−λ·(S + hold)) of the time.
 */
function instanceHours(workload: ResolvedWorkload, consumer: ResolvedConsumer, drainSeconds: number): number {
  const { steadyPerSecond, peakSeconds } = workload;
  const peak = peakSeconds > 0 ? peakSeconds + drainSeconds + HOLD_SECONDS : 0;
  const awake = workSeconds(workload, consumer.maxAttempts) + HOLD_SECONDS;
  const running = steadyInstances(workload, consumer) || 1 - Math.exp(-steadyPerSecond * awake);
  return running * MONTH_HOURS + Math.max(0, consumer.maxInstances - running) * PEAKS_PER_MONTH * (peak / 3600);
}

/** Items that arrive in a month with one peak a day. */
export function itemsPerMonth({ steadyPerSecond, peakPerSecond, peakSeconds }: ResolvedArrivals): number {
  return steadyPerSecond * MONTH_HOURS * 3600 + (peakPerSecond - steadyPerSecond) * peakSeconds * PEAKS_PER_MONTH;
}

/** Busy slot-hours a month, with one peak a day: billed where only work is billed. */
export function busyHours(workload: ResolvedWorkload, maxAttempts: number): number {
  return (itemsPerMonth(workload) * workSeconds(workload, maxAttempts)) / 3600;
}
