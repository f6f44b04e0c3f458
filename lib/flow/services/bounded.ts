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
import { type BoundedStage, waitsOf } from './waits';

/** What happens to its requests. */
export interface BoundedForecast {
  /** Share of the requests that is refused, for want of room or of time. */
  readonly shedRatio: number;
  /** Share of the requests that begin and are not answered by the deadline. */
  readonly overdueRatio: number;
  /** Seconds within which one is answered that is answered by the deadline, at the quantile asked. */
  readonly latencySeconds: number;
  /** Requests per second that are answered by the deadline. */
  readonly goodputPerSecond: number;
}

/** Closer to a full load than this, the formula is taken at its limit. */
const NEARLY_FULL = 1e-7;

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
  const tail = answerTail(stage);
  const { deadlineSeconds = Number.POSITIVE_INFINITY } = stage;
  const overdue = Number.isFinite(deadlineSeconds) ? tail(deadlineSeconds) : 0;
  // What is answered after the deadline is told so at the deadline, and is no answer: the rest is quicker.
  const answered = (seconds: number) => Math.max(0, tail(seconds) - overdue) / (1 - overdue);
  const { serviceSeconds, serviceVariation, queueBound, slots } = stage;
  const guess = serviceSeconds * (1 + 3 * serviceVariation) + (queueBound * serviceSeconds) / slots;
  return {
    shedRatio: refused,
    overdueRatio: overdue,
    latencySeconds: overdue < 1 ? solveTail(answered, 1 - quantile, guess) : deadlineSeconds,
    goodputPerSecond: (1 - refused) * (1 - overdue) * stage.arrivalsPerSecond,
  };
}

/** P(wait + service > seconds) of the requests that begin. */
function answerTail(stage: BoundedStage): (seconds: number) => number {
  const { atOnce, cells } = waitsOf(stage);
  const alone = (seconds: number) => serviceTail(Math.max(0, seconds), stage.serviceSeconds, stage.serviceVariation);
  return (seconds) =>
    cells.reduce((total, cell) => total + cell.share * alone(seconds - cell.seconds), atOnce * alone(seconds));
}
