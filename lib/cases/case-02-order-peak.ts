import type { Workload } from '../flow/queue/workload';
import { Case } from './case';
import type { Deployments } from './scenario';

/** The peak of the orders, and what is promised of it; the steady rate, variation and poison are assumptions. */
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
  },
} as const satisfies Deployments & { workload: Workload };

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
    {
      name: 'QueueWorker',
      engines: ['k8s'],
      form: 'RabbitMQ quorum queue, workers scaled by KEDA',
      available: true,
      deployed: 'order-processing/Orders',
    },
    { name: 'QueueWorker', engines: ['aws'], form: 'Amazon MQ for RabbitMQ, Fargate workers', available: false },
  ],
  trap: 'The queue names no dead-letter exchange, so a rejected order is thrown away rather than set aside. A prefetch of 20 parks a second of work at every worker where 1 or 2 would do.',
  scenario: {
    kind: 'queue',
    calibration:
      'A queue of 120,000 orders and 45 minutes for the last of them are 44 orders a second for all workers together, and 111 arrive for half an hour. An order is 50 ms of work, of which three workers could do 60; they take 67.5 ms each, the rest going to orders that fail and come back first, and to turns that are waited for (an assumption: only the 44 are told). After: two orders at a time in each pod, and about a minute until a pod helps: the autoscaler polls every 15 s a depth that is 5 s old, a poll that finds part of the backlog orders the rest one poll later, a pod starts in 30 s. The plan is made for a quarter more than the 111, and for that load it is the bound on the queue that keeps a second pod up all day.',
    answers: [
      { measure: 'peak backlog', by: 'peakBacklog' },
      { measure: 'latency P99', by: 'latencyP99Seconds' },
    ],
    workload: ORDERS.workload,
    before: { instances: 3, slotsPerInstance: 1, serviceSeconds: 0.0675 },
    after: { on: ORDERS.on },
  },
};
