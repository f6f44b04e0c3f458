/**
 * The law by which a consumer follows its backlog. Written once: the fluid model and the simulation both run it.
 *
 * Every `pollSeconds` it looks at the outstanding items (waiting, in service and waiting out a backoff) and wants
 * ⌈outstanding ÷ backlogPerInstance⌉ instances within [min, max]. What it wants beyond what it has asked for so far
 * serves its first item `decideSeconds + startSeconds` later. It gives instances back at once, down to the minimum,
 * when for `HOLD_SECONDS` no look has wanted more than the minimum, nor found more outstanding items than the minimum
 * can have in service: work in flight is never cut off, and a peak that is kept up with is not mistaken for its end.
 *
 * Source: AWS, "Scaling policy based on Amazon SQS" (backlog per instance); KEDA scalers, desired = ⌈metric ÷ target⌉.
 */
import type { ResolvedConsumer, ResolvedWorkload } from './resolve';
import { workSeconds } from './resolve';

// Looked up once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { ceil, floor, max, min } = Math;
const NEVER = Number.POSITIVE_INFINITY;

/** KEDA's `cooldownPeriod` and the scale-down stabilisation window of the Kubernetes autoscaler: 300 s both. */
export const HOLD_SECONDS = 300;

/**
 * Seconds between looks that a poll of 0 ("at once") stands for: a decision per item would make the law depend on
 * the rate, and no autoscaler looks more often.
 */
export const SHORTEST_POLL_SECONDS = 0.1;

/** Seconds between two looks. */
export function lookInterval(consumer: ResolvedConsumer): number {
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

/**
 * Instances that serve the steady load when a peak begins. The minimum, if it is stable. A smaller minimum has been
 * outgrown long before: the law then holds the smallest stable count, except that a minimum of 0 is found asleep
 * where less than e⁻⁵ = 0.7 % certain to see an item within `HOLD_SECONDS` — the worst case for whoever comes first.
 */
export function steadyInstances(workload: ResolvedWorkload, consumer: ResolvedConsumer): number {
  const { minInstances, maxInstances } = consumer;
  if (minInstances === 0 && workload.steadyPerSecond * HOLD_SECONDS < 5) return 0;
  const offered = workload.steadyPerSecond * workSeconds(workload, consumer.maxAttempts);
  const stable = floor(offered / consumer.slotsPerInstance) + 1;
  return min(maxInstances, max(minInstances, stable));
}

/** What the scaler remembers between two looks. */
export class Scaler {
  private calmSince: number | undefined;

  /** @param asked instances that run or are on their way */
  constructor(
    private readonly consumer: ResolvedConsumer,
    public asked: number,
  ) {}

  /** Outstanding items above which a look asks for more; `Infinity` once the maximum is asked for. */
  public get asksAbove(): number {
    if (this.asked >= this.consumer.maxInstances) return NEVER;
    return this.asked * this.consumer.backlogPerInstance;
  }

  /** One look: instances to add, `decideSeconds + startSeconds` from now (above 0), or to stop at once (below 0). */
  public look(now: number, outstanding: number): number {
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
