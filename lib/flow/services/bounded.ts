/**
 * Several slots with a bounded queue: what is refused, and how long the rest takes, at any load.
 *
 * Refused is Tijms' share (1 − ρ)Π ÷ (1 − ρΠ), Π the probability that an unbounded queue would hold more than the bound. It
 * is exact for exponential service. Written with Erlang B it has a value at ρ ≥ 1 as well, where it tends to 1 − 1 ÷ ρ. The
 * queue falls off by ρ^(2 ÷ (1 + cv²)) from place to place (Allen–Cunneen).
 *
 * Source: Tijms, A First Course in Stochastic Models (2003), 9.6 and 9.8.
 */
import { erlangB, variationFactor } from '../numerics/erlang';
import { serviceTail, solveTail } from '../numerics/gamma';

/** Slots with a queue in front of them, and Poisson arrivals. */
export interface BoundedStage {
  readonly arrivalsPerSecond: number;
  readonly serviceSeconds: number;
  readonly serviceVariation: number;
  readonly slots: number;
  /** Requests that wait at most. */
  readonly queueBound: number;
}

/** What happens to its requests. */
export interface BoundedForecast {
  /** Share of the requests that is refused. */
  readonly shedRatio: number;
  /** Seconds within which an accepted one is answered, at the quantile asked. */
  readonly latencySeconds: number;
  /** Requests per second that are served. */
  readonly goodputPerSecond: number;
}

/** Closer to a full load than this, the formula is taken at its limit. */
const NEARLY_FULL = 1e-7;
/** Places of the queue that are told apart: a longer one is read in strides. */
const MOST_PLACES = 200;

/** The share of the requests that finds the queue full. */
export function shedRatio(stage: BoundedStage): number {
  const { slots, queueBound, serviceVariation } = stage;
  const load = stage.arrivalsPerSecond * stage.serviceSeconds;
  const blocking = erlangB(slots, load);
  const spare = 1 - load / slots;
  const factor = variationFactor(serviceVariation);
  if (Math.abs(spare) < NEARLY_FULL) return blocking / (1 + (blocking * queueBound) / factor);
  // ρ^(bound ÷ factor); above 1 in overload, where it may be infinite.
  const full = Math.exp((queueBound * Math.log1p(-spare)) / factor);
  if (!Number.isFinite(full)) return 1 - slots / load;
  return Math.min(1, Math.max(0, (spare * blocking * full) / (spare + (1 - spare) * blocking * (1 - full))));
}

/** What is refused and how long the rest takes. */
export function boundedForecast(stage: BoundedStage, quantile: number): BoundedForecast {
  const refused = shedRatio(stage);
  return {
    shedRatio: refused,
    latencySeconds: latencyOf(stage, quantile),
    goodputPerSecond: (1 - refused) * stage.arrivalsPerSecond,
  };
}

/**
 * A request that finds `j` others waiting starts after `j + 1` of the departures that follow each other every
 * `serviceSeconds ÷ slots`. Their variation is left out: it is small beside that of the service.
 */
function latencyOf(stage: BoundedStage, quantile: number): number {
  const { slots, queueBound, serviceSeconds, serviceVariation } = stage;
  const load = stage.arrivalsPerSecond * serviceSeconds;
  const each = serviceSeconds / slots;
  const decay = Math.log(load / slots) / variationFactor(serviceVariation);
  const stride = Math.max(1, Math.ceil(queueBound / MOST_PLACES));
  const places: { readonly waitSeconds: number; readonly weight: number }[] = [];
  // Weights beside that of all states without a queue. Of a long queue in overload only the end has any, so the largest is 1.
  const highest = Math.max(0, decay * queueBound);
  for (let first = 0; first < queueBound; first += stride) {
    const count = Math.min(stride, queueBound - first);
    // A geometric series, from its largest place: the last one in overload, else the first.
    const largest = decay > 0 ? first + count - 1 : first;
    const inwards = meanOfSeries(Math.abs(decay), count);
    places.push({
      waitSeconds: (1 + (decay > 0 ? largest - inwards : largest + inwards)) * each,
      weight: Math.exp(decay * largest - highest) * sumOfSeries(Math.abs(decay), count),
    });
  }
  const blocking = erlangB(slots, load);
  // Without a queue: a slot is free, or the last one is taken and the queue is empty, which the first place stands for.
  const free = blocking > 0 ? ((1 - blocking) / blocking) * Math.exp(-highest) : Number.POSITIVE_INFINITY;
  const sum = places.reduce((total, { weight }) => total + weight, free);
  const tail = (seconds: number) => {
    const alone = serviceTail(seconds, serviceSeconds, serviceVariation);
    if (!Number.isFinite(sum) || sum <= 0) return alone;
    return places.reduce(
      (total, { waitSeconds, weight }) =>
        total + (weight / sum) * serviceTail(Math.max(0, seconds - waitSeconds), serviceSeconds, serviceVariation),
      (free / sum) * alone,
    );
  };
  return solveTail(tail, 1 - quantile, serviceSeconds * (1 + 3 * serviceVariation) + queueBound * each);
}

/** Σ e^(−decay·i) over i below `count`. */
function sumOfSeries(decay: number, count: number): number {
  return decay * count < 1e-9 ? count : Math.expm1(-decay * count) / Math.expm1(-decay);
}

/** The mean of i with those weights. */
function meanOfSeries(decay: number, count: number): number {
  return decay * count < 1e-3 ? (count - 1) / 2 : 1 / Math.expm1(decay) - count / Math.expm1(decay * count);
}
