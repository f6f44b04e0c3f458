/** The question of the queue of Amazon SQS that events wait in before they are merged. */
import { resolveArrivals } from '../arrivals';
import { LAMBDA_VISIBILITY_FACTOR, SQS_LIMITS } from '../queue/brokers/sqs';
import type { QueueQuestion } from '../queue/question';
import { DAY_SECONDS } from '../ranges';
import { OUTAGE_SECONDS } from './outage';
import type { MergingPlan, MergingQuestion } from './workload';

/** Failures of a message that are not its own: a function that ended, an event that was in a batch with a bad one. */
const RECEIVES = 10;
/**
 * Seconds that an outage may last on Amazon SQS: each receive of a message hides it for so long, and it has so many.
 *
 * @param flushTimeoutSeconds, windowSeconds knobs of the plan
 */
export function longestOutage(flushTimeoutSeconds: number, windowSeconds: number): number {
  return (SQS_LIMITS.receiveCount.max - RECEIVES) * hiddenFor(flushTimeoutSeconds, windowSeconds);
}

function hiddenFor(flushTimeoutSeconds: number, windowSeconds: number): number {
  return LAMBDA_VISIBILITY_FACTOR * flushTimeoutSeconds + windowSeconds;
}

/** Retention that Amazon SQS has unless said otherwise, and the longest that leaves a person a day with dead letters. */
const USUAL_RETENTION_SECONDS = 4 * DAY_SECONDS;
const LONGEST_RETENTION_SECONDS = SQS_LIMITS.retentionSeconds.max - DAY_SECONDS;

/**
 * The queue before the merger: an event takes its share of the work on its key, by the readers that the plan allows. The
 * window is time that an event waits for others.
 */
export function waitingQuestion(question: MergingQuestion, plan: MergingPlan): QueueQuestion {
  const { workload, objective, outageSeconds = OUTAGE_SECONDS } = question;
  const { keySeconds, callSeconds = 0, flushSeconds = 0 } = workload;
  const { mergeRatio, eventsPerFlush } = plan.predictions;
  const flushTimeoutSeconds = plan.value('flushTimeoutSeconds');
  const windowSeconds = plan.value('windowSeconds');
  const ofKey = keySeconds + callSeconds / plan.value('keysPerCall');
  const hiddenSeconds = hiddenFor(flushTimeoutSeconds, windowSeconds);
  const readers = plan.value('readers');
  const { steadyPerSecond, peakPerSecond, peakSeconds } = resolveArrivals(workload);
  return {
    workload: {
      steadyPerSecond,
      ...(peakSeconds > 0 && { peakPerSecond, peakSeconds }),
      serviceSeconds: ofKey / plan.value('workers') / mergeRatio + flushSeconds / eventsPerFlush,
      serviceVariation: 0,
    },
    objective: { latencySeconds: objective.freshnessSeconds, latencyQuantile: 0.95 },
    consumer: { maxInstances: readers },
    functionTimeoutSeconds: flushTimeoutSeconds,
    batchWindowSeconds: windowSeconds,
    // In an outage every message is received as soon as it is visible again.
    maxReceiveCount: RECEIVES + Math.ceil(outageSeconds / hiddenSeconds),
    ...(2 * outageSeconds > USUAL_RETENTION_SECONDS && {
      retentionSeconds: Math.min(LONGEST_RETENTION_SECONDS, 2 * outageSeconds),
    }),
  };
}
