/**
 * How many slots are needed: for a lasting rate, and to get through a peak until more instances have started.
 *
 * Every bound here is monotone in each input (more load, longer service, longer reaction: never fewer slots; more
 * latency: never more), and only then is it rounded up to whole instances. A maximum of such bounds keeps that, so that
 * the plan is monotone by construction. That is also why the reaction bound takes the latency of an item that never
 * waits instead of the finer one behind the rounded crew: the finer one jumps back whenever the crew jumps up.
 */
import { fewestSlots, variationFactor } from '../numerics/erlang';
import { stationaryTail } from './forecast/latency';
import { waitsAtQuantile } from './forecast/retries';
import {
  type ResolvedConsumer,
  type ResolvedWorkload,
  type Retries,
  SETTLES,
  STEADY_HORIZON_SECONDS,
  settlingSeconds,
  workSeconds,
} from './resolve';
import { reactionSeconds } from './scaler';

/** A promise with its defaults. */
export interface Promised {
  readonly latencySeconds: number;
  readonly latencyQuantile: number;
  readonly maxBacklog: number;
}

/**
 * Share of the latency budget that waiting for more instances may use up on average; chance takes the rest. Checked
 * against the prediction and the simulation, see test/flow/queue/agreement.test.ts.
 */
const REACTION_SHARE = 0.85;

/** The fewest slots that keep the promise at a rate that lasts `horizon` seconds. */
export function slotsForRate(
  rate: number,
  horizon: number,
  workload: ResolvedWorkload,
  retries: Retries,
  promise: Promised,
): number {
  const work = workSeconds(workload, retries.maxAttempts);
  const spread = variationFactor(workload.serviceVariation);
  const allowed = 1 - promise.latencyQuantile;
  return fewestSlots(rate * work, (slots, waiting) => {
    if (SETTLES * settlingSeconds(rate, slots / work, workload.serviceVariation) > horizon) return false;
    const decay = (slots / work - rate) / spread;
    return stationaryTail(promise.latencySeconds, workload, retries, waiting, decay) <= allowed;
  });
}

/** Seconds of peak to plan for. */
export function planningHorizon(workload: ResolvedWorkload): number {
  return workload.peakSeconds > 0 ? workload.peakSeconds : STEADY_HORIZON_SECONDS;
}

/**
 * Slots that must run when a peak begins, for it to keep the promise although more only come after the reaction time R.
 *
 * With a share y of the peak's slots running, the item whose turn comes when the others arrive has waited R(1 − y); if
 * the peak of length P is over before, its last item waits P(1/y − 1). The smaller of both must fit the budget B, hence
 * y ≥ min(1 − B/R, 1/(1 + B/P)). A bound on the backlog asks for (λ − yλ)·min(R, P) within it.
 *
 * @param unhinderedSeconds latency in seconds at the promised quantile of an item that never waits
 */
export function slotsThroughReaction(
  workload: ResolvedWorkload,
  consumer: Pick<ResolvedConsumer, 'pollSeconds' | 'decideSeconds' | 'startSeconds' | 'maxAttempts'>,
  promise: Promised,
  unhinderedSeconds: number,
): number {
  const { peakPerSecond, peakSeconds } = workload;
  if (peakSeconds === 0) return 0;
  const offered = peakPerSecond * workSeconds(workload, consumer.maxAttempts);
  const reaction = reactionSeconds(consumer);
  // An item that fails waits again: the budget is shared by as many waits as an item at the promised quantile has.
  const waits = waitsAtQuantile(workload.failureRatio, consumer.maxAttempts, promise.latencyQuantile);
  const budget = (REACTION_SHARE * (promise.latencySeconds - unhinderedSeconds)) / waits;
  const share = reaction > 0 ? Math.min(1 - budget / reaction, 1 / (1 + budget / peakSeconds)) : 0;
  const grown = Math.min(reaction, peakSeconds);
  const bounded = grown > 0 ? 1 - (REACTION_SHARE * promise.maxBacklog) / (peakPerSecond * grown) : 0;
  return offered * Math.max(0, share, bounded);
}

/**
 * Outstanding items at the first poll after a peak began: the fluid model after `pollSeconds` at `slots`.
 */
export function itemsAtFirstPoll(workload: ResolvedWorkload, work: number, slots: number, pollSeconds: number): number {
  const { steadyPerSecond, peakPerSecond } = workload;
  const seconds = Math.min(pollSeconds, workload.peakSeconds > 0 ? workload.peakSeconds : pollSeconds);
  const target = peakPerSecond * work;
  const start = Math.min(slots, steadyPerSecond * work);
  const full = target > slots ? work * Math.log((target - start) / (target - slots)) : Number.POSITIVE_INFINITY;
  if (seconds <= full) return target + (start - target) * Math.exp(-seconds / work);
  return slots + (peakPerSecond - slots / work) * (seconds - full);
}
