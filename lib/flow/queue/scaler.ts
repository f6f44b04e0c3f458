/**
 * The scaling law of a consumer. The fluid model and the simulation both run this code.
 *
 * Every `pollSeconds` it reads the outstanding items (waiting, in service and in a backoff) and wants ⌈outstanding ÷
 * backlogPerInstance⌉ instances within [min, max]. Instances beyond those requested so far serve their first item
 * `decideSeconds + startSeconds` later. It stops instances at once, down to the minimum, when for `HOLD_SECONDS` every
 * poll wanted the minimum at most and found no more outstanding items than the minimum can have in service: work in
 * flight is never cut off, and a peak that the crew keeps up with is not taken for its end.
 *
 * Source: AWS, "Scaling policy based on Amazon SQS" (backlog per instance); KEDA scalers, desired = ⌈metric ÷ target⌉.
 */
import type { ResolvedConsumer, ResolvedWorkload } from './resolve';
import { workSeconds } from './resolve';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { ceil, floor, max, min, sqrt } = Math;
const NEVER = Number.POSITIVE_INFINITY;

/** KEDA's `cooldownPeriod` and the scale-down stabilisation window of the Kubernetes autoscaler: 300 s both. */
export const HOLD_SECONDS = 300;

/**
 * Seconds between polls that a poll of 0 ("at once") stands for: a decision per item would make the law depend on the
 * rate, and no autoscaler polls more often.
 */
const SHORTEST_POLL_SECONDS = 0.1;

/** Seconds between two polls. */
export function pollInterval(consumer: ResolvedConsumer): number {
  return max(consumer.pollSeconds, SHORTEST_POLL_SECONDS);
}

/** Seconds from a backlog's growth to the first item of an added instance, at worst: poll + decide + start. */
export function reactionSeconds(
  consumer: Pick<ResolvedConsumer, 'pollSeconds' | 'decideSeconds' | 'startSeconds'>,
): number {
  return consumer.pollSeconds + consumer.decideSeconds + consumer.startSeconds;
}

/** ⌈outstanding ÷ backlogPerInstance⌉ within [minInstances, maxInstances]. */
export function desiredInstances(outstanding: number, consumer: ResolvedConsumer): number {
  const wanted = ceil(outstanding / consumer.backlogPerInstance);
  return min(consumer.maxInstances, max(consumer.minInstances, wanted));
}

/** Standard deviations of a Poisson number that it exceeds once in forty times: of ten polls in the hold, the most. */
const CHANCE = 2;

/**
 * The most items that the law has seen where so many are outstanding on average. A law that asks for as many slots as
 * there are items follows each that comes by chance, and holds what it has added; with any other the mean decides.
 */
export function mostItems(average: number, consumer: ResolvedConsumer): number {
  return asksForEachItem(consumer) ? average + CHANCE * sqrt(average) : average;
}

/** Whether the law asks for a slot for each item that is outstanding. */
export function asksForEachItem({ backlogPerInstance, slotsPerInstance }: ResolvedConsumer): boolean {
  return backlogPerInstance === slotsPerInstance;
}

/** The average of which `most` are the most items: the inverse of `mostItems`. */
export function averageItems(most: number, consumer: ResolvedConsumer): number {
  if (most === NEVER || !asksForEachItem(consumer)) return most;
  return (sqrt(most + (CHANCE / 2) ** 2) - CHANCE / 2) ** 2;
}

/**
 * Instances that serve the steady load when a peak begins. The minimum, if it is stable. Otherwise the law has already
 * added instances up to the smallest stable count; where it asks for a slot an item, up to the most items that are
 * outstanding by chance. A minimum of 0 counts as asleep unless an item arrives within `HOLD_SECONDS` with a probability
 * of e⁻⁵ = 0.7 % or more: the worst case for the first item.
 */
export function steadyInstances(workload: ResolvedWorkload, consumer: ResolvedConsumer): number {
  const { minInstances, maxInstances } = consumer;
  if (minInstances === 0 && workload.steadyPerSecond * HOLD_SECONDS < 5) return 0;
  const offered = workload.steadyPerSecond * workSeconds(workload, consumer.maxAttempts);
  const stable = floor(mostItems(offered, consumer) / consumer.slotsPerInstance) + 1;
  return min(maxInstances, max(minInstances, stable));
}

/** The state of the scaler between two polls. */
export class Scaler {
  private calmSince: number | undefined;

  /** @param asked instances that run or start */
  constructor(
    private readonly consumer: ResolvedConsumer,
    public asked: number,
  ) {}

  /** Outstanding items above which a poll requests more; `Infinity` once the maximum is requested. */
  public get asksAbove(): number {
    if (this.asked >= this.consumer.maxInstances) return NEVER;
    return this.asked * this.consumer.backlogPerInstance;
  }

  /** One poll: instances to add, `decideSeconds + startSeconds` from now (above 0), or to stop at once (below 0). */
  public poll(now: number, outstanding: number): number {
    const { minInstances, slotsPerInstance } = this.consumer;
    const wanted = desiredInstances(outstanding, this.consumer);
    const more = max(0, wanted - this.asked);
    this.asked += more;
    if (wanted > minInstances || outstanding > minInstances * slotsPerInstance) {
      this.calmSince = undefined;
      return more;
    }
    this.calmSince ??= now;
    if (now - this.calmSince < HOLD_SECONDS || this.asked <= minInstances) return more;
    const surplus = this.asked - minInstances;
    this.asked = minInstances;
    return -surplus;
  }
}
