/**
 * Sizing for a platform that adds instances by itself: some at once, then so many a second, as Lambda does with the
 * pollers of a queue.
 *
 * The ramp is taken as dead time: no added instance counts before the last one is there. That errs on the safe side.
 * The exact course would be a path with a break for every instance, and the laws of chance around a path
 * (peak-backlog.ts, chance.ts) know one step from the crew at the start to the crew in the end.
 */
import { type Sizing, size } from './sizing';
import type { Consumer, Objective, Workload } from './workload';

/** How a platform adds instances. */
export interface Ramp {
  /** Instances that there are at once. */
  readonly initialInstances: number;
  /** Instances added a second from then on. */
  readonly addedPerSecond: number;
  /** The most that there can be. */
  readonly mostInstances: number;
  /** What instances are called there, and what sets the limit. */
  readonly called: string;
  readonly limitedBy: string;
  /** What to do beyond the limit, besides asking for less. */
  readonly otherwise: readonly string[];
}

/** Seconds until the last of `instances` is there. */
export function rampSeconds(ramp: Ramp, instances: number): number {
  return Math.max(0, instances - ramp.initialInstances) / ramp.addedPerSecond;
}

/** As `size`, for a consumer whose minimum nobody can choose: the ramp says how many there are at once. */
export function sizeOnRamp(
  ramp: Ramp,
  subject: string,
  workload: Workload,
  objective: Objective,
  given: Consumer,
): Sizing {
  // How many it takes does not depend on how fast they come.
  const unhurried = size(subject, workload, objective, { ...given, decideSeconds: 0 });
  const needed = unhurried.consumer.maxInstances;
  if (unhurried.refusal !== undefined) return { ...unhurried, given };
  if (needed > ramp.mostInstances) {
    const refusal = () => `needs ${needed} ${ramp.called}, ${ramp.limitedBy} allows ${ramp.mostInstances}`;
    return { ...unhurried, given, refusal, otherwise: ramp.otherwise };
  }
  const sized = size(subject, workload, objective, {
    ...given,
    decideSeconds: rampSeconds(ramp, needed),
    minInstances: Math.min(ramp.initialInstances, needed),
    maxInstances: needed,
  });
  // What was given by hand is what the user gave, not what the second reckoning was given.
  return { ...sized, given };
}
