import { planQueue } from '../../flow/queue/plan';
import { simulate } from '../../flow/queue/simulation/simulate';
import type { QueueScenario } from '../scenario';
import type { Measured } from './measured';
import { fixedConsumer, plannedConsumer } from './planned-consumer';
import { numbersOf, predictionsOf } from './queue-numbers';

/** A queue: served by so many instances before, by as many as the plan sets after. */
export function measureQueue(subject: string, { workload, before, after }: QueueScenario, seed: number): Measured {
  const { instances, slotsPerInstance, serviceSeconds = workload.serviceSeconds, attempts = 1, returnSeconds } = before;
  const first = simulate({
    workload: { ...workload, serviceSeconds },
    consumer: fixedConsumer(instances, slotsPerInstance, attempts),
    seed,
    ...(returnSeconds === undefined ? {} : { backoff: { baseSeconds: returnSeconds, capSeconds: returnSeconds } }),
  });
  const plan = planQueue(subject, workload, after.objective, after.consumer);
  const consumer = plannedConsumer(plan, after.consumer);
  const second = simulate({ workload, consumer, seed });
  return {
    // Whoever has no dead-letter queue sets nothing aside; the simulation only ends its rounds some day.
    before: { ...numbersOf(first), setAside: 0 },
    after: { measured: numbersOf(second), predicted: predictionsOf(plan, workload, consumer) },
    knobs: plan.knobs,
    timelines: { before: first.timeline, after: second.timeline },
  };
}
