import { type ResolvedConsumer, type ResolvedWorkload, settlingSeconds, workSeconds } from '../resolve';

/**
 * Seconds until an empty stage has forgotten that it was empty: five settling times and five services. An unstable or
 * sleeping stage never settles; it starts empty.
 */
export function warmUpSeconds(workload: ResolvedWorkload, consumer: ResolvedConsumer, instances: number): number {
  const work = workSeconds(workload, consumer.maxAttempts);
  const capacity = (instances * consumer.slotsPerInstance) / work;
  const settling = settlingSeconds(workload.steadyPerSecond, capacity, workload.serviceVariation);
  return settling === Number.POSITIVE_INFINITY ? 0 : 5 * (work + settling);
}
