import type { Workload } from '../flow/queue/workload';
import { Case } from './case';
import type { WebhookDeployments } from './scenarios/webhooks';

/** The flood of webhooks and its objective. */
export const WEBHOOKS = {
  workload: {
    steadyPerSecond: 50,
    peakPerSecond: 506.5,
    peakSeconds: 3_600,
    serviceSeconds: 0.1,
    serviceVariation: 0,
  },
  on: {
    aws: {
      platform: 'lambda-provisioned',
      broker: 'sqs',
      objective: { latencySeconds: 2 },
      functionTimeoutSeconds: 5,
      redrive: {},
    },
    gcp: {
      platform: 'cloud-run',
      broker: 'pubsub',
      objective: { latencySeconds: 2 },
      consumer: { slotsPerInstance: 10, startSeconds: 5 },
    },
    // Two rebalances follow the death of a consumer; with twice the load in reserve less than 1 % of the hour is late.
    k8s: { objective: { latencySeconds: 2, headroom: 2 } },
  },
} as const satisfies { workload: Workload; on: WebhookDeployments };

export const webhookFlood: Case = {
  number: 15,
  slug: 'webhook-flood',
  title: 'Webhook flood loses events',
  summary:
    'A partner pushes events over HTTP and the receiver processes each one before it answers. In a flood workers are busy, calls time out or are refused, and events that the partner does not retry are lost. The receiver has to answer as soon as a broker holds the event, the work can follow at its own pace, and a duplicate, late or forged event must do no harm.',
  levers: ['bound', 'isolate'],
  difficulty: 'intermediate',
  domains: ['architecture', 'security'],
  dependsOn: [],
  headline: {
    text: 'loss 0.8 → < 0.01 %; P99 20 → 2 s',
    changes: [
      {
        measure: 'events lost',
        unit: 'ratio',
        before: { relation: 'is', value: 0.008 },
        after: { relation: 'below', value: 0.0001 },
      },
      {
        measure: 'latency P99',
        unit: 's',
        before: { relation: 'is', value: 20 },
        after: { relation: 'at most', value: 2 },
      },
    ],
  },
  constructs: [
    {
      name: 'WebhookBuffer',
      engines: ['aws'],
      form: 'API Gateway into SQS, signature check, idempotent consumer',
      available: true,
      deployed: 'OrderIntake/Webhooks',
    },
    {
      name: 'WebhookBuffer',
      engines: ['k8s'],
      form: 'receiver into Kafka, confirmed by all copies but one, idempotent consumer',
      available: true,
      deployed: 'webhooks/Webhooks',
    },
    {
      name: 'WebhookBuffer',
      engines: ['gcp'],
      form: 'Cloud Run receiver into Pub/Sub with dead-letter topic',
      available: true,
      deployed: 'gcp/webhooks',
    },
  ],
  trap: 'A deduplication key that is set before the event is processed and never expires: a crash in between loses the event and leaks the key. Signatures are not checked either.',
  scenario: {
    kind: 'webhooks',
    calibration:
      'Fifty workers with 0.1 s of work for each call answer 500 calls a second, and for an hour 506.5 arrive. The line grows until callers hang up after 20 s: 0.8 % of the events are lost, and answered calls have waited for almost as long. After: a queue takes every event at once, so a busy or dead worker costs time but no event; one instance is killed in the middle of the peak to test it. Most scalers take longer than two seconds: Cloud Run keeps every instance up, and Lambda needs pollers that are always there. On Kafka all consumers run all day, and twice the load is in reserve: the partitions of a dead consumer wait for the end of its session, and nobody works while partitions are dealt out anew.',
    answers: [
      { measure: 'events lost', by: 'lostRatio' },
      { measure: 'latency P99', by: 'latencyP99Seconds' },
    ],
    workload: WEBHOOKS.workload,
    before: { slots: 50, patienceSeconds: 20 },
    after: { on: WEBHOOKS.on, killAtSeconds: 1_800 },
  },
};
