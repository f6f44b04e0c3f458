import type { Workload } from '../flow/queue/workload';
import { Case } from './case';
import type { Deployments } from './scenario';

/** The peak of the orders and its objective; the steady rate, variation and poison are assumptions. */
export const ORDERS = {
  workload: {
    steadyPerSecond: 20,
    peakPerSecond: 111,
    peakSeconds: 1800,
    serviceSeconds: 0.05,
    serviceVariation: 0.5,
    poisonRatio: 0.001,
  },
  on: {
    k8s: {
      platform: 'keda',
      broker: 'rabbitmq',
      objective: { latencySeconds: 90, maxBacklog: 5000 },
      consumer: { slotsPerInstance: 2 },
    },
    aws: {
      platform: 'fargate',
      broker: 'amazon-mq',
      objective: { latencySeconds: 90, maxBacklog: 5000 },
      consumer: { slotsPerInstance: 2 },
    },
    gcp: {
      platform: 'cloud-run-pool',
      broker: 'pubsub',
      objective: { latencySeconds: 90, maxBacklog: 5000 },
      consumer: { slotsPerInstance: 2 },
    },
  },
} as const satisfies Deployments & { workload: Workload };

export const orderPeak: Case = {
  number: 2,
  slug: 'order-peak',
  title: 'Order peak backs up RabbitMQ',
  summary:
    'During a sale the shop publishes order events for shipping, fraud checks and notices faster than a fixed set of workers takes them off the queue. A large prefetch keeps messages at busy workers while others idle, and a failed message is retried ahead of all others. A 30-minute sale leaves orders waiting for three quarters of an hour.',
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
    {
      name: 'QueueWorker',
      engines: ['k8s'],
      form: 'RabbitMQ quorum queue, workers scaled by KEDA',
      available: true,
      deployed: 'order-processing/Orders',
    },
    {
      name: 'RabbitMqQueue',
      engines: ['aws'],
      form: 'quorum queue on Amazon MQ, Fargate workers scaled on backlog per task',
      available: true,
      deployed: 'OrderProcessing/Orders',
    },
    {
      name: 'QueueWorker',
      engines: ['gcp'],
      form: 'Pub/Sub and a Cloud Run worker pool, scaled by CREMA',
      available: true,
      deployed: 'gcp/orders',
    },
  ],
  trap: 'The queue names no dead-letter exchange, so a rejected order is discarded. A prefetch of 20 holds a second of work at every worker; 1 or 2 is enough.',
  scenario: {
    kind: 'queue',
    calibration:
      'A queue of 120,000 orders and 45 minutes for the last of them mean 44 orders a second for all workers together, and 111 arrive for half an hour. An order is 50 ms of work, so three workers could serve 60 a second; they take 67.5 ms each, because failed orders are retried first and workers wait for their turn (an assumption: only the 44 are given). After: two orders at a time in each pod, and about a minute until a pod helps: the autoscaler polls every 15 s a depth that is 5 s old, a poll that finds part of the backlog orders the rest one poll later, a pod starts in 30 s. The plan is made for a quarter more than the 111, and for that load it is the bound on the queue that keeps a second pod up all day. On Amazon MQ it is 300 s until a task helps, a minute for the metric, three for target tracking and one for the start: with no room to spare that would keep three tasks of two up all day, where two pods do; for a quarter more, the plan keeps all four. On Google Cloud the metric that a worker pool is scaled by is 150 s late, and three instances stay.',
    answers: [
      { measure: 'peak backlog', by: 'peakBacklog' },
      { measure: 'latency P99', by: 'latencyP99Seconds' },
    ],
    workload: ORDERS.workload,
    before: { instances: 3, slotsPerInstance: 1, serviceSeconds: 0.0675 },
    after: { on: ORDERS.on },
  },
};
