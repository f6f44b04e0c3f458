/** The question of the queue that a sender's messages wait in. */
import type { QueueQuestion } from '../queue/question';
import type { RatesPlan, RatesQuestion } from './workload';

/** A campaign is handed over within this time; however fast that is, its last message waits as long as it takes. */
const HANDOVER_SECONDS = 60;
/** Without a campaign: 100 days between two messages. */
const LEAST_PER_SECOND = 1e-7;
/** Without a campaign nothing is promised; a steady message that waits for a quarter of an hour is one too many. */
export const STEADY_LATENCY_SECONDS = 900;

/**
 * The queue between producers and senders: a campaign is a peak that its senders work off at the rate of the plan, which
 * is that of the daily limit where it takes several days.
 */
export function sendingQuestion(question: RatesQuestion, plan: RatesPlan): QueueQuestion {
  const { campaignMessages = 0, steadyPerSecond = 0 } = question.workload;
  const { completeSeconds } = question.objective ?? {};
  const { campaignSeconds = 0 } = plan.predictions;
  const instances = plan.value('senders');
  const rate = plan.value('messagesPerSecond');
  // What is left of several days is waiting for the next one.
  const mean = campaignMessages > 0 ? Math.min(rate, steadyPerSecond + campaignMessages / campaignSeconds) : rate;
  const needed = campaignSeconds + HANDOVER_SECONDS;
  return {
    workload: {
      steadyPerSecond: Math.max(LEAST_PER_SECOND, steadyPerSecond),
      ...(campaignMessages > 0 && {
        peakPerSecond: steadyPerSecond + campaignMessages / HANDOVER_SECONDS,
        peakSeconds: HANDOVER_SECONDS,
      }),
      // The provider is the bottleneck, not the senders.
      serviceSeconds: instances / mean,
      serviceVariation: 0,
    },
    objective: {
      latencySeconds:
        campaignMessages > 0 ? Math.max(completeSeconds ?? 2 * campaignSeconds, needed) : STEADY_LATENCY_SECONDS,
      // More of it is promised by the plan of the rate.
      latencyQuantile: 0.95,
    },
    consumer: { maxInstances: instances },
    functionTimeoutSeconds: Math.max(plan.value('functionTimeoutSeconds'), Math.ceil(instances / mean)),
    batchWindowSeconds: plan.value('batchWindowSeconds'),
    maxReceiveCount: plan.value('maxReceiveCount'),
    retentionSeconds: plan.value('retentionSeconds'),
  };
}
