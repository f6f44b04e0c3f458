/**
 * Sizing for a platform that adds instances by itself: some at once, then so many a second, as Lambda does with the
 * pollers of a queue.
 *
 * The ramp is taken as dead time: no added instance counts before the last one has started. That errs on the safe side.
 * The exact course would be a path with a break for every instance, and the laws of chance around a path
 * (peak-backlog.ts, chance.ts) cover one step, from the first crew to the last.
 */
import { type Sizing, size } from '../sizing';
import type { Consumer, Objective, Workload } from '../workload';

/** How a platform adds instances. */
export interface Ramp {
  /** Instances available at once. */
  readonly initialInstances: number;
  /** Instances added a second from then on. */
  readonly addedPerSecond: number;
  /** The most instances. */
  readonly mostInstances: number;
  /** The platform's word for instances, and the source of the limit. */
  readonly called: string;
  readonly limitedBy: string;
}

/** Seconds until the last of `instances` has started. */
export function rampSeconds(ramp: Ramp, instances: number): number {
  return Math.max(0, instances - ramp.initialInstances) / ramp.addedPerSecond;
}

/** As `size`, for a consumer whose minimum the platform sets: the ramp says how many run at once. */
export function sizeOnRamp(
  ramp: Ramp,
  subject: string,
  workload: Workload,
  objective: Objective,
  given: Consumer,
): Sizing {
  // The number needed does not depend on how fast instances start.
  const unhurried = size(subject, workload, objective, { ...given, decideSeconds: 0 }, { onlyMost: true });
  const needed = unhurried.consumer.maxInstances;
  if (needed > ramp.mostInstances) {
    const reason = () => `needs ${needed} ${ramp.called}, ${ramp.limitedBy} allows ${ramp.mostInstances}`;
    return { ...unhurried, given, refusal: () => unhurried.refusal() ?? reason };
  }
  const sized = size(subject, workload, objective, {
    ...given,
    decideSeconds: rampSeconds(ramp, needed),
    minInstances: Math.min(ramp.initialInstances, needed),
    maxInstances: needed,
  });
  // What not even instances at once can serve is refused without a word about the ramp.
  if (sized.refusal() !== undefined && unhurried.refusal() !== undefined) return { ...unhurried, given };
  // Given by hand means given by the user, not passed to the second sizing.
  return { ...sized, given, decidedBy: unhurried.decidedBy };
}
