import { planQueue } from '../../flow/queue/plan';
import { simulate } from '../../flow/queue/simulation/simulate';
import { simulateCallers } from '../../flow/webhooks/simulation';
import type { CallScenario } from '../scenario';
import type { Measured } from './measured';
import { plannedConsumer } from './planned-consumer';
import { numbersOf, predictionsOf } from './queue-numbers';

/** Calls: answered when the work is done before, when a queue has them after. */
export function measureCalls(subject: string, { workload, before, after }: CallScenario, seed: number): Measured {
  const first = simulateCallers(workload, before.slots, before.patienceSeconds, seed);
  const plan = planQueue(subject, workload, after.objective, after.consumer);
  const consumer = plannedConsumer(plan, after.consumer);
  const second = simulate({
    workload,
    consumer,
    seed,
    faults: [{ seconds: after.killAtSeconds }],
    visibilityTimeoutSeconds: plan.value('visibilityTimeoutSeconds'),
  });
  return {
    before: {
      latencyP95Seconds: first.latency.quantile(0.95),
      latencyP99Seconds: first.latency.quantile(0.99),
      peakBacklog: first.peakBacklog,
      lostRatio: first.lost / (first.lost + first.processed),
    },
    after: { measured: numbersOf(second), predicted: predictionsOf(plan, workload, consumer) },
    knobs: plan.knobs,
    timelines: { before: [], after: second.timeline },
  };
}
