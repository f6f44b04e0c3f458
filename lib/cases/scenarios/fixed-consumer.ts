import { CONSUMER_DEFAULTS, type ResolvedConsumer } from '../../flow/queue/resolve';

/** A consumer of that many instances, whatever the backlog. */
export function fixedConsumer(instances: number, slotsPerInstance: number, maxAttempts: number): ResolvedConsumer {
  return {
    ...CONSUMER_DEFAULTS,
    slotsPerInstance,
    minInstances: instances,
    maxInstances: instances,
    // Never reached: there is nothing to ask for.
    backlogPerInstance: Number.MAX_SAFE_INTEGER,
    maxAttempts,
  };
}
