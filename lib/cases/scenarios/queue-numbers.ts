/** What a queue came to and what was expected of it, as the numbers of a scenario. */

import type { SimulationResult } from '../../flow/queue/simulation/simulate';
import type { Sizing } from '../../flow/queue/sizing';
import type { QueuePlan } from '../../flow/queue/workload';
import type { Numbers } from '../scenario';

/** What was measured. */
export function numbersOf(result: SimulationResult): Numbers {
  return {
    latencyP95Seconds: result.quantile(0.95),
    latencyP99Seconds: result.latencyP99Seconds,
    peakBacklog: result.peakBacklog,
    drainSeconds: result.drainSeconds,
    instances: result.peakInstances,
    lostRatio: result.lost / (result.lost + result.processed + result.poisoned),
    setAside: result.poisoned,
  };
}

/** What the plan expects. */
export function predictionsOf(plan: QueuePlan, { workload, forecast }: Sizing): Numbers {
  const { latencyP99Seconds, peakBacklog, drainSeconds } = plan.predictions;
  const { poisonRatio, peakPerSecond, peakSeconds } = workload;
  return {
    latencyP95Seconds: forecast.latency().quantile(0.95),
    latencyP99Seconds,
    peakBacklog,
    drainSeconds,
    instances: plan.value('maxInstances'),
    setAside: poisonRatio * peakPerSecond * peakSeconds,
  };
}
