import { Case } from './case';

export const orderPeak: Case = {
  number: 2,
  slug: 'order-peak',
  title: 'Order peak backs up RabbitMQ',
  summary:
    'During a sale the shop publishes order events for shipping, fraud checks and notices faster than a fixed set of workers takes them off the queue. A generous prefetch parks messages at busy workers while others idle, and a message that fails is tried again in front of everybody else. A 30-minute sale leaves orders waiting for three quarters of an hour.',
  levers: ['scale', 'isolate'],
  difficulty: 'intermediate',
  domains: ['integration'],
  dependsOn: [4, 7],
  headline: {
    text: 'queue 120 k → < 5 k; P99 45 min → < 90 s',
    changes: [
      {
        measure: 'peak backlog',
        unit: 'items',
        before: { relation: 'is', value: 120_000 },
        after: { relation: 'below', value: 5_000 },
      },
      {
        measure: 'latency P99',
        unit: 's',
        before: { relation: 'is', value: 2_700 },
        after: { relation: 'below', value: 90 },
      },
    ],
  },
  constructs: [
    { name: 'QueueWorker', engines: ['k8s'], form: 'RabbitMQ quorum queue, workers scaled by KEDA', available: true },
    { name: 'QueueWorker', engines: ['aws'], form: 'Amazon MQ for RabbitMQ, Fargate workers', available: false },
  ],
  trap: 'The queue names no dead-letter exchange, so a rejected order is thrown away rather than set aside. A prefetch of 20 parks a second of work at every worker where 1 or 2 would do.',
};
