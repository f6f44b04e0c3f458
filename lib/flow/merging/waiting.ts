/** The question of the queue of Amazon SQS that events wait in before they are merged. */
import { resolveArrivals } from '../arrivals';
import type { QueueQuestion } from '../queue/question';
import type { MergingPlan, MergingQuestion } from './workload';

/** Receives that are none: a flush that was ended, or what is behind was away. */
const RECEIVES = 10;

/**
 * The queue before the merger: an event takes its share of the work on its key, by the readers that the plan allows. The
 * window is time that an event waits for others.
 */
export function waitingQuestion({ workload, objective }: MergingQuestion, plan: MergingPlan): QueueQuestion {
  const { keySeconds } = workload;
  const readers = plan.value('readers');
  const { steadyPerSecond, peakPerSecond, peakSeconds } = resolveArrivals(workload);
  return {
    workload: {
      steadyPerSecond,
      ...(peakSeconds > 0 && { peakPerSecond, peakSeconds }),
      serviceSeconds: keySeconds / plan.value('workers') / plan.predictions.mergeRatio,
      serviceVariation: 0,
    },
    objective: { latencySeconds: objective.freshnessSeconds, latencyQuantile: 0.95 },
    consumer: { maxInstances: readers },
    functionTimeoutSeconds: plan.value('flushTimeoutSeconds'),
    batchWindowSeconds: plan.value('windowSeconds'),
    maxReceiveCount: RECEIVES,
  };
}
