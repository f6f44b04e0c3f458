/** What the program of the guard is given: knobs of the plan, under the names of the program. */
import type { ThrottleSettings } from './control';
import type { ReplicationPlan } from './workload';

/** What the guard tells writers, beside how fast they may go. */
export interface WriterSettings {
  /** Seconds from one poll of a writer to its next. */
  readonly writerPollSeconds: number;
  /** Age of a signal, in seconds, from which a writer takes the least rate. */
  readonly signalStaleSeconds: number;
}

/** All that a guard is given as `SETTINGS`. */
export interface GuardSettings extends ThrottleSettings, WriterSettings {}

/** The numbers of the throttle, and those that writers follow. */
export function guardSettings(plan: ReplicationPlan): GuardSettings {
  return {
    ...throttleSettings(plan),
    writerPollSeconds: plan.value('writerPollSeconds'),
    signalStaleSeconds: plan.value('signalStaleSeconds'),
  };
}

/** The numbers of the throttle. */
export function throttleSettings(plan: ReplicationPlan): ThrottleSettings {
  return {
    targetLagSeconds: plan.value('targetLagSeconds'),
    releaseLagSeconds: plan.value('releaseLagSeconds'),
    decreaseRatio: plan.value('decreaseRatio'),
    holdSeconds: plan.value('holdSeconds'),
    increasePerSecond: plan.value('increasePerSecond'),
    floorPerSecond: plan.value('floorPerSecond'),
    leastBulkPerSecond: plan.value('leastBulkPerSecond'),
    mostPerSecond: plan.value('mostPerSecond'),
    unknownTicks: plan.value('unknownTicks'),
  };
}
