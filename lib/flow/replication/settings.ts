/** What the program of the throttle is given: knobs of the plan, under the names of the program. */
import type { ThrottleSettings } from './control';
import type { ReplicationPlan } from './workload';

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
