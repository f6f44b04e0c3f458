/** What a queue has to have that a sender on AWS is given. */
import type { Check } from '../../flow/errors';
import { LAMBDA_VISIBILITY_FACTOR } from '../../flow/queue/brokers/sqs';
import type { QueuePlan } from '../../flow/queue/workload';
import type { RatesPlan } from '../../flow/rates/workload';

/** A message that is visible again while its sender still runs is sent by two; one that has expired, by none. */
export function givenQueueChecks(queue: QueuePlan, plan: RatesPlan): Check[] {
  const of = (knob: string) => plan.value(knob);
  const rows = [
    {
      knob: 'visibilityTimeoutSeconds',
      least: LAMBDA_VISIBILITY_FACTOR * of('functionTimeoutSeconds') + of('batchWindowSeconds'),
      what: 'a visibility timeout in seconds',
      why: `six times the function's and the batch window; give its RedriveQueue a functionTimeout of ${of('functionTimeoutSeconds')} s and a batchWindow of ${of('batchWindowSeconds')} s`,
    },
    {
      knob: 'maxReceiveCount',
      least: of('maxReceiveCount'),
      what: 'a maxReceiveCount',
      why: 'a mail that waits for a provider is received and hidden again',
    },
    {
      knob: 'retentionSeconds',
      least: Math.min(of('retentionSeconds'), Math.ceil(plan.predictions.campaignSeconds ?? 0)),
      what: 'a retention in seconds',
      why: 'the campaign takes that long',
    },
  ];
  return rows.map(({ knob, least, what, why }) => ({
    refused: queue.value(knob) < least,
    message: `queue must have ${what} of at least ${least}, got ${queue.value(knob)}: ${why}`,
  }));
}
