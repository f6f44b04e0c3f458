/** Random workloads over wide ranges, the same ones every time. */
import { CapacityError } from '../../../lib/flow/errors';
import { serviceQuantile } from '../../../lib/flow/numerics/gamma';
import { Random } from '../../../lib/flow/numerics/random';
import { planQueue } from '../../../lib/flow/queue/plan';
import { CONSUMER_DEFAULTS, type ResolvedConsumer } from '../../../lib/flow/queue/resolve';
import type { Consumer, Objective, QueuePlan, Workload } from '../../../lib/flow/queue/workload';

export interface Draw {
  readonly workload: Workload;
  readonly objective: Objective;
  readonly consumer: Consumer;
}

export interface Planned extends Draw {
  readonly plan: QueuePlan;
  readonly resolved: ResolvedConsumer;
}

/** Items that one simulated peak may have: keeps 500 of them affordable. */
const MOST_ITEMS = 20_000;

/** Busy slots that a workload may need: each is filled anew in every simulated peak. */
const MOST_SLOTS = 1000;

/** One draw; rates, service and lengths are spread evenly over orders of magnitude. */
export function draw(random: Random): Draw {
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  const spread = (low: number, high: number) => low * (high / low) ** random.uniform();
  const oneIn = (n: number) => random.uniform() < 1 / n;
  const peaked = !oneIn(5);
  // Without a peak the whole planning horizon of 600 s is observed, which bounds the rate.
  const high = spread(1, peaked ? 2000 : 100);
  const ratio = peaked ? Math.min(high, spread(1.05, 20)) : 1;
  const serviceSeconds = Math.min(spread(0.001, 20), MOST_SLOTS / high);
  const serviceVariation = oneIn(4) ? 1 : oneIn(8) ? 0 : between(0, 2);
  const failing = oneIn(5);
  const poisonous = oneIn(8);
  const workload: Workload = {
    steadyPerSecond: high / ratio,
    ...(ratio > 1 && {
      peakPerSecond: high,
      peakSeconds: Math.min(spread(60, 3600), Math.max(60, MOST_ITEMS / high)),
    }),
    serviceSeconds,
    serviceVariation,
    ...(failing && { failureRatio: spread(0.001, 0.1) }),
    ...(poisonous && { poisonRatio: spread(0.0005, 0.01) }),
  };
  // From a promise that a lone item barely keeps to one a hundred times as loose.
  const alone = serviceQuantile(0.99, serviceSeconds, serviceVariation) + (failing ? 3 + 2 * serviceSeconds : 0);
  return {
    workload,
    objective: { latencySeconds: alone * spread(1.3, 100) + (oneIn(2) ? spread(1, 200) : 0) },
    consumer: {
      slotsPerInstance: 1 + Math.floor(between(0, 16)),
      pollSeconds: spread(1, 60),
      decideSeconds: between(0, 30),
      startSeconds: spread(1, 180),
    },
  };
}

/** `count` draws that can be planned. Infeasible ones are drawn again; nothing else is left out. */
export function plannedDraws(count: number, seed: number): Planned[] {
  const random = new Random(seed);
  const planned: Planned[] = [];
  while (planned.length < count) {
    const next = draw(random);
    try {
      // From a broker without a delay of its own: the prediction compared assumes the backoff of the consumer.
      const { workload, objective, consumer } = next;
      const plan = planQueue('drawn', { workload, objective, consumer, broker: 'redis' });
      planned.push({ ...next, plan, resolved: resolvedOf(plan, next.consumer) });
    } catch (error) {
      if (!(error instanceof CapacityError)) throw error;
    }
  }
  return planned;
}

/** The consumer that a plan describes. */
export function resolvedOf(plan: QueuePlan, consumer: Consumer): ResolvedConsumer {
  return {
    ...CONSUMER_DEFAULTS,
    ...consumer,
    minInstances: plan.value('minInstances'),
    maxInstances: plan.value('maxInstances'),
    backlogPerInstance: plan.value('backlogPerInstance'),
  };
}
