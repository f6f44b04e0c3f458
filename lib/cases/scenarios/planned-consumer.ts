import type { Plan } from '../../flow/plan';
import { CONSUMER_DEFAULTS, type ResolvedConsumer } from '../../flow/queue/resolve';
import type { Consumer } from '../../flow/queue/workload';

/** The consumer that a plan settled on, for the simulation: what was given, completed by the plan's knobs. */
export function plannedConsumer(plan: Plan, given: Consumer): ResolvedConsumer {
  return {
    slotsPerInstance: given.slotsPerInstance ?? CONSUMER_DEFAULTS.slotsPerInstance,
    pollSeconds: given.pollSeconds ?? CONSUMER_DEFAULTS.pollSeconds,
    decideSeconds: given.decideSeconds ?? CONSUMER_DEFAULTS.decideSeconds,
    startSeconds: given.startSeconds ?? CONSUMER_DEFAULTS.startSeconds,
    minInstances: plan.value('minInstances'),
    maxInstances: plan.value('maxInstances'),
    backlogPerInstance: plan.value('backlogPerInstance'),
    maxAttempts: plan.value('maxReceiveCount'),
  };
}

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
