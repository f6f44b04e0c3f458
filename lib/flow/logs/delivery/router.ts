/** The router of a plan as the simulation takes it. */
import type { RouterSettings } from '../simulation/router';
import type { LogDeliveryPlan } from './workload';

/** The settings that the plan writes into the router's configuration. */
export function routerOf(plan: LogDeliveryPlan): RouterSettings {
  const { lineBytes } = plan.knob('bufferedBytesPerLine').inputs;
  const { tasks } = plan.knob('streamBytesPerSecond').inputs;
  return {
    flushSeconds: plan.value('flushSeconds'),
    retries: Number.POSITIVE_INFINITY,
    limitBytes: plan.value('storageTotalLimitBytes'),
    storedPerByte: plan.value('bufferedBytesPerLine') / lineBytes,
    takenPerSecond: (plan.value('streamBytesPerSecond') / tasks) * (lineBytes / plan.value('sentBytesPerLine')),
    baseSeconds: plan.value('retryBaseSeconds'),
    capSeconds: plan.value('retryCapSeconds'),
  };
}
