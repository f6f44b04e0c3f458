/** The question of the queue that a sender's messages wait in. */
import type { QueueQuestion } from '../queue/question';
import type { RatesPlan, RatesQuestion } from './workload';

/** A campaign is handed over within this time; however fast that is, its last message waits as long as it takes. */
const HANDOVER_SECONDS = 60;
/** Without a campaign: 100 days between two messages. */
const LEAST_PER_SECOND = 1e-7;
/** Without a campaign nothing is promised; a steady message that waits for a quarter of an hour is one too many. */
export const STEADY_LATENCY_SECONDS = 900;

/** What is promised is less than what is kept. */
const KEPT_SPARE_SECONDS = 60;

/**
 * The queue between producers and senders: a campaign is a peak that its senders work off at the rate of the plan. Where a
 * daily limit spreads it over several days, its messages wait that much longer.
 */
export function sendingQuestion(question: RatesQuestion, plan: RatesPlan): QueueQuestion {
  const { campaignMessages = 0, steadyPerSecond = 0 } = question.workload;
  const instances = plan.value('senders');
  return {
    workload: {
      steadyPerSecond: Math.max(LEAST_PER_SECOND, steadyPerSecond),
      ...(campaignMessages > 0 && {
        peakPerSecond: steadyPerSecond + campaignMessages / HANDOVER_SECONDS,
        peakSeconds: HANDOVER_SECONDS,
      }),
      // The provider is the bottleneck, not the senders.
      serviceSeconds: instances / plan.value('messagesPerSecond'),
      serviceVariation: 0,
    },
    objective: {
      latencySeconds: campaignMessages > 0 ? waitSeconds(question, plan) : STEADY_LATENCY_SECONDS,
      // More of it is promised by the plan of the rate.
      latencyQuantile: 0.95,
    },
    consumer: { maxInstances: instances },
    functionTimeoutSeconds: plan.value('functionTimeoutSeconds'),
    batchWindowSeconds: plan.value('batchWindowSeconds'),
    maxReceiveCount: plan.value('maxReceiveCount'),
    retentionSeconds: plan.value('retentionSeconds'),
  };
}

/** How long a message of a campaign may wait: as promised, or twice as long as needed; at most as long as it is kept. */
function waitSeconds({ objective = {} }: RatesQuestion, plan: RatesPlan): number {
  const { campaignSeconds = 0 } = plan.predictions;
  const { completeSeconds = 2 * campaignSeconds } = objective;
  const kept = plan.value('retentionSeconds') - KEPT_SPARE_SECONDS;
  return Math.min(kept, Math.max(completeSeconds, campaignSeconds + HANDOVER_SECONDS));
}
