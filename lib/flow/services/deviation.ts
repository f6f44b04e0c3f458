/**
 * How far what one run counts strays from the forecast by chance alone: one standard deviation.
 *
 * Far above capacity the slots are always busy, and what is refused varies with what arrives and what is served. Below it the queue
 * takes up most of that, and refusals come in clumps.
 *
 * Source: reflected.ts; Aldous, Probability Approximations via the Poisson Clumping Heuristic (1989), B; checked against simulation.ts
 * in test/flow/services/deviation.test.ts.
 */
import { overflowShare } from '../numerics/reflected';
import type { BoundedForecast } from './bounded';
import type { BoundedStage } from './waits';

/** One standard deviation of each. */
export interface BoundedDeviation {
  /** Of the share of the requests that is refused. */
  readonly shedRatio: number;
  /** Of the share of the requests that begins and is not answered by the deadline. */
  readonly failedRatio: number;
  /** Of the requests that are answered by the deadline. */
  readonly served: number;
}

/**
 * @param seconds length of the run
 * @param instances that share the requests at random, each with those of `stage`
 */
export function boundedDeviation(
  stage: BoundedStage,
  forecast: BoundedForecast,
  seconds: number,
  instances: number,
): BoundedDeviation {
  const { arrivalsPerSecond, serviceSeconds, serviceVariation, slots, queueBound } = stage;
  const { shedRatio, overdueRatio } = forecast;
  const capacityPerSecond = slots / serviceSeconds;
  // Poisson: as many as come. Of the work as many as are done, by the square of its variation.
  const served = serviceVariation ** 2 * Math.min(arrivalsPerSecond, capacityPerSecond);
  // Slots without a queue take up as many as stray from their mean.
  const room = queueBound + Math.sqrt(slots);
  const drift = arrivalsPerSecond - capacityPerSecond;
  const variance = arrivalsPerSecond + served;
  // What finds the line full, and the time for which it is empty.
  const [full, empty] = [overflowShare(drift, variance, room), overflowShare(-drift, variance, room)];
  const requests = instances * arrivalsPerSecond * seconds;
  const failedRatio = (1 - shedRatio) * overdueRatio;
  // One arrival more adds to the refused and to the requests that they are divided by.
  const varied = (1 - shedRatio) ** 2 + served / arrivalsPerSecond;
  // Below capacity refusals are seldom, and come several at a time: as many as arrive until a place is free.
  const load = arrivalsPerSecond / capacityPerSecond;
  const clumped = load < 1 ? (shedRatio * (1 + load)) / (1 - load) : 0;
  return {
    shedRatio: Math.sqrt(
      Math.max(full * varied, Math.min(clumped, overflowShare(0, variance, room) * varied)) / requests,
    ),
    failedRatio: Math.sqrt((failedRatio * (1 - failedRatio)) / requests),
    // Where the line is at times empty what arrives decides, where it is full the work; at the full load either a third.
    served: Math.sqrt(requests * (empty + (full * served) / arrivalsPerSecond)),
  };
}
