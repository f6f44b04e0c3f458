import type { Workload } from '../flow/queue/workload';
import { Case } from './case';
import type { Deployments } from './scenario';

/** The messages and their objective: the same seven instances with four slots as before. */
export const MESSAGES = {
  workload: { steadyPerSecond: 20, peakPerSecond: 200, peakSeconds: 1_800, serviceSeconds: 0.1, poisonRatio: 0.065 },
  on: {
    aws: {
      platform: 'lambda',
      broker: 'sqs',
      objective: { latencySeconds: 60 },
      consumer: { maxInstances: 28 },
      redrive: {},
    },
    gcp: {
      platform: 'cloud-run',
      broker: 'pubsub',
      objective: { latencySeconds: 60 },
      consumer: { slotsPerInstance: 4, minInstances: 7, maxInstances: 7 },
    },
  },
} as const satisfies Deployments & { workload: Workload };

export const poisonMessages: Case = {
  number: 14,
  slug: 'poison-messages',
  title: 'Poison messages block SQS',
  summary:
    'Some messages can never be processed, and the queue delivers them again and again. Every attempt takes consumer time, their number grows, and in the end the retries take all spare capacity: the good messages stop moving. Messages that always fail have to leave the queue, to a place that has an alarm and is not emptied unread.',
  levers: ['isolate'],
  difficulty: 'beginner',
  domains: ['integration', 'security'],
  dependsOn: [],
  headline: {
    text: 'queue 50 k → < 5 k, DLQ alarm rings',
    changes: [
      {
        measure: 'peak backlog',
        unit: 'items',
        before: { relation: 'is', value: 50_000 },
        after: { relation: 'below', value: 5_000 },
      },
      {
        measure: 'messages set aside',
        unit: 'items',
        before: { relation: 'is', value: 0 },
        // Fires the alarm of the dead-letter queue.
        after: { relation: 'above', value: 0 },
      },
    ],
  },
  constructs: [
    {
      name: 'RedriveQueue',
      engines: ['aws'],
      form: 'SQS with dead-letter queue, quarantine and guarded redrive',
      available: true,
      deployed: 'MessageProcessing/Messages',
    },
    {
      name: 'RedriveQueue',
      engines: ['gcp'],
      form: 'Pub/Sub with dead-letter topic and its grants; no automatic redrive',
      available: true,
      deployed: 'gcp/messages',
    },
  ],
  trap: 'Three attempts with a Lambda consumer count throttles as failures. An automatic redrive moves the same poison in a circle, and an alarm on the depth of a dead-letter queue that is drained never fires.',
  scenario: {
    kind: 'queue',
    calibration:
      'Seven instances with four slots serve 280 attempts a second, and 200 messages arrive per second for half an hour: plenty. But 6.5 % of them can never be processed and are delivered again after 30 s on average (the default visibility time-out), again and again, so fewer and fewer attempts are left for the rest, and 50,000 messages wait when the peak ends. After: the same seven instances, and five attempts.',
    answers: [
      { measure: 'peak backlog', by: 'peakBacklog' },
      { measure: 'messages set aside', by: 'setAside' },
    ],
    workload: MESSAGES.workload,
    before: { instances: 7, slotsPerInstance: 4, returnSeconds: 60, attempts: 30 },
    after: { on: MESSAGES.on },
  },
};
